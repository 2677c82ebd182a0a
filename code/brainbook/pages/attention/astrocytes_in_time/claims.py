"""What the page attention/astrocytes_in_time asserts: identities, laws, orders.

Laws are compared by the ratio of measured to expected square, one mean a document. All laws of
the page form one family, so that their intervals hold together with 95%.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import Interval, log_slope, mean_interval

from .measure import GROUPS, Measured
from .timing import EXACT, at_decay

FAMILY = 8  # laws of the page, for the confidence of each
# A tenth of a squared error is a twentieth of the error. Wrong laws are further off: without
# replacement or with it, rounding up or to the nearest, a sum of squares or of sizes differ by
# factors of two and more.
SQUARE = 0.1
LINEAR = 0.1  # the neighbouring powers, one half and two, are half a unit and more away
ROOT = 0.05  # no growth and growth in proportion are half a unit away


def claims(measured: Measured) -> list[Claim]:
    """Page attention/astrocytes_in_time: all that it asserts."""
    return [
        *identity_claims(measured.deviations),
        *noise_claims(measured.noise),
        *part_claims(measured),
        *decay_claims(measured),
        *leak_claims(measured),
        *divisor_claims(measured),
    ]


def jointly(values: pd.Series) -> Interval:
    """Interval over documents that holds for all laws of the page at once (Bonferroni)."""
    return mean_interval(values, over="documents", sentences=FAMILY)


def log_ratio(better: pd.Series, worse: pd.Series | float) -> Interval:
    """Interval over documents of log(worse / better)."""
    return mean_interval(np.log(worse / better), over="documents")


def identity_claims(deviations: dict[str, float]) -> list[Claim]:
    """Identities, in float64."""
    statements = {
        "astrocyte-time-no-leak": (
            "Without leak and rise the integrated circuit stores what the algebra stores."
        ),
        "astrocyte-time-filter": (
            "With leaks and rise the integrated circuit stores the closed form's weights."
        ),
        "astrocyte-time-gated": (
            "Calcium that gates plasticity mixes the values as the closed form says."
        ),
        "astrocyte-time-alibi": (
            "A leak that H and g share is torch's attention with a linear position bias."
        ),
        "astrocyte-time-alibi-kernel": (
            "The leaking circuit with exact features is the weighted exact kernel."
        ),
        "astrocyte-time-alibi-causal": (
            "Reading after every token, it is causal attention with that bias (ALiBi)."
        ),
        "astrocyte-time-while-reading": (
            "A leak that H and g share, going on while reading, changes no output."
        ),
    }
    return [
        identity(id, statement, deviations[id.removeprefix("astrocyte-time-")])
        for id, statement in statements.items()
    ]


def squares(rows: pd.DataFrame) -> pd.Series:
    """Measured over expected square, mean of all rows of a document."""
    return rows.dropna(subset="square").groupby("seed")["square"].mean()


def slope(rows: pd.DataFrame, x: pd.Series, y: str) -> pd.Series:
    """Slope of log y (median over heads) against log x, one a document."""
    curves = rows.assign(x=x).groupby(["seed", "x"])[y].median().unstack("x")
    return pd.Series(log_slope(curves.columns, curves), index=curves.index)


def noise_claims(noise: pd.DataFrame) -> list[Claim]:
    """Noise on tokens, traces and synapses against the variance of a weighted sum."""
    places = {
        "astrocyte-time-token-noise": (
            "token, trace alone",
            "Noise on tokens averages as 1/sqrt(effective tokens) (ratio of squares).",
        ),
        "astrocyte-time-unit-noise": (
            "each trace",
            "Noise on traces averages as 1/sqrt(effective units) (ratio of squares).",
        ),
        "astrocyte-time-synapse-noise": (
            "each synapse",
            "Noise on synapses averages over a row of H (ratio of squares).",
        ),
    }
    small = noise.query("place == 'each trace' and size <= 0.1")
    return [
        law(
            id,
            statement,
            jointly(squares(noise[noise["place"] == place])),
            expected=1,
            precision=SQUARE,
            source="variance of a weighted sum",
        )
        for id, (place, statement) in places.items()
    ] + [
        law(
            "astrocyte-time-noise-slope",
            "Small noise on traces gives an output error in proportion (slope).",
            jointly(slope(small, small["size"], "error")),
            expected=1,
            precision=LINEAR,
            source="first order",
        )
    ]


def part_claims(measured: Measured) -> list[Claim]:
    """A divisor known to some levels, at some units, or in parts, against closed forms."""
    several = measured.apart[measured.apart["pools"] > 1]
    return [
        law(
            "astrocyte-time-levels",
            "A divisor in so many levels a decade errs as rounding does (ratio of squares).",
            jointly(squares(measured.levels.levels)),
            expected=1,
            precision=SQUARE,
            source="sinh(h)/h - 2 sinh(h/2)/(h/2) + 1 with h = ln(10)/levels",
        ),
        law(
            "astrocyte-time-unsensed",
            "A trace sensed in part errs as (1/share - 1)/effective units (ratio of squares).",
            jointly(squares(measured.coverage)),
            expected=1,
            precision=SQUARE,
            source="variance of a random part of a sum",
        ),
        law(
            "astrocyte-time-pools",
            "A process's trace errs as a sample without replacement does (ratio of squares).",
            jointly(squares(several)),
            expected=1,
            precision=SQUARE,
            source="(P - 1)/(m - 1) (m/m_eff - 1)",
        ),
        law(
            "astrocyte-time-pools-slope",
            "The error of one process's trace grows as sqrt(P - 1) (slope).",
            jointly(slope(several, several["pools"] - 1, "trace")),
            expected=0.5,
            precision=ROOT,
            source="sqrt(P - 1)",
        ),
    ]


def decay_claims(measured: Measured) -> list[Claim]:
    """How long the trace must last, against published decays."""
    needed, cells = measured.needed, measured.cells
    longest = needed[needed["tokens"] == needed["tokens"].max()]
    kept = longest.groupby("seed")["seconds"].median()
    soma, process = cells["soma_decay_high"], cells["process_decay_high"]
    steeper = measured.clocks["reading"] / soma / cells["alibi_slope_flat"]
    ten = "An output error of one tenth needs a slower trace than the slowest published calcium"
    source = "depitta2012computational"
    return [
        ordering(
            "astrocyte-time-longer-than-process",
            f"{ten} decay in a process (log ratio).",
            log_ratio(process, kept),
            source=source,
        ),
        ordering(
            "astrocyte-time-longer-than-soma",
            f"{ten} decay in a cell body (log ratio).",
            log_ratio(soma, kept),
            source=source,
        ),
        ordering(
            "astrocyte-time-inside-alibi",
            "At reading speed the slowest published calcium decay is a steeper slope than the "
            "flattest of a published linear bias (ratio).",
            steeper,
            expected=1,
            source="press2022train",
        ),
    ]


def leak_claims(measured: Measured) -> list[Claim]:
    """What published decays cost."""
    kernel, cells = measured.leak[measured.leak["circuit"] == EXACT], measured.cells
    uniform = measured.baselines["uniform"]
    both, alone = (kernel[kernel["leak"] == name] for name in ("both", "trace alone"))
    soma = cells["soma_decay_high"]
    source = "depitta2012computational"
    return [
        ordering(
            "astrocyte-time-fast-process",
            "With the fastest published process decay the circuit is worse than uniform "
            "attention (log ratio).",
            log_ratio(uniform, at_decay(both, cells["process_decay_low"])),
            source=source,
        ),
        ordering(
            "astrocyte-time-slow-soma",
            "With the slowest published decay it is better than uniform attention (log ratio).",
            log_ratio(at_decay(both, soma), uniform),
            source=source,
        ),
        ordering(
            "astrocyte-time-leak-apart",
            "A leak of the trace alone costs more than one that H and g share (log ratio).",
            log_ratio(at_decay(both, soma), at_decay(alone, soma)),
            source="the error with a shared leak",
        ),
    ]


def divisor_claims(measured: Measured) -> list[Claim]:
    """Whether the division matters."""
    constant, uniform = measured.baselines["constant"], measured.baselines["uniform"]
    shared = measured.together[measured.together["heads"] == GROUPS[-1]]
    return [
        ordering(
            "astrocyte-time-constant",
            "A circuit without an astrocyte, divided by the best constant, still beats uniform "
            "attention (log ratio).",
            log_ratio(constant, uniform),
            source="uniform attention's error",
        ),
        ordering(
            "astrocyte-time-common",
            "One divisor for all heads of a layer beats a constant (log ratio).",
            log_ratio(shared.groupby("seed")["error"].median(), constant),
            source="the error with the best constant",
        ),
    ]
