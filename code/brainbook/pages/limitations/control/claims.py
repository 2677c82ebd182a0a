"""Claims of page limitations/control, from the tables that it shows.

Repetitions are splits of the same modules: they share passages, so what is beyond chance here is
beyond the chance of the split, for these two libraries.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import Interval, mean_interval

from .erasing import ERASED as LAYERS
from .erasing import EVERY, FRESH, INTACT, KERNEL, LEAST, MEANS, ROUNDS, SAME
from .steering import DIRECTION, NOISE, Steering

PAPER = "belrose2023leace"
ERASED = "closed form: Cov(r(x), z) = 0"


def _over_splits(values: pd.Series) -> Interval:
    return mean_interval(values, over="splits")


def theorem_claims(table: pd.DataFrame) -> list[Claim]:
    """What holds exactly, on the text that LEACE knows."""
    ours = table[table["eraser"] == LEAST]
    return [
        identity(
            "control-cross",
            "After LEACE no feature covaries with the concept on the text that it was fitted on "
            "(largest covariance).",
            ours["cross"].max(),
            source=ERASED,
        ),
        identity(
            "control-constant",
            "A linear probe trained on that text answers all test passages alike (balanced "
            "accuracy).",
            ours[SAME].mean(),
            expected=0.5,
            source="a constant answer is right for one of two classes",
        ),
        identity(
            "control-least",
            "The change that LEACE makes is the closed form (largest difference of relative "
            "squares).",
            (ours["size"] - ours["least"]).abs().max(),
            source="closed form: |c|² / (cᵀ S⁻¹ c) over the trace of S",
        ),
    ]


def erasure_claims(table: pd.DataFrame) -> list[Claim]:
    """How little an eraser changes, and what is found on other text and by other probes."""
    by = {name: rows.set_index("seed") for name, rows in table.groupby("eraser")}
    ours = by[LEAST]
    return [
        ordering(
            "control-less-than-means",
            "LEACE changes vectors less than projecting out the difference of means (log ratio).",
            _over_splits(np.log(by[MEANS]["size"] / ours["size"])),
            source=PAPER,
        ),
        ordering(
            "control-less-than-rounds",
            "LEACE changes vectors less than sixteen rounds of classifiers (log ratio).",
            _over_splits(np.log(by[ROUNDS]["size"] / ours["size"])),
            source=PAPER,
        ),
        ordering(
            "control-fresh",
            "LEACE makes a probe trained on other text worse (difference of balanced accuracies).",
            _over_splits(by[INTACT][FRESH] - ours[FRESH]),
            source=PAPER,
        ),
        ordering(
            "control-fresh-left",
            "After LEACE a linear probe trained on other text still finds the concept (balanced "
            "accuracy above one half).",
            _over_splits(ours[FRESH] - 0.5),
            source="measured here",
        ),
        ordering(
            "control-kernel",
            "After LEACE a kernel classifier trained on the same text still finds the concept "
            "(balanced accuracy above one half).",
            _over_splits(ours[KERNEL] - 0.5),
            source="measured here",
        ),
    ]


def depth_claims(depth: pd.DataFrame) -> list[Claim]:
    """What later layers make of an erased concept."""
    left, end = (depth.pivot(index="seed", columns="layer", values=v) for v in ("left", "end"))
    return [
        identity(
            "control-depth-cross",
            "Right after an eraser inside MiniLM, no feature of its tokens covaries with the "
            "concept (largest covariance).",
            depth["here"].max(),
            source=ERASED,
        ),
        ordering(
            "control-returns",
            "A concept erased from MiniLM's input is found better at its output than right after "
            "erasing (difference of accuracies on other text).",
            _over_splits(end[0] - left[0]),
            source="measured here",
        ),
        ordering(
            "control-input-output",
            "Erased at the input, the concept is found better at the output than if it is erased "
            "there (difference of accuracies on other text).",
            _over_splits(end[0] - end[LAYERS[-1]]),
            source="measured here",
        ),
        ordering(
            "control-every-layer",
            "Erasing at every layer leaves less of it than erasing at the input (difference of "
            "accuracies).",
            _over_splits(end[0] - end[EVERY]),
            source=PAPER,
        ),
    ]


def steering_claims(steering: Steering) -> list[Claim]:
    """Steering is linear at the last layer, and pays a price."""
    table, rates = steering.table, steering.rates
    first, last = table["layer"].min(), table["layer"].max()
    at_last = table[(table["layer"] == last) & (table["direction"] == DIRECTION)]
    slope = at_last.groupby("seed")["slope"].first()
    ratio = rates.xs(last, level="layer").div(slope, axis=0).stack()
    gentlest = rates.columns.min()
    gentle = rates[gentlest].unstack("layer")
    top = table[table["strength"] == table["strength"].max()]
    top = top.pivot(index="seed", columns=["layer", "direction"], values=["share"])
    share = top["share"][last]
    least = table[(table["strength"] == gentlest) & (table["layer"] == last)]
    kept = least.pivot(index="seed", columns="direction", values="kept")
    return [
        identity(
            "control-steer-linear",
            "At the last layer steering moves a linear probe in proportion to its strength, as the "
            "closed form says (ratio farthest from one).",
            ratio.iloc[(ratio - 1).abs().argmax()],
            expected=1,
            dtype="float32",
            source="closed form: α w · v",
        ),
        ordering(
            "control-steer-last",
            "One unit moves the probe more at the last layer than at the input (log ratio).",
            _over_splits(np.log(gentle[last] / gentle[first])),
            source="measured here",
        ),
        ordering(
            "control-steer-share",
            "The strongest steering at the last layer turns more neighbours than a random direction"
            " of its length (difference of shares).",
            _over_splits(share[DIRECTION] - share[NOISE]),
            source="turner2023steering",
        ),
        ordering(
            "control-steer-price",
            "The gentlest steering at the last layer reorders the similarities among the texts "
            "more than a random push of its length (difference of rank correlations).",
            _over_splits(kept[NOISE] - kept[DIRECTION]),
            source="measured here",
        ),
    ]


def claims(erased: pd.DataFrame, depth: pd.DataFrame, steering: Steering) -> list[Claim]:
    """Page limitations/control: what it asserts."""
    return [
        *theorem_claims(erased),
        *erasure_claims(erased),
        *depth_claims(depth),
        *steering_claims(steering),
    ]
