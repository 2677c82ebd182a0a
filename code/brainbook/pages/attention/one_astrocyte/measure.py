"""What the page attention/one_astrocyte measures: text is opened here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainbook.evidence import store
from brainbook.models.astrocyte.comparison import compare, published_maps
from brainbook.models.astrocyte.sweep import PUBLISHED, Sweep, budget, minilm_sweep, sizes
from brainbook.models.attention.minilm_heads import D_HEAD, heads_on, problem_on
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.unbiased import Optimal, fit

from .needed import GOAL
from .noise import robustness
from .sweeps import TunedSweep, tuned_sweep

UNBIASED = "balanced, dense, attended"  # the best of the unbiased maps
GATED_UNITS = range(16, 257)  # between these also without lateral inhibition
RIDGES = (0.001, 0.01, 0.1)
NOISES = (0, 0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Measured:
    """What the page's claims and numbers rest on.

    published, tuned, unbiased, saved, needed, noisy, cells : of ``measure_published`` and so on.
    mixture_ratio, draw_ratio : of ``measure_mixture_law`` and ``measure_draw_laws``.
    deviations : of ``measure_identities``.
    goal : relative error of a head's output.
    many : hidden units of the published map that tuned ones are held against.
    """

    published: Sweep
    tuned: TunedSweep
    unbiased: pd.DataFrame
    saved: pd.DataFrame
    needed: pd.DataFrame
    noisy: pd.DataFrame
    cells: pd.DataFrame
    mixture_ratio: pd.Series
    draw_ratio: pd.Series
    deviations: dict[str, float]
    goal: float = GOAL
    many: int = PUBLISHED[1]


def measure_published(
    log2_units: int,
    seeds: Sequence[int],
    tokens: int = 196,
    published: tuple[int, int] = PUBLISHED,
) -> Sweep:
    """Page attention/one_astrocyte, figure draw_small: the sweep of attention/astrocytes."""
    return minilm_sweep(held_out_passages(seeds, tokens), sizes(log2_units), published)


@store.kept(apart_from=("workers", "cluster"))
def measure_tuned(
    units: Sequence[int],
    large: Sequence[int],
    seeds: Sequence[int],
    draws: int = 1,
    workers: int = 1,
    cluster: str = "",
    tokens: int = 196,
) -> TunedSweep:
    """Page attention/one_astrocyte, figures draw_small, draw_needed, draw_gap, draw_followed.

    Parameters
    ----------
    units, large, draws, workers, cluster : as in ``tuned_sweep``.
    seeds : of hidden units; each reads another test document.
    tokens : of a passage.
    """
    return tuned_sweep(
        units,
        large,
        [size for size in (*units, *large) if size in GATED_UNITS],
        held_out_passages(seeds, tokens),
        calibration_passages(tokens),
        draws=draws,
        workers=workers,
        cluster=cluster,
    )


@store.kept
def measure_unbiased(
    units: Sequence[int], seeds: Sequence[int], per_layer: int = 2, tokens: int = 196
) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_every_map: columns as in ``compare``.

    Maps that know no text, and maps fitted to calibration text, on the first ``per_layer``
    heads of every layer.
    """
    documents, known = _first_heads(seeds, per_layer, tokens)
    known = known.flatten(1, 2)  # (passages, layers x per_layer, N, d)
    problems = {seed: problem.flatten(0, 1) for seed, problem in documents.items()}
    fitted = Optimal.fitted(known.query, known.key), fit(known.query, known.key, "dense", True)
    return compare(problems, [*published_maps(), *fitted], units, per_layer)


@store.kept
def measure_robustness(
    units: int, seeds: Sequence[int], per_layer: int = 2, tokens: int = 196
) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_robustness: columns as in ``robustness``."""
    return robustness(units, RIDGES, NOISES, *_first_heads(seeds, per_layer, tokens))


def _first_heads(
    seeds: Sequence[int], per_layer: int, tokens: int
) -> tuple[dict[int, Problem], Problem]:
    """Heads on held-out documents by seed, (layers, per_layer, N, d), and on calibration text."""
    documents = {
        seed: heads_on(ids).problem[:, :per_layer]
        for seed, ids in held_out_passages(seeds, tokens).items()
    }
    return documents, problem_on(calibration_passages(tokens))[:, :, :per_layer]


def measure_cells(published: Sweep) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_small: hidden units that one astrocyte holds."""
    return budget(published, "MiniLM", D_HEAD)


def typical_errors(errors: pd.DataFrame, map_name: str, units: int) -> pd.Series:
    """Median error over heads of one map at one size, by document."""
    rows = errors.query("map == @map_name and units == @units")
    return rows.groupby("seed")["error"].median()


def on_same_heads(tuned: TunedSweep, unbiased: pd.DataFrame) -> pd.DataFrame:
    """Held-out output errors of tuned units on the heads that the other maps were tried on."""
    errors = tuned.errors()
    return errors[errors["head"].isin(unbiased["head"])]


def loss_by_noise(noisy: pd.DataFrame, ridge: float) -> pd.Series:
    """log of the error with the most noise over that with none, by document."""
    by = noisy.groupby(["ridge", "noise", "seed"])["error"].median()
    return np.log(by[ridge, noisy["noise"].max()] / by[ridge, 0])
