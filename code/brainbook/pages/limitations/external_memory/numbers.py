"""What the prose of the page limitations/external_memory says in numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .measure import (
    ALL,
    BOTH,
    COUNTS,
    MEMORY,
    NEIGHBOURS,
    NETWORK,
    ORDER,
    PLAN,
    TASKS,
    TUNED,
    VOCABULARY,
    measure_sizes,
)


def numbers(memory: pd.DataFrame, published: pd.DataFrame) -> dict[str, float]:
    """Page limitations/external_memory: the setting, and means over repetitions.

    ``print_least``, ``print_most``: published gains, log ratios.
    """
    gains = -np.log(published["ratio"])
    modules, checks, tests = PLAN.modules
    each, _, short = PLAN.tokens
    setting = {
        "modules": modules,
        "checks": checks,
        "tests": tests,
        "each": each,
        "short": short,
        "pieces": VOCABULARY,
        "nearest": NEIGHBOURS,
        "order": ORDER,
        "window": PLAN.settings.window,
        "width": PLAN.settings.width,
        "print_least": gains.min(),
        "print_most": gains.max(),
    }
    return setting | _perplexities(memory) | _sizes(measure_sizes(memory))


def _perplexities(memory: pd.DataFrame) -> dict[str, float]:
    whole = memory[memory["fraction"] == 1].groupby("task")
    means = whole[[NETWORK, MEMORY, COUNTS, BOTH, ALL, TUNED]].mean()
    known, old, new = (means.loc[task] for task in TASKS)
    return {
        "known": known[NETWORK],
        "known_with": known[MEMORY],
        "known_counts": known[COUNTS],
        "old_with": old[MEMORY],
        "new": new[NETWORK],
        "new_with": new[MEMORY],
        "new_counts": new[COUNTS],
        "new_both": new[BOTH],
        "new_all": new[ALL],
        "trained": new[TUNED],
    }


def _sizes(growing: pd.DataFrame) -> dict[str, float]:
    means = growing.groupby("fraction")[["stored", MEMORY, COUNTS, "share"]].mean()
    few, many = means.iloc[0], means.iloc[-1]
    return {
        "few": few["stored"],
        "many": many["stored"],
        "few_with": few[MEMORY],
        "few_counts": few[COUNTS],
        "few_share": few["share"],
        "many_share": many["share"],
    }
