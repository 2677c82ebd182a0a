"""What the page limitations/counting asserts."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import Interval, mean_interval
from opjoules.pricing.schemes import EFFECTIVE

from .measure import Measured, scheme_factors, size_ratios

SCHEMES = "lemaire2023analytical zhou2023spikformer"


def claims(measured: Measured) -> list[Claim]:
    """Page limitations/counting: counts against closed forms, and what a scheme decides."""
    return [
        count_claim(measured.identities),
        case_claim(measured.seen),
        *scheme_claims(measured.schemes),
    ]


def count_claim(identities: pd.DataFrame) -> Claim:
    """The same thing counted in two ways."""
    return identity(
        "counting-two-ways",
        "Two ways to count the same thing agree in every row of the table (largest relative "
        "difference).",
        (identities["counted"] / identities["expected"] - 1).abs().max(),
        source="closed form, hooks, PyTorch's counter, another batch: as the table says",
    )


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
            "For one and the same trained network, the dearest accounting scheme over the "
            "cheapest is a larger ratio than that of the two networks under any scheme.",
            mean_interval(scheme_factors(schemes), over="seeds"),
            expected=(1 / size_ratios(schemes)).max(axis=None),
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
