"""What the page attention/astrocytes_in_time asserts: two identities, and orders.

Intervals are over documents. The laws of noise, coverage and rounding hold by construction, so
tests of :mod:`brainbook.models.astrocyte.imperfections` keep them, and no claim does.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import Interval, mean_interval

from .circuits import EXACT, GATED, LATERAL, by_document
from .measure import SIZES, TARGET, Measured
from .timing import at_decay
from .together import ALL, ALONE, NONE, ONE, REPAIRS

CALCIUM = "depitta2012computational"


def claims(measured: Measured) -> list[Claim]:
    """Page attention/astrocytes_in_time: all that it asserts."""
    return [
        *identity_claims(measured.deviations),
        *decay_claims(measured),
        *leak_claims(measured),
        *survival_claims(measured),
        *circuit_claims(measured),
    ]


def log_ratio(better: pd.Series, worse: pd.Series | float) -> Interval:
    """Interval over documents of log(worse / better)."""
    return mean_interval(np.log(worse / better), over="documents")


def identity_claims(deviations: dict[str, float]) -> list[Claim]:
    """Identities, in float64: the integrated equations against their closed forms."""
    statements = {
        "astrocyte-time-integrated": (
            "The integrated circuit stores what the closed forms say, with leak and rise and "
            "without."
        ),
        "astrocyte-time-alibi": (
            "A leak that synapses and trace share is attention with a linear position bias, read "
            "at the end, later, or after every token."
        ),
    }
    return [
        identity(id, statement, deviations[id.removeprefix("astrocyte-time-")])
        for id, statement in statements.items()
    ]


def decay_claims(measured: Measured) -> list[Claim]:
    """How long the trace must last, against published decays."""
    needed, cells = measured.needed, measured.cells
    longest = needed[needed["tokens"] == needed["tokens"].max()]
    kept = longest.groupby("seed")["seconds"].median()
    ten = "An output error of one tenth needs a slower trace than the slowest published calcium"
    return [
        ordering(
            "astrocyte-time-longer-than-process",
            f"{ten} decay in a process (log ratio).",
            log_ratio(cells["process_decay_high"], kept),
            source=CALCIUM,
        ),
        ordering(
            "astrocyte-time-longer-than-soma",
            f"{ten} decay in a cell body (log ratio).",
            log_ratio(cells["soma_decay_high"], kept),
            source=CALCIUM,
        ),
    ]


def leak_claims(measured: Measured) -> list[Claim]:
    """What published decays cost, in the circuit with infinitely many hidden units."""
    leak, cells = measured.limits.leak, measured.cells
    ideal = leak[leak["circuit"] == EXACT]
    both, alone = (ideal[ideal["leak"] == name] for name in ("both", "trace alone"))
    soma = cells["soma_decay_high"]
    return [
        ordering(
            "astrocyte-time-fast-process",
            "With the fastest published process decay even infinitely many hidden units do worse "
            "than uniform attention (log ratio).",
            log_ratio(measured.baselines["uniform"], at_decay(both, cells["process_decay_low"])),
            source=CALCIUM,
        ),
        ordering(
            "astrocyte-time-leak-apart",
            "A leak of the trace alone costs more than one that synapses and trace share "
            "(log ratio).",
            log_ratio(at_decay(both, soma), at_decay(alone, soma)),
            source="the error with a shared leak",
        ),
    ]


def survival_claims(measured: Measured) -> list[Claim]:
    """Everything measured in cells, at once."""
    limits, uniform = measured.limits, measured.baselines["uniform"]
    gated = {
        name: by_document(limits.at_once, circuit=GATED, limits=name) for name in (*ONE, *ALL, NONE)
    }
    others = pd.concat([gated[name] for name in ONE if name != "leak"], axis=1).max(axis=1)
    return [
        ordering(
            "astrocyte-time-all-beats-uniform",
            "At the kindest published values of a process, all at once, the gated circuit still "
            "beats uniform attention (log ratio).",
            log_ratio(gated[ALL[0]], uniform),
            source="uniform attention's error",
        ),
        ordering(
            "astrocyte-time-all-worst",
            "At the unkindest published values of a process it does worse than uniform attention "
            "(log ratio).",
            log_ratio(uniform, gated[ALL[1]]),
            source=CALCIUM,
        ),
        ordering(
            "astrocyte-time-leak-costs-most",
            "Of all single limits the leak costs the gated circuit most (log ratio to the next).",
            log_ratio(others, gated["leak"]),
            source="the error under the costliest other limit",
        ),
        ordering(
            "astrocyte-time-little-division",
            "Under all limits at their kindest the astrocyte's division lowers the gated "
            "circuit's error by less than a tenth, against the best constant (log ratio).",
            log_ratio(gated[NONE], (1 + TARGET) * gated[ALL[0]]),
            source="the error with the best constant",
        ),
    ]


def circuit_claims(measured: Measured) -> list[Claim]:
    """Tuned units with lateral inhibition against gated ones."""
    limits, share = measured.limits, measured.cells["covered_share"]
    uniform = measured.baselines["uniform"]
    lateral, gated = (
        by_document(limits.at_once, circuit=circuit, limits=REPAIRS[0])
        for circuit in (LATERAL, GATED)
    )
    blind = by_document(limits.coverage, circuit=LATERAL, reading="sensed at units", share=share)
    noise = {"place": "each trace", "size": SIZES[1]}
    loss = {
        circuit: by_document(limits.noise, circuit=circuit, **noise)
        / by_document(limits.at_once, circuit=circuit, limits=ALONE)
        for circuit in (LATERAL, GATED)
    }
    return [
        ordering(
            "astrocyte-time-gated-outlasts-lateral",
            "Under all limits but the leak the gated circuit errs less than the one with lateral "
            "inhibition, which is the better one on paper (log ratio).",
            log_ratio(gated, lateral),
            source="the error with lateral inhibition",
        ),
        ordering(
            "astrocyte-time-lateral-blind",
            "With the trace sensed at the measured share of hidden units, the circuit with "
            "lateral inhibition does worse than uniform attention (log ratio).",
            log_ratio(uniform, blind),
            source="ventura1999three",
        ),
        ordering(
            "astrocyte-time-lateral-noise",
            "Noise of a tenth on traces raises the error by a larger factor with lateral "
            "inhibition than in the gated circuit (log ratio of factors).",
            log_ratio(loss[GATED], loss[LATERAL]),
            source="the factor in the gated circuit",
        ),
    ]
