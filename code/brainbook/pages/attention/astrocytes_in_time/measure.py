"""What the page attention/astrocytes_in_time measures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from brainbook.evidence import facts, store
from brainbook.evidence.datasets import text
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    calibration_passages,
    held_out_passages,
    token_numbers,
)

from . import circuits, limits, timing, together
from .circuits import AMONG, Part, Passage
from .identities import identities
from .timing import over, span

TARGET = 0.1  # the error that the page asks for
DECAYS = 2.0 ** np.arange(-1.5, 12, 1)  # in tokens
LENGTHS = (32, 64, 128, 196)  # tokens
RISES = 2.0 ** np.arange(-4, 8, 0.75)  # in tokens
FEW_DECAYS, FEW_RISES = DECAYS[3:11], RISES[2::3]  # for finite circuits
SIZES = (0.03, 0.1, 0.3)  # of noise
DECADES = (0.5, 1, 2, 4)  # of a trace's range
LEVELS = (2, 4, 8, 16)  # of a trace, per decade
SHARES = (0.2, 0.4, 0.6, 0.8, 0.95)  # of synapses covered
POOLS = (5, 25, 125)  # processes


@dataclass(frozen=True)
class Circuits:
    """Which circuits the page measures, and on what.

    seeds : each takes another test document, new random units and new noise.
    tokens : length of a passage.
    units : hidden units a head, a multiple of 125.
    """

    seeds: tuple[int, ...]
    tokens: int
    units: int


@dataclass(frozen=True)
class Limits:
    """Finite circuits under a cell's limits; columns as in the function of the same name.

    profile, noise, ranges, coverage, pools : :mod:`.limits`. leak, rise : ``timing.leaking`` and
    ``timing.late``. at_once : ``together.at_once`` and ``ideal_at_once``.
    """

    profile: pd.DataFrame
    noise: pd.DataFrame
    ranges: pd.DataFrame
    coverage: pd.DataFrame
    pools: pd.DataFrame
    leak: pd.DataFrame
    rise: pd.DataFrame
    at_once: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """All that the page measures, for its numbers and claims; each as its ``measure_`` gives it.

    clocks : seconds per token, by name. cells : published numbers, by key.
    """

    clocks: pd.Series
    cells: pd.Series
    baselines: pd.DataFrame
    fading: pd.DataFrame
    needed: pd.DataFrame
    slopes: pd.DataFrame
    limits: Limits
    deviations: dict[str, float]

    @property
    def uniform(self) -> float:
        """Error of uniform attention, median over documents."""
        return self.baselines["uniform"].median()


@lru_cache(maxsize=1)
def passages(seeds: tuple[int, ...], tokens: int) -> list[Passage]:
    """One test document a seed, with all heads that read it."""
    documents = held_out_passages(seeds, tokens)
    return [circuits.passage(document, seed) for seed, document in documents.items()]


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
def measure_baselines(seeds: Sequence[int], tokens: int) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, several figures: uniform and constant by seed."""
    rows = over(passages(tuple(seeds), tokens), timing.baselines)
    return rows.groupby("seed")[["uniform", "constant"]].median()


@store.kept
def measure_fading(seeds: Sequence[int], tokens: int, interval: float) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, figure draw_fading: no leak, and two published decays."""
    cells = measure_published()
    decays = (math.inf, span(cells, "soma_decay")[1], span(cells, "process_decay")[1])
    return timing.fading(passages(tuple(seeds), tokens), interval, decays)


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
def measure_limits(given: Circuits, interval: float) -> Limits:
    """Page attention/astrocytes_in_time, all figures with finite circuits."""
    documents = held_out_passages(given.seeds, given.tokens)
    cells = measure_published()
    known = calibration_passages(given.tokens)
    return limited(
        circuits.parts(documents, known, given.units, cells["covered_share"]),
        passages(tuple(given.seeds), given.tokens),
        interval,
        cells,
    )


def limited(
    parts: Iterable[Part], ideal: Sequence[Passage], interval: float, cells: pd.Series
) -> Limits:
    """All trials on all circuits; ``ideal`` for the circuit with infinitely many units.

    parts : each is dropped before the next is made, since a document's are large.
    """
    trials = {
        "profile": (limits.profile,),
        "noise": (limits.noise, SIZES),
        "ranges": (limits.ranges, DECADES, LEVELS),
        "coverage": (limits.coverage, SHARES),
        "pools": (limits.pools, POOLS),
        "leak": (timing.leaking, FEW_DECAYS),
        "rise": (timing.late, FEW_RISES),
    }
    frames = defaultdict(list)
    for part in parts:
        frames["at_once"].extend(together.at_once(part, interval, cells))
        if part.circuit != AMONG:
            for name, (trial, *settings) in trials.items():
                frames[name].extend(trial(part, *settings))
    for passage in ideal:
        frames["at_once"].extend(together.ideal_at_once(passage, interval, cells))
        frames["leak"].extend(timing.leak(passage, DECAYS))
        frames["rise"].extend(timing.rise(passage, RISES))
    made = {name: pd.concat(several, ignore_index=True) for name, several in frames.items()}
    made["leak"] = made["leak"].assign(seconds=made["leak"]["decay"] * interval)
    return Limits(**made)


def summary(limits: Limits) -> pd.DataFrame:
    """Page attention/astrocytes_in_time, table: error of the median head, median of documents.

    A row for each limit, in the order of ``together``, and a column a circuit.
    """
    by_seed = limits.at_once.groupby(["limits", "circuit", "seed"])["error"].median()
    table = by_seed.groupby(["limits", "circuit"]).median().unstack("circuit")
    order = [name for group in together.GROUPS for name in group]
    names = [circuits.EXACT, *circuits.FINITE]
    return table.loc[order, names].rename_axis(columns=None).reset_index()


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/astrocytes_in_time: largest deviations from identities, in float64."""
    return identities(seed)
