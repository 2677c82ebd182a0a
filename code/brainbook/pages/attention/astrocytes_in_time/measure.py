"""What the page attention/astrocytes_in_time measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainbook.evidence import store

from . import cell as limits
from . import claims as asserted
from . import timing as trials
from .timing import Passage, over

TARGET = 0.1  # the error that the page asks for


DECAYS = 2.0 ** np.arange(0.5, 12, 1)  # in tokens


LENGTHS = (32, 64, 128, 196)  # tokens


RISES = 2.0 ** np.arange(-4, 8, 0.75)  # in tokens


SIZES = (0.01, 0.03, 0.1, 0.3)  # of noise


DECADES = (0.25, 0.5, 1, 1.5, 2, 3, 4)  # of a trace's range


LEVELS = (1, 2, 4, 8, 16, 32)  # of p, per decade


SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 0.95)  # of synapses covered


POOLS = (2, 4, 8, 16, 32)  # processes


GROUPS = (1, 2, 3, 4, 6, 12)  # heads


def measure_passages(
    seeds: Sequence[int], tokens: int, random_units: int, fit_units: int, fit_steps: int
) -> list[Passage]:
    """Page attention/astrocytes_in_time, all figures: one test document and new units a seed."""
    recipe = {"units": fit_units, "steps": fit_steps, "tokens": tokens}
    learned = {seed: store.made_once(trials.learned_units, seed=seed, **recipe) for seed in seeds}
    return [trials.passage(seed, tokens, random_units, learned[seed]) for seed in seeds]


def measure_baselines(passages: Sequence[Passage]) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, several figures: uniform and constant by seed."""
    return over(passages, limits.baselines).groupby("seed")[["uniform", "constant"]].median()


def measure_fading(passages: Sequence[Passage], interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_fading: no leak, 25 s, 4 s."""
    return trials.fading(passages, interval)


def measure_leak(passages: Sequence[Passage], interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_leak: error against the trace's decay."""
    return over(passages, trials.leak, DECAYS).eval("seconds = decay * @interval")


def measure_needed(seeds: Sequence[int], interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_leak: decay for an error of one tenth."""
    frame = pd.concat([trials.needed_decay(s, n, TARGET) for s in seeds for n in LENGTHS])
    return frame.eval("seconds = decay * @interval")


def measure_slopes(interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_slopes: leaks as position biases."""
    return trials.slopes(interval)


def measure_rise(passages: Sequence[Passage]) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_rise."""
    return over(passages, trials.rise, RISES)


def measure_noise(passages: Sequence[Passage]) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_noise."""
    return over(passages, limits.noise, SIZES)


def measure_levels(passages: Sequence[Passage]) -> dict[str, pd.DataFrame]:
    """Page attention/astrocytes_in_time, figure draw_levels: spans, ranges and levels."""
    return {
        "spans": over(passages, limits.spans),
        "ranges": over(passages, limits.ranges, DECADES),
        "levels": over(passages, limits.levels, LEVELS),
    }


def measure_coverage(passages: Sequence[Passage]) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_coverage."""
    return over(passages, limits.coverage, SHARES)


def measure_pools(passages: Sequence[Passage]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Page attention/astrocytes_in_time, figure draw_pools: processes, and heads that share."""
    return over(passages, limits.pools, POOLS), over(passages, limits.shared_over_heads, GROUPS)


def measure_cell(passages: Sequence[Passage], interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, table of measured values taken together."""
    return trials.over_seeds(over(passages, trials.measured_cell, interval))


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/astrocytes_in_time: largest deviations from identities, in float64."""
    return asserted.identities(seed)
