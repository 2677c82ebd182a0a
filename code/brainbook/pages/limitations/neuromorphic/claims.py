"""What the page limitations/neuromorphic asserts."""

from __future__ import annotations

from math import ceil

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import mean_interval
from opjoules.cores import cost

from .block import SENT, WEIGHTS
from .events import LEVELS, Code, Codes
from .measure import Measured

MEASURED_HERE = "measured here"
HALF_A_CORE = 0.5  # cores are whole, so any smaller margin says the same


def claims(result: Measured) -> list[Claim]:
    """Page limitations/neuromorphic: what it asserts."""
    return [*_cores(result), *_codes(result.codes), *_machines(result)]


def _cores(result: Measured) -> list[Claim]:
    cores = result.mapping.set_index(["chip", "method"])["cores"]
    return [
        identity(
            "neuromorphic-crossbars-packed",
            "Shared crossbars reach the bound from memory.",
            cores["HERMES PCM", "packed"],
            expected=ceil(WEIGHTS / 256**2),
            unit="core",
            source="closed form: ⌈12·d² / 256²⌉",
            role="finding",
        ),
        ordering(
            "neuromorphic-loihi-packed",
            "On Loihi the packing does not reach the bound from memory: a neuron's fan-in must "
            "not be split.",
            cores["Loihi", "packed"],
            expected=cores["Loihi", "bound"],
            margin=HALF_A_CORE,
            unit="core",
            source=MEASURED_HERE,
        ),
    ]


def _codes(codes: Codes) -> list[Claim]:
    graded, rate = codes.totals[Code()], codes.totals[Code(LEVELS)]  # (documents,) each
    return [
        ordering(
            "neuromorphic-dense-activations",
            "Of the numbers that a block sends, more than nine in ten are not zero at 8 bits.",
            mean_interval(graded / SENT, over="documents"),
            expected=0.9,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-rate-costs-messages",
            "At the same numbers received, rate-coded spikes are more than ten times as many "
            "as graded events.",
            mean_interval(rate / graded, over="documents"),
            expected=10,
            source=MEASURED_HERE,
        ),
    ]


def _machines(result: Measured) -> list[Claim]:
    """Who needs less, at the ends of the constants' intervals that speak against it.

    Nothing is left to chance in them, so they have no margin.
    """
    total = result.costs.groupby("machine")[list(cost.ENERGY)].sum()
    shared = result.shared.set_index(["machine", "tokens"])
    term = result.costs.set_index(["machine", "term"])["central"]
    loihi, alone = f"Loihi, {result.steps} steps", "logic, 45 nm, one token"
    logic = shared.loc["logic, 45 nm, DRAM"]
    return [
        ordering(
            "neuromorphic-one-token",
            "For one token, logic that fetches its weights from DRAM needs more, at the low end "
            "of its interval, than SENECA with graded events at the high end.",
            total["low"][alone] / total["high"]["SENECA, graded"],
            expected=1,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-shared-weights",
            "Where 64 tokens share a fetch, the same logic needs less, at its high end, than "
            f"Loihi at {result.steps} steps at its low end.",
            total["low"][loihi] / logic["high"][64],
            expected=1,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-synapses-dominate",
            "On Loihi the synaptic operations are the bill, not the messages: share of the total.",
            term[loihi, cost.NAMES["acs"]] / total["central"][loihi],
            expected=0.5,
            source=MEASURED_HERE,
        ),
    ]
