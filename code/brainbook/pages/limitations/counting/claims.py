"""What the page limitations/counting asserts."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import Interval, mean_interval
from opjoules import EnergyReport
from opjoules.pricing.schemes import EFFECTIVE

from .identities import weight_price
from .measure import Measured, scheme_factors, size_ratios

SCHEMES = "lemaire2023analytical zhou2023spikformer"


def claims(measured: Measured) -> list[Claim]:
    """Page limitations/counting: counts against closed forms, and what a scheme decides."""
    return [
        *count_claims(measured.identities),
        case_claim(measured.seen),
        *scheme_claims(measured.schemes),
        price_claim(measured.spiking),
    ]


def count_claims(identities: pd.DataFrame) -> list[Claim]:
    """The same thing counted in two ways; MiniLM's closed form is the page's argument."""
    rows = [
        (
            "minilm",
            "counting-minilm",
            "The count of MiniLM's multiply-accumulates is the closed form for its shape, "
            "attention products included.",
            "closed form: layers · (12·n·d² + 2·n²·d) + d²",
        ),
        (
            "fused",
            "counting-fused",
            "Attention written as one fused call counts as many multiply-accumulates as "
            "attention written step by step.",
            "the same model counted the other way",
        ),
        (
            "spikes",
            "counting-spikes",
            "Accumulates of the trained spiking network are its spikes times their fan-out.",
            "independent count with forward hooks",
        ),
        (
            "flops",
            "counting-flops",
            "Where no attention is involved, PyTorch's own counter reports two operations for "
            "each multiply-accumulate counted here.",
            "PyTorch's FlopCounterMode, halved",
        ),
        (
            "batch",
            "counting-batch",
            "Dense products per image do not depend on the number of images in the batch.",
            "the same model on another batch",
        ),
    ]
    return [
        identity(
            id,
            statement,
            identities.loc[row, "counted"],
            expected=identities.loc[row, "expected"],
            unit="operations",
            source=source,
            role="finding" if row == "minilm" else "check",
        )
        for row, id, statement, source in rows
    ]


def case_claim(seen: pd.DataFrame) -> Claim:
    """Every case of the table of counters."""
    return identity(
        "counting-cases",
        "The count equals the closed form in every case of the table of counters.",
        (seen["book"] == seen["closed form"]).sum(),
        expected=len(seen),
        unit="cases",
        source="closed form of each case",
        role="finding",
    )


def scheme_claims(schemes: pd.DataFrame) -> list[Claim]:
    """How far the scheme decides an energy, and the order of two networks."""
    effective = schemes.loc[schemes["scheme"] == EFFECTIVE.name, "ratio"]
    return [
        ordering(
            "counting-scheme-decides",
            "For one and the same trained network, the dearest accounting scheme gives more than "
            "ten times the energy of the cheapest.",
            mean_interval(scheme_factors(schemes), over="seeds"),
            expected=10,
            unit="ratio",
            source=SCHEMES,
        ),
        ordering(
            "counting-joules-agree",
            "Under every scheme that counts joules, the perceptron needs more than the spiking "
            "network of its size; the least ratio.",
            least_advantage(schemes),
            expected=1,
            unit="ratio",
            source=SCHEMES,
        ),
        ordering(
            "counting-effective-reverses",
            "Counted in effective operations, where a multiplication weighs as much as an "
            "addition, the spiking network needs more than the perceptron of its size.",
            mean_interval(effective, over="seeds"),
            expected=1,
            unit="ratio",
            source="yik2025neurobench",
        ),
    ]


def least_advantage(schemes: pd.DataFrame) -> Interval:
    """Perceptron over spiking network by the scheme where its interval reaches lowest."""
    ratios = 1 / size_ratios(schemes)  # (seeds, schemes)
    intervals = [
        mean_interval(ratios[scheme], over="seeds", sentences=ratios.shape[1]) for scheme in ratios
    ]
    return min(intervals, key=lambda interval: interval.low)


def price_claim(report: EnergyReport) -> Claim:
    """The price of a weight, from the report and by hand."""
    charged, share = weight_price(report)
    return identity(
        "counting-word-share",
        "A weight pays its share of a 64-bit access, not the whole of it.",
        charged,
        expected=share,
        unit="pJ",
        source="horowitz2014computing",
    )
