"""What the page attention/astrocytes_in_time measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from brainbook.evidence import facts, store
from brainbook.evidence.datasets import CALIBRATION_TEXTS, text
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    held_out_passages,
    passages_of,
    token_numbers,
)

from . import cell, timing
from .identities import identities
from .timing import Passage, over, span

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
CALIBRATION = 2  # passages of every calibration document, for the units that are learned


@dataclass(frozen=True)
class Circuits:
    """Which circuits the page measures, and on what.

    seeds : each takes another test document, new hidden units and new noise.
    tokens : length of a passage.
    random_units, fit_units : hidden units a head, multiples of 32.
    fit_steps : optimiser steps where units are learned.
    """

    seeds: tuple[int, ...]
    tokens: int
    random_units: int
    fit_units: int
    fit_steps: int


@dataclass(frozen=True)
class Levels:
    """How much range a trace needs: columns of ``cell.spans``, ``cell.ranges``, ``cell.levels``."""

    spans: pd.DataFrame
    ranges: pd.DataFrame
    levels: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """All that the page measures, for its numbers and claims; each as its ``measure_`` gives it.

    clocks : seconds per token, by name. cells : published numbers, by key.
    """

    clocks: pd.Series
    cells: pd.Series
    baselines: pd.DataFrame
    fading: pd.DataFrame
    leak: pd.DataFrame
    needed: pd.DataFrame
    slopes: pd.DataFrame
    rise: pd.DataFrame
    noise: pd.DataFrame
    levels: Levels
    coverage: pd.DataFrame
    apart: pd.DataFrame
    together: pd.DataFrame
    cell: pd.DataFrame
    deviations: dict[str, float]

    @property
    def uniform(self) -> float:
        """Error of uniform attention, median over documents."""
        return self.baselines["uniform"].median()


@lru_cache(maxsize=1)
def passages(circuits: Circuits) -> list[Passage]:
    """One test document a seed, with the circuits that read it."""
    documents = held_out_passages(circuits.seeds, circuits.tokens)
    calibration = tuple(passages_of(CALIBRATION_TEXTS, circuits.tokens, CALIBRATION))
    recipe = {"units": circuits.fit_units, "steps": circuits.fit_steps}
    read = []
    for seed, document in documents.items():
        learned = store.made_once(
            timing.learned_units, calibration=calibration, seed=seed, **recipe
        )
        read.append(timing.passage(document, seed, circuits.random_units, learned))
    return read


def measure_published() -> pd.Series:
    """Page attention/astrocytes_in_time: published numbers on one astrocyte and on time, by key."""
    tables = [facts.table("astrocyte_cells.csv"), facts.table("astrocyte_dynamics.csv")]
    return pd.concat(tables).set_index("key")["value"]


def measure_clocks(cells: pd.Series) -> pd.Series:
    """Page attention/astrocytes_in_time, figure draw_leak: seconds from one token to the next.

    Reading silently and aloud: published words per minute over the tokens that MiniLM makes of a
    word of the test documents. The third clock waits for calcium to rise before each token.
    """
    texts = [text(name) for name in LONG_TEST_TEXTS]
    words = sum(len(one.split()) for one in texts)
    tokens = sum(len(token_numbers(one)) for one in texts)
    clocks = {
        kind: 60 * words / (tokens * cells[f"{kind}_words_per_minute"])
        for kind in ("reading", "aloud")
    }
    return pd.Series(clocks | {"one per rise": cells["process_rise_high"]})


@store.kept
def measure_baselines(circuits: Circuits) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, several figures: uniform and constant by seed."""
    rows = over(passages(circuits), cell.baselines)
    return rows.groupby("seed")[["uniform", "constant"]].median()


@store.kept
def measure_fading(circuits: Circuits, interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_fading: no leak, and two published decays."""
    cells = measure_published()
    decays = (math.inf, span(cells, "soma_decay")[1], span(cells, "process_decay")[1])
    return timing.fading(passages(circuits), interval, decays)


@store.kept
def measure_leak(circuits: Circuits, interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_leak: error against the trace's decay."""
    return over(passages(circuits), timing.leak, DECAYS).eval("seconds = decay * @interval")


@store.kept
def measure_needed(seeds: Sequence[int], interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_leak: decay for an error of one tenth."""
    rows = [
        timing.needed_decay(document, seed, TARGET)
        for tokens in LENGTHS
        for seed, document in held_out_passages(seeds, tokens).items()
    ]
    return pd.concat(rows).eval("seconds = decay * @interval")


def measure_clocked(needed: pd.DataFrame, clocks: pd.Series) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_leak: decay needed under each clock."""
    return timing.clocked(needed, clocks)


def measure_slopes(cells: pd.Series, interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_slopes: leaks as position biases."""
    return timing.slopes(cells, interval)


@store.kept
def measure_rise(circuits: Circuits) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_rise."""
    return over(passages(circuits), timing.rise, RISES)


@store.kept
def measure_noise(circuits: Circuits) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_noise."""
    return over(passages(circuits), cell.noise, SIZES)


@store.kept
def measure_levels(circuits: Circuits) -> Levels:
    """Page attention/astrocytes_in_time, figure draw_levels: spans, ranges and levels."""
    read = passages(circuits)
    return Levels(
        spans=over(read, cell.spans),
        ranges=over(read, cell.ranges, DECADES),
        levels=over(read, cell.levels, LEVELS),
    )


@store.kept
def measure_coverage(circuits: Circuits) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_coverage."""
    return over(passages(circuits), cell.coverage, SHARES)


@store.kept
def measure_pools(circuits: Circuits) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Page attention/astrocytes_in_time, figure draw_pools: processes, and heads that share."""
    read = passages(circuits)
    return over(read, cell.pools, POOLS), over(read, cell.shared_over_heads, GROUPS)


@store.kept
def measure_cell(circuits: Circuits, interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, table of measured values taken together."""
    rows = over(passages(circuits), timing.measured_cell, interval, measure_published())
    return timing.over_seeds(rows)


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/astrocytes_in_time: largest deviations from identities, in float64."""
    return identities(seed)
