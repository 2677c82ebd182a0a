"""Claims of page limitations/control, from the tables that it shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim
from brainbook.evidence.paired import half_width

from .erasing import EVERY, FRESH, INTACT, KERNEL, LEAST, MEANS, ROUNDS, SAME

PAPER = "belrose2023leace"
NEAR = 0.05  # of one half: what counts as chance


def _order(
    name: str, told: str, values: pd.Series, expected: float, source: str, reason: str = ""
) -> Claim:
    """A mean against ``expected``, with half its 95% interval as the margin."""
    return Claim(f"control-{name}", told, "ordering", values.mean(), expected, half_width(values),
                 "1", source, reason)  # fmt: skip


def erasure_claims(table: pd.DataFrame) -> list[Claim]:
    """What holds exactly on the text that an eraser knows, and what does not elsewhere."""
    by = {name: rows.set_index("seed") for name, rows in table.groupby("eraser")}
    ours = by[LEAST]
    off = (ours["size"] - ours["least"]).abs().max()
    told = {
        "cross": "After LEACE no feature covaries with the concept on the text that it was "
        "fitted on (largest covariance).",
        "explained": "There, least squares explain none of the concept.",
        "gradient": "There, the constant predictor is the best linear logistic classifier "
        "(largest gradient).",
    }
    chance = 0.5 + NEAR - ours[FRESH]
    reason = (
        "a thousand passages do not fix the mean and covariance of 384 features: the eraser is "
        "exact for its own text, and a probe trained on other text finds what it missed"
    )
    return [
        *(Claim(f"control-{name}", text, "exact", ours[name].abs().max(), 0, 1e-10, "1",
                "closed form: Cov(r(x), z) = 0") for name, text in told.items()),
        Claim("control-constant", "A linear probe trained on that text answers all test passages "
              "alike (balanced accuracy).", "exact", ours[SAME].mean(), 0.5, 1e-10, "1",
              "a constant answer is right for one of two classes"),
        Claim("control-least", "The change that LEACE makes is the closed form (largest "
              "difference of relative squares).", "exact", off, 0, 1e-10, "1",
              "closed form: |c|² / (cᵀ S⁻¹ c) over the trace of S"),
        _order("less-than-means", "LEACE changes vectors less than projecting out the difference "
               "of means (log ratio).", np.log(by[MEANS]["size"] / ours["size"]), 0, PAPER),
        _order("less-than-rounds", "LEACE changes vectors less than sixteen rounds of "
               "classifiers (log ratio).", np.log(by[ROUNDS]["size"] / ours["size"]), 0, PAPER),
        _order("fresh", "LEACE makes a probe trained on other text worse (difference of balanced "
               "accuracies).", by[INTACT][FRESH] - ours[FRESH], 0, PAPER),
        _order("fresh-chance", f"A linear probe trained on other text is within {NEAR:g} of chance "
               "after LEACE (what is left of that margin).", chance, 0, PAPER, reason),
        _order("kernel", "After LEACE a kernel classifier trained on the same text still finds "
               "the concept (balanced accuracy above one half).", ours[KERNEL] - 0.5, 0.1,
               "measured here"),
    ]  # fmt: skip


def depth_claims(depth: pd.DataFrame) -> list[Claim]:
    """What later layers make of an erased concept."""
    end = depth.pivot(index="seed", columns="layer", values="end")
    return [
        Claim("control-depth-cross", "Right after an eraser inside MiniLM, no feature of its "
              "tokens covaries with the concept (largest covariance).", "exact",
              depth["here"].max(), 0, 1e-10, "1", "closed form: Cov(r(x), z) = 0"),
        _order("returns", "A concept erased from MiniLM's input is found at its output (balanced "
               "accuracy above one half).", end[0] - 0.5, 0, "measured here"),
        _order("every-layer", "Erasing at every layer leaves less of it than erasing at the input "
               "(difference of accuracies).", end[0] - end[EVERY], 0, PAPER),
    ]  # fmt: skip


def steering_claims(steer: pd.DataFrame) -> list[Claim]:
    """Steering is linear at the last layer, and pays a price."""
    place = ["seed", "layer", "direction"]
    still = steer[steer["strength"] == 0].set_index(place)["logit"]
    moved = steer[steer["strength"] > 0].set_index(place)
    rate = (moved["logit"] - still.reindex(moved.index)) / moved["strength"]
    last = moved.index.get_level_values("layer") == moved.index.get_level_values("layer").max()
    closed = last & (moved.index.get_level_values("direction") == "means")
    ratio = (rate / moved["slope"])[closed]
    top = steer[steer["strength"] == steer["strength"].max()]
    share = top.pivot_table(index="seed", columns=["layer", "direction"], values="share")
    kept = top.pivot_table(index="seed", columns=["layer", "direction"], values="kept")
    final = steer["layer"].max()
    early = steer["layer"].min()
    means = rate[moved.index.get_level_values("direction") == "means"].groupby(["seed", "layer"])
    mean_rate = means.first().unstack("layer")
    return [
        Claim("control-steer-linear", "At the last layer steering moves a linear probe in "
              "proportion to its strength, as the closed form says (ratio farthest from one).",
              "exact", ratio.iloc[(ratio - 1).abs().argmax()], 1, 1e-5, "1",
              "closed form: α w · v", dtype="float32"),
        _order("steer-last", "One unit moves the probe more at the last layer than at the input "
               "(log ratio).", np.log(mean_rate[final] / mean_rate[early]), 0, "measured here"),
        _order("steer-share", "The strongest steering at the last layer turns more neighbours "
               "than a random direction of its length (difference of shares).",
               share[final, "means"] - share[final, "random"], 0, "turner2023steering"),
        _order("steer-price", "It also reorders the similarities among the steered texts (one "
               "minus rank correlation).", 1 - kept[final, "means"], 0, "measured here"),
    ]  # fmt: skip


def claims(erased: pd.DataFrame, depth: pd.DataFrame, steer: pd.DataFrame) -> list[Claim]:
    """Page limitations/control: what it asserts."""
    return [
        *erasure_claims(erased),
        *depth_claims(depth),
        *steering_claims(steer),
    ]
