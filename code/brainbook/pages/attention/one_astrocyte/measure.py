"""What the page attention/one_astrocyte measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from brainbook.evidence import store
from brainbook.models.astrocyte.sweep import Sweep, budget, minilm_sweep
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages

from . import sweeps as small_circuit
from .noise import robustness
from .sweeps import Small

PUBLISHED = (1_000, 100_000)  # hidden units of the published traces


GOAL = 0.1  # relative error of a head's output


UNBIASED = "balanced, dense, attended"  # the best of the unbiased maps


def measure_published(log2_units: int, seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/one_astrocyte, figure draw_small: the sweep of attention/astrocytes."""
    units = tuple(2**power for power in range(4, log2_units + 1))
    documents = held_out_passages(seeds, tokens)
    return store.made_once(minilm_sweep, documents=documents, units=units, published=PUBLISHED)


def measure_tuned(
    units: Sequence[int],
    large: Sequence[int],
    seeds: Sequence[int],
    draws: int = 1,
    workers: int = 1,
    cluster: str = "",
    tokens: int = 196,
) -> Small:
    """Page attention/one_astrocyte, figures draw_small, draw_needed, draw_gap, draw_followed."""
    gated = [size for size in units if 16 <= size <= 256]
    texts = held_out_passages(seeds, tokens), calibration_passages(tokens)
    return small_circuit.tuned_sweep(units, large, gated, *texts, draws, workers, cluster)


def measure_unbiased(
    units: Sequence[int], seeds: Sequence[int], per_layer: int = 2, tokens: int = 196
) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_every_map: frame as in ``unbiased_sweep``."""
    texts = held_out_passages(seeds, tokens), calibration_passages(tokens)
    return small_circuit.unbiased_sweep(units, *texts, per_layer)


def measure_saved(published: Sweep, small: Small) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_needed: what the published size is worth."""
    return small_circuit.saved(published, small, max(PUBLISHED))


def measure_needed(published: Sweep, small: Small) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_needed: units for the goal, a row a head.

    Columns layer, head, units (infinite beyond the largest size) and closed_form, log10 of what
    the published map needs.
    """
    return small_circuit.goal(published, small, GOAL)


def measure_robustness(units: int, seeds: Sequence[int], tokens: int = 196) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_robustness: columns as in ``robustness``."""
    texts = held_out_passages(seeds, tokens), calibration_passages(tokens)
    return robustness(units, (0.001, 0.01, 0.1), (0, 0.01, 0.03, 0.1, 0.3), *texts)


def measure_cells(published: Sweep) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_small: hidden units that one astrocyte holds."""
    return budget(published, "MiniLM", 32)
