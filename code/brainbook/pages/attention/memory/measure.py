"""What the page attention/memory measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainbook.evidence import facts, store
from brainbook.models.memory import dense
from brainbook.models.memory.hopfield import (
    collapse_load,
    critical_load,
    mean_field_overlap,
    overlap_table,
)

from . import circuits, heads
from .capacity import Capacity, single_bit_table

LOADS = (0.06, 0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.20, 0.25)
RETRIEVAL_LOADS = (0.10, 0.12)  # between them the theory gives errors, and retrieval is safe
STARTS = 24  # stored patterns to start from, per network
MORE_STARTS = 192  # in the largest network, where wrong bits are counted
DEGREES = (2, 3, 4)
UPDATES = (0, 1, 2, 3, 5, 10, 30, 100)
LAWS = 13  # law claims of the page: their intervals hold together


@dataclass(frozen=True)
class Collapse:
    """The Hopfield network around its collapse.

    table : columns of :func:`brainbook.models.memory.hopfield.overlap_table`.
    falls : load of the collapse, by seed (rows) and neurons (columns).
    theory : overlap of the mean field for infinitely many neurons; columns load, overlap.
    """

    table: pd.DataFrame
    falls: pd.DataFrame
    theory: pd.DataFrame

    @property
    def critical(self) -> float:
        """Load at which the mean field's solution ends."""
        return float(self.theory["load"].iloc[-1])

    def error_ratio(self) -> pd.Series:
        """Wrong bits over the mean field's, largest network, mean over safe loads; by seed."""
        rows = self.table[self.table["neurons"] == self.table["neurons"].max()]
        rows = rows[rows["load"].between(*RETRIEVAL_LOADS)]
        expected = 1 - rows["load"].map(mean_field_overlap)
        return ((1 - rows["overlap"]) / expected).groupby(rows["seed"]).mean()


@dataclass(frozen=True)
class Measured:
    """All that the page measures, for its numbers and claims; each as its ``measure_`` gives it.

    growth : rate at which a deviation from the eliminated state grows, by seed.
    starts : columns of :func:`.circuits.starts_table`.
    gaps : largest deviations from identities, in float64.
    """

    collapse: Collapse
    capacity: Capacity
    gaps: dict[str, float]
    recall: pd.DataFrame
    growth: pd.Series
    starts: pd.DataFrame
    keys: pd.DataFrame
    iteration: pd.DataFrame
    storage: pd.DataFrame


@store.kept
def measure_collapse(neurons: int, seeds: Sequence[int]) -> Collapse:
    """Page attention/memory, figure draw_collapse: four sizes up to ``neurons``.

    Raises
    ------
    ValueError : a network does not collapse within the loads measured.
    """
    sizes = [neurons // factor for factor in (8, 4, 2, 1)]
    counted = [load for load in LOADS if RETRIEVAL_LOADS[0] <= load <= RETRIEVAL_LOADS[1]]
    others = [load for load in LOADS if load not in counted]
    tables = [
        overlap_table(sizes[:-1], LOADS, seeds, STARTS),
        overlap_table(sizes[-1:], others, seeds, STARTS),
        overlap_table(sizes[-1:], counted, seeds, MORE_STARTS),
    ]
    table = pd.concat(tables, ignore_index=True).sort_values(["neurons", "load", "seed"])
    falls = collapse_load(table).unstack("neurons")
    if falls.isna().any(axis=None):
        raise ValueError(
            f"neurons: got {list(falls.columns)}; for one of them the collapse lies outside the "
            f"loads measured, {table['load'].min()} to {table['load'].max()}"
        )
    critical = critical_load()
    loads = np.linspace(0.05, critical - 1e-9, 200)
    overlaps = [mean_field_overlap(load) for load in loads]
    theory = pd.DataFrame({"load": [*loads, critical], "overlap": [*overlaps, 0.0]})
    return Collapse(table, falls, theory)


@store.kept
def measure_capacity(seeds: Sequence[int], draws: int) -> Capacity:
    """Page attention/memory, figures draw_dense_capacity, draw_exponential_capacity and more."""
    error = facts.value("associative_memory.csv", "bit_error")
    sizes = [2**power for power in range(5, 13)]
    return Capacity(
        dense.capacity_table(DEGREES, sizes, seeds, draws, error),
        dense.failure_table(range(12, 25, 2), seeds, trials=40),
        single_bit_table(range(12, 31, 3), seeds, draws, error),
        dense.perfect_table(DEGREES, sizes),
    )


@store.kept
def measure_descent(seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/memory, figure draw_descent: energies along trajectories."""
    return circuits.shares(circuits.descent_table(seeds))


@store.kept
def measure_recall(seeds: Sequence[int]) -> tuple[pd.DataFrame, pd.Series]:
    """Page attention/memory, figure draw_astrocyte_recall: recall, and growth rates by seed."""
    growth = pd.Series({seed: circuits.growth_rate(seed) for seed in seeds})
    return circuits.recall_table(seeds), growth


@store.kept
def measure_starts(seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/memory, figure draw_astrocyte_recall: what the start decides."""
    return circuits.starts_table(seeds)


def listed_starts(starts: pd.DataFrame) -> pd.DataFrame:
    """The table of ``measure_starts`` as shown: overlaps, means over seeds and sizes."""
    means = starts.groupby(["start", "leak", "order"], sort=False)[["cue", "at_once", "end"]].mean()
    wide = means["end"].unstack("order")[[*circuits.ORDERS, circuits.SLOW]]
    before = means[["cue", "at_once"]].groupby(["start", "leak"], sort=False).mean()
    return before.join(wide).reset_index().rename(columns={"at_once": "after one product"})


@store.kept
def measure_keys(tokens: int) -> pd.DataFrame:
    """Page attention/memory, figure draw_keys_held: MiniLM's heads, five lengths of text."""
    names = heads.long_texts(tokens)
    trained = {n: heads.read(names, n) for n in (tokens // factor for factor in (16, 8, 4, 2, 1))}
    return heads.keys_table(trained, heads.read_untrained(names, tokens))


@store.kept
def measure_iteration(tokens: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Page attention/memory, figure draw_repeated_attention: attention fed back to itself."""
    documents = heads.read(heads.long_texts(tokens), tokens)
    storage = heads.storage_table(documents, max(UPDATES))
    return heads.iteration_table(documents, UPDATES), storage


def measure_identities(seed: int, descent: pd.DataFrame) -> dict[str, float]:
    """Page attention/memory: largest deviations from identities, in float64."""
    return heads.attention_gaps() | circuits.gaps(seed, descent)
