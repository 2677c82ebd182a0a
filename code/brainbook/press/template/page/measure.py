"""What page SECTION/PAGE measures, and its numbers in the prose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainbook.evidence import store

SMALLEST = 16  # numbers in the smallest sample
MEANS = 500  # of each size and seed


@store.kept
def measure_SECTION_PAGE(seeds: Sequence[int], largest: int) -> pd.DataFrame:
    """Page SECTION/PAGE, figure draw_SECTION_PAGE: REPLACE: errors of means of normal numbers.

    Columns
    -------
    seed, size : repetition, and numbers in a sample; each size is four times the one before.
    error : root mean square of the sample's mean, whose true value is 0.

    Raises
    ------
    ValueError : ``largest`` leaves fewer than two sizes.
    """
    if largest < 4 * SMALLEST:
        raise ValueError(f"largest: got {largest}; must be at least {4 * SMALLEST}")
    rows = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        size = SMALLEST
        while size <= largest:
            means = rng.normal(size=(MEANS, size)).mean(axis=1)  # (MEANS,)
            rows.append({"seed": seed, "size": size, "error": np.sqrt(np.mean(means**2))})
            size *= 4
    return pd.DataFrame(rows)


def numbers(means: pd.DataFrame) -> dict[str, float]:
    """Page SECTION/PAGE: what its prose says in numbers."""
    return {"seeds": means["seed"].nunique()}
