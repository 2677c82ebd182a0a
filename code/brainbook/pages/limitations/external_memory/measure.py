"""What the page limitations/external_memory measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainbook.evidence import facts
from brainbook.evidence.paired import half_width

from . import retrieval as trials
from .retrieval import ALL, BOTH, COUNTS, MEMORY, NETWORK, TUNED


def measure_memory(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/external_memory, figures draw_memory_models and draw_store_size."""
    return trials.repetition_table(seeds)


def measure_published() -> pd.DataFrame:
    """Page limitations/external_memory: published perplexities, with their ratio."""
    table = facts.table("external_memory.csv")
    ratio = table["perplexity_with"] / table["perplexity_without"]
    return table.assign(ratio=ratio).drop(columns=["where", "status"])


def measure_ratios(memory: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/external_memory: log ratios of perplexities, mean and 95% half width.

    Rows: better against worse, by task, with the whole memory; positive where the first wins.
    """
    pairs = ((MEMORY, NETWORK), (MEMORY, COUNTS), (BOTH, COUNTS), (ALL, BOTH), (MEMORY, TUNED))
    whole = memory[memory["fraction"] == 1]
    rows = []
    for task, some in whole.groupby("task", sort=False):
        for better, worse in pairs:
            gain = np.log(some[worse] / some[better]).dropna()
            if len(gain):
                rows.append((task, better, worse, gain.mean(), half_width(gain)))
    return pd.DataFrame(rows, columns=["task", "better", "worse", "gain", "half"])


def measure_gaps(seed: int) -> dict[str, float]:
    """Page limitations/external_memory: largest deviations from identities."""
    return {
        "kernel": trials.kernel_gap(seed),
        "sums": trials.counts_gap(seed),
        "search": trials.search_gap(seed),
    }
