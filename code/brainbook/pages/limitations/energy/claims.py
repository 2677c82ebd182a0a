"""What the page limitations/energy asserts."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim, identity, number, ordering
from brainbook.evidence.intervals import mean_interval
from opjoules.published.transformers import published_input

from .identities import RATIOS, Printed
from .measure import PERCENT, Measured, shares_by_seed


def claims(result: Measured) -> list[Claim]:
    """Page limitations/energy: what it asserts."""
    return [
        *_training(result.runs),
        *_transcriptions(result.identities, result.printed),
        *_floor(result.floor, result.above),
        *_brain(result.identities),
        *_rectifiers(result.active),
    ]


def _training(runs: pd.DataFrame) -> list[Claim]:
    """Print against hours · power · PUE."""
    run = runs.set_index("model")
    table = runs[runs["source"] == "patterson2021carbon"]
    off = PERCENT * (table["recomputed_mwh"] / table["mwh"] - 1).abs()
    return [
        identity(
            "energy-training-bloom",
            "The energy printed for BLOOM is the hours times the power on the label, to the last "
            "digit: rated, not metered.",
            run.loc["BLOOM", "recomputed_mwh"],
            expected=run.loc["BLOOM", "mwh"],
            unit="MWh",
            source="luccioni2023estimating",
            role="finding",
        ),
        ordering(
            "energy-training-table",
            "In six rows of one table the printed energy follows from the printed hours, power and "
            "PUE: what their rounding allows, less the difference (the row with least left).",
            (table["allowed_percent"] - off).min(),
            unit="%",
            source="patterson2021carbon",
            role="check",
        ),
    ]


def _transcriptions(side: dict[str, float], printed: dict[str, Printed]) -> list[Claim]:
    """Published numbers that follow from others in the same work, and the units."""
    worst = max(printed, key=lambda name: printed[name].share)
    return [
        number(
            "energy-epoch",
            "The estimated energy of a GPT-4o query follows from its assumptions.",
            side["query_wh"],
            expected=side["query_printed"],
            tolerance=0.0005,  # half the last digit
            unit="Wh",
            source="you2025how",
            role="check",
        ),
        ordering(
            "energy-brain-print",
            "Three numbers of two budgets of the brain follow from others in the same work, "
            f"within their rounding: what is left of it ({worst}, where least is).",
            1 - printed[worst].share,
            unit="share of the rounding",
            source="attwell2001energy lennie2003cost",
            role="check",
        ),
        identity(
            "energy-units-refuse",
            "Every category error tried raises an error.",
            side["refused"],
            expected=side["mistakes"],
            source="closed form: all of them",
        ),
        identity(
            "energy-optimum",
            "The rate that maximises bits per energy solves p = (1 - p)^r (largest gap over r = "
            f"{', '.join(f'{ratio:g}' for ratio in RATIOS)}).",
            side["optimum_gap"],
            source="levy1996energy",
        ),
    ]


def _floor(floor: pd.DataFrame, above: pd.DataFrame) -> list[Claim]:
    """MiniLM's count against a common rule; published energies against bare arithmetic.

    Nothing is left to chance in either, so the orders have no margin. A machine in newer logic
    than the floor's could lie below one.
    """
    counted = floor.drop_duplicates("length")
    longest = counted.loc[counted["length"].idxmax()]
    metered = above[above["evidence"] == "metered"]
    return [
        ordering(
            "energy-rule-parameters",
            "Counting a multiply-accumulate for every parameter overstates MiniLM even at its "
            "longest text: embeddings are looked up.",
            longest["all_parameters"] / longest["macs"],
            expected=1,
            source="measured here",
        ),
        ordering(
            "energy-above-floor",
            "Every metered energy lies above the arithmetic of its model in 45 nm logic, older "
            "than any machine that ran it (the nearest).",
            metered["ratio_45nm"].min(),
            expected=1,
            source="patterson2021carbon",
        ),
    ]


def _brain(side: dict[str, float]) -> list[Claim]:
    """The published power of the brain against its own inputs."""
    return [
        number(
            "energy-brain-watts",
            "The glucose that a human brain uses, burnt, gives its twenty watts (of two sources, "
            "the one that lies farther off).",
            side["glucose_watts"],
            expected=side["brain_watts"],
            tolerance=2.0,  # by which the two sources of glucose differ
            unit="W",
            source="balasubramanian2021brain",
        ),
    ]


def _rectifiers(active: pd.DataFrame) -> list[Claim]:
    """Shares of rectifiers that are on, in per cent, against published ones."""
    shares = PERCENT * shares_by_seed(active)["trained"].unstack("network", sort=False)
    perceptrons = shares.drop(columns="vision transformer")  # narrowest first
    lazy_vit = published_input("lazy_vit_percent")
    return [
        ordering(
            "energy-lazy-width",
            "Wider perceptrons are sparser: the widest has a smaller share of active units than "
            "the narrowest.",
            mean_interval(perceptrons.iloc[:, 0] - perceptrons.iloc[:, -1], over="seeds"),
            unit="percentage points",
            source="li2023lazy",
        ),
        number(
            "energy-lazy-transformer",
            "The rectifiers of our small vision transformer are as sparse as those of ViT-B16.",
            mean_interval(shares["vision transformer"], over="seeds"),
            expected=lazy_vit,
            tolerance=lazy_vit - published_input("lazy_t5_percent"),  # what published ones span
            unit="%",
            source="li2023lazy",
            reason="two narrow blocks, trained briefly on small images of digits; "
            "the published networks are far wider, deeper and longer trained",
        ),
    ]
