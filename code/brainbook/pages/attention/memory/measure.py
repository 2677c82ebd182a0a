"""What the page attention/memory measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from brainbook.evidence import facts
from brainbook.models.memory import dense, modern_hopfield
from brainbook.models.memory import hopfield as classical

from . import circuits as memory_trials
from . import heads as head_retrieval
from .circuits import Capacity

LOADS = (0.06, 0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.20, 0.25)


STARTS = 24  # stored patterns to start from, per network


DEGREES = (2, 3, 4)


BETAS = (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 22, 26, 32, 45, 64, 100)


GROUPS, MEMBERS = 4, 8  # of stored patterns, for the three kinds of fixed points


UPDATES = (0, 1, 2, 3, 5, 10, 30, 100)


def measure_collapse(neurons: int, seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/memory, figure draw_collapse: four sizes up to ``neurons``."""
    sizes = [neurons // factor for factor in (8, 4, 2, 1)]
    return classical.overlap_table(sizes, LOADS, seeds, STARTS)


def measure_capacity(seeds: Sequence[int], draws: int) -> Capacity:
    """Page attention/memory, figures draw_dense_capacity, draw_exponential_capacity and more."""
    error = facts.value("associative_memory.csv", "bit_error")
    sizes = [2**power for power in range(5, 13)]
    return Capacity(
        dense.capacity_table(DEGREES, sizes, seeds, draws, error),
        dense.failure_table(range(12, 25, 2), seeds, trials=40),
        memory_trials.single_bit_table(range(12, 31, 3), seeds, draws, error),
        dense.perfect_table(DEGREES, sizes),
    )


def measure_regimes(seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/memory, figure draw_fixed_points: patterns mixed against beta."""
    return modern_hopfield.regime_table(BETAS, seeds, GROUPS, MEMBERS, updates=600)


def measure_descent(seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/memory, figure draw_descent: energies along trajectories."""
    return memory_trials.descent_table(seeds)


def measure_recall(seeds: Sequence[int]) -> tuple[pd.DataFrame, pd.Series]:
    """Page attention/memory, figure draw_astrocyte_recall: recall, and growth rates by seed."""
    growth = pd.Series({seed: memory_trials.growth_rate(seed) for seed in seeds})
    return memory_trials.recall_table(seeds), growth


def measure_keys(tokens: int) -> pd.DataFrame:
    """Page attention/memory, figure draw_keys_held: MiniLM's heads, five lengths of text."""
    return head_retrieval.keys_table([tokens // factor for factor in (16, 8, 4, 2, 1)])


def measure_iteration(tokens: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Page attention/memory, figure draw_repeated_attention: attention fed back to itself."""
    storage = head_retrieval.storage_table(tokens, max(UPDATES))
    return head_retrieval.iteration_table(tokens, UPDATES), storage


def measure_identities(seed: int, descent: pd.DataFrame) -> dict[str, float]:
    """Page attention/memory: largest deviations from identities, in float64."""
    return head_retrieval.attention_gaps() | memory_trials.gaps(seed, descent)
