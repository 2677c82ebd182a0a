"""What the page attention/astrocytes measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import CALIBRATION_TEXTS
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.error import gaussian_problem
from brainbook.models.astrocyte.sweep import Sweep, Trace, budget, gaussian_sweep, minilm_sweep
from brainbook.models.attention.minilm_heads import WIDTH, heads_on, problem_on
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    held_out_passages,
    passages_of,
)
from brainbook.models.digits.vision_transformer import train_vit
from brainbook.models.features.learned import Recipe
from brainbook.models.features.maps import MAPS

from . import identities
from . import vision as elsewhere
from .fitting import fit_trials, map_trials
from .vision import Vision

SMALL, LARGE = 1_000, 100_000  # hidden units of the published traces


BERT_INIT = 0.02  # standard deviation of an untrained BERT's weights: the default of its config


GAUSSIAN = {  # d_head, variance of queries and keys
    "untrained, d = 32": (32, BERT_INIT**2 * WIDTH),
    "untrained, d = 64": (64, BERT_INIT**2 * 768),
    "unit variance": (32, 1.0),
}


LAW = "untrained, d = 32"


ORIGINALS = {  # title, layer, head (from 0); the middle layer is our reading of the description
    "albert-base-v2": ("ALBERT, first layer, head 5", 0, 5),
    "vit-base-patch16-224": ("ViT-Base, sixth layer, head 5", 5, 5),
}


WORDS = {"output": "output", "trace": "trace p", "block": "whole block"}


def by_seed(fit: pd.DataFrame) -> pd.Series:
    """Median error over passages, by method, units, split, fitted_on and seed."""
    return fit.groupby(["method", "units", "split", "fitted_on", "seed"])["error"].median()


def measure_gaussian(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/astrocytes, figure draw_error: twelve heads of Gaussian inputs a setting."""
    return gaussian_sweep(GAUSSIAN, units, seeds, tokens)


def measure_minilm(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/astrocytes, figures draw_error, draw_heads and draw_traces."""
    sizes = {"units": tuple(units), "published": (SMALL, LARGE)}
    return store.made_once(minilm_sweep, documents=held_out_passages(seeds, tokens), **sizes)


def measure_vision(seeds: Sequence[int]) -> Vision:
    """Page attention/astrocytes, figure draw_traces: a small vision transformer on digits."""
    frames, traces = [], []
    for seed in seeds:
        trained = store.made_once(train_vit, seed=seed)
        errors, trace = elsewhere.vision_trial(trained, (SMALL, LARGE), seed)
        frames.append(errors.assign(seed=seed, accuracy=trained.test_accuracy))
        traces.append(trace)
    return Vision(pd.concat(frames, ignore_index=True), traces[0])


def measure_originals(seed: int) -> list[Trace]:
    """Page attention/astrocytes, figure draw_traces: the heads of the published traces.

    Only of models that are on this machine already; the list is empty where there are none.
    """
    traces = []
    for name, (title, layer, head) in ORIGINALS.items():
        try:
            model, processor = pretrained.from_hub(name)
        except ValueError:  # not on this machine, and the page downloads nothing
            continue
        heads = elsewhere.original_heads(model, processor)
        traces.append(elsewhere.original_trace(heads, title, layer, head, (SMALL, LARGE), seed))
    return traces


def measure_maps(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_maps: two heads a layer, or Gaussian ones.

    Columns input, map, units, seed, error (output, median head).
    """
    (document,) = held_out_passages(seeds[:1], tokens).values()
    problems = {
        LAW: gaussian_problem(12, tokens, *GAUSSIAN[LAW], seeded(41)),
        "MiniLM": heads_on(document).problem[:, :2].flatten(0, 1),
    }
    tables = [
        map_trials(problem, [kind() for kind in MAPS], units, seeds).assign(input=name)
        for name, problem in problems.items()
    ]
    return pd.concat(tables, ignore_index=True)


def measure_fit(
    passages: Sequence[int],
    units: int,
    seeds: Sequence[int],
    steps: int,
    tokens: int = 196,
    per_text: int | None = None,
) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_fit: columns as in ``fit_trials``."""
    known, unseen = (
        problem_on(passages_of(names, tokens, limit))[:, :, :2].flatten(1, 2)
        for names, limit in ((CALIBRATION_TEXTS, per_text), (LONG_TEST_TEXTS, 2))
    )  # two heads a layer: (passages, heads, N, d)
    return fit_trials(known, unseen, passages, units, seeds, Recipe(steps=steps))


def measure_budget(gaussian: Sweep, minilm: Sweep) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_budget: what one astrocyte's synapses allow."""
    parts = budget(minilm, "MiniLM", 32), budget(gaussian, "untrained, d = 64", 64)
    return pd.concat(parts, ignore_index=True)


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/astrocytes: largest deviations from identities, in float64."""
    return identities.deviations(seed)


def measure_pair_law(seeds: Sequence[int]) -> pd.Series:
    """Page attention/astrocytes: measured over closed-form variance of one pair, by seed."""
    return pd.Series({seed: identities.pair_ratio(seed) for seed in seeds})
