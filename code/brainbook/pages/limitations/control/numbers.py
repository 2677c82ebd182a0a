"""What the prose of the page limitations/control says in numbers."""

from __future__ import annotations

import pandas as pd

from .erasing import ERASED, EVERY, FRESH, INTACT, KERNEL, LEAST, MEANS, ROUNDS
from .measure import PER_LIBRARY, TOKENS
from .steering import DIRECTION, NOISE, STEERED, STRENGTHS, Steering


def numbers(
    erased: pd.DataFrame, text: pd.DataFrame, depth: pd.DataFrame, steering: Steering
) -> dict[str, float]:
    """Page limitations/control: means over repetitions, by the key under which they are glued."""
    return {
        "each": PER_LIBRARY,
        "tokens": TOKENS,
        "strongest": STRENGTHS[-1],
        **_erasure(erased),
        **_text(text),
        **_depth(depth),
        **_steering(steering.table),
    }


def _erasure(erased: pd.DataFrame) -> dict[str, float]:
    means = erased.groupby("eraser").mean()
    accuracy, percent = means[FRESH], 100 * means["size"]
    return {
        "intact": accuracy[INTACT],
        "fresh": accuracy[LEAST],
        "fresh_means": accuracy[MEANS],
        "fresh_rounds": accuracy[ROUNDS],
        "kernel": means.loc[LEAST, KERNEL],
        "kernel_intact": means.loc[INTACT, KERNEL],
        "change": percent[LEAST],
        "change_means": percent[MEANS],
        "change_rounds": percent[ROUNDS],
    }


def _text(text: pd.DataFrame) -> dict[str, float]:
    means = text[text["eraser"] == LEAST].groupby("share")[["passages", "accuracy"]].mean()
    few, many = means.iloc[0], means.iloc[-1]
    return {
        "few": few["passages"],
        "few_left": few["accuracy"],
        "many": many["passages"],
        "many_left": many["accuracy"],
    }


def _depth(depth: pd.DataFrame) -> dict[str, float]:
    means = depth.groupby("layer")[["left", "end"]].mean()
    left, end = means["left"], means["end"]
    return {
        "end_intact": depth["intact"].mean(),
        "left_input": left[ERASED[0]],
        "end_input": end[ERASED[0]],
        "end_middle": end[ERASED[1]],
        "end_output": end[ERASED[2]],
        "end_every": end[EVERY],
    }


def _steering(table: pd.DataFrame) -> dict[str, float]:
    """Shares turned at the greatest strength, and order lost at the least and at the greatest."""
    means = table.groupby(["strength", "layer", "direction"])[["share", "kept"]].mean()
    found = {"still": 100 * table.loc[table["strength"] == 0, "share"].mean()}
    for suffix, place in (
        ("", (STEERED[-1], DIRECTION)),
        ("_first", (STEERED[0], DIRECTION)),
        ("_noise", (STEERED[-1], NOISE)),
        ("_noise_first", (STEERED[0], NOISE)),
    ):
        gentle, strong = (means.loc[strength, *place] for strength in STRENGTHS[1::3])
        found |= {
            f"turned{suffix}": 100 * strong["share"],
            f"lost{suffix}": 1 - strong["kept"],
            f"lost_gently{suffix}": 1 - gentle["kept"],
        }
    return found
