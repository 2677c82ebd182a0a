"""Hidden units learned in several ways, on heads of MiniLM: what start and loss are worth.

Three ways follow a gradient through calibration passages, to exp(W x + bias) on either side of
the astrocyte: from random centred units or from landmarks, on the cross-entropy of the attention
weights or on the error of the head's output. A fourth keeps the landmarks as k-means found them,
with one width per head and no gradient at all. A fifth lets the same landmarks inhibit each
other: no gradient either, but another circuit.

The last tenth of the calibration passages is never learned from: learning rates are chosen on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import store
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.circuit import run
from brainbook.models.astrocyte.tuned import gated
from brainbook.models.attention.minilm_heads import heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import Problem, relative_error, stacked
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.learned import LOSSES, Learned, Recipe, learn, unfolded
from brainbook.models.features.maps import FeatureMap

NO_GRADIENT = "landmarks, no gradient"
INHIBITION = "landmarks, lateral inhibition"
STARTS = {  # method: whether it starts from landmarks, its loss
    "random start, cross-entropy": (False, LOSSES[0]),
    "landmark start, cross-entropy": (True, LOSSES[0]),
    "landmark start, output error": (True, LOSSES[1]),
}
METHODS = (*STARTS, NO_GRADIENT, INHIBITION)
RATES = (0.01, 0.03, 0.1)


@store.kept
def measure_learned(
    calibration: Sequence[Passage],
    documents: Sequence[Passage],
    units: int,
    seeds: Sequence[int],
    steps: Sequence[int],
    rates: Sequence[float] = RATES,
    per_layer: int = 1,
) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_learned_ways: every way to learn, known and new text.

    Parameters
    ----------
    calibration : passages to fit to and to choose on.
    documents : test passages; all are read.
    units : hidden units a head.
    seeds : each draws landmarks, random starts and the order of passages.
    steps : numbers of steps of gradient; each is a training of its own.
    rates : learning rates to choose from, for the first seed, on passages held back.
    per_layer : the first so many heads of each layer.

    Columns
    -------
    passage, layer, head : from 0; passage counts those shown of the split.
    error : relative error of the head's output.
    method : one of ``METHODS``.
    units, seed, steps : of the arguments.
    rate : learning rate taken; 0 without gradient.
    split : "test" or "calibration", passages that the fit has seen.

    Raises
    ------
    ValueError : no seeds, no steps or no rates.
    """
    for name, given in (("seeds", seeds), ("steps", steps), ("rates", rates)):
        if not len(given):
            raise ValueError(f"{name}: got none; needed is at least one")
    known, unseen = (
        problem[:, :, :per_layer].flatten(1, 2)  # (passages, heads, N, d)
        for problem in (problem_on(calibration), stacked(heads_on(x).problem for x in documents))
    )
    kept = len(calibration) - max(1, len(calibration) // 10)
    shown = np.linspace(0, kept - 1, len(documents)).round().astype(int)
    splits = {"test": unseen, "calibration": known[shown]}
    starts = {seed: gated(*known.tensors, units, seeded(91, units, seed)) for seed in seeds}
    frames = []
    for budget in steps:
        chosen = dict.fromkeys(STARTS, tuple(rates))
        for seed, start in starts.items():
            given = {"rates": chosen, "steps": budget, "seed": seed}
            learned = {
                method: _at_best_rate(method, known[:kept], known[kept:], start, **given)
                for method in STARTS
            }
            chosen = {method: (rate,) for method, (rate, _) in learned.items()}
            inhibited = Landmarks(start.tuning, dtype=torch.float32)
            tried = {NO_GRADIENT: (0.0, start), INHIBITION: (0.0, inhibited)} | learned
            setting = {"units": units, "seed": seed, "steps": budget}
            frames.append(_one_row_a_head(tried, splits, per_layer, setting))
    return pd.concat(frames, ignore_index=True)


def _at_best_rate(
    method: str,
    fitted: Problem,
    held: Problem,
    landmarks: Gated,
    *,
    rates: Mapping[str, Sequence[float]],
    steps: int,
    seed: int,
) -> tuple[float, Learned]:
    """The learning rate with the least median error on ``held``, and what it led to.

    method : key of ``STARTS``.
    fitted, held : passages to learn from and to choose on, (passages, heads, N, d) each.
    landmarks : to start from, where the method does.
    rates : learning rates to choose from, by method.
    steps : of gradient.
    seed : draws random starts and the order of passages.
    """
    from_landmarks, loss = STARTS[method]
    start, units = unfolded(landmarks) if from_landmarks else None, len(landmarks.units)

    def learned(rate: float) -> Learned:
        generator, recipe = seeded(92, units, seed), Recipe(steps, rate, loss)
        return learn(fitted.query, fitted.key, units, generator, recipe, fitted.value, start)

    return least_error(
        rates[method], learned, lambda model: output_errors(model, held).median().item()
    )


def least_error(
    rates: Sequence[float], learned: Callable[[float], Learned], error: Callable[[Learned], float]
) -> tuple[float, Learned]:
    """The rate whose model errs least, and that model.

    rates : a single one is taken without a look at its error.
    learned : trains a model at a rate.
    error : of a model; one that is not a number counts as infinite.
    """
    models = {rate: learned(rate) for rate in rates}
    if len(models) == 1:
        return next(iter(models.items()))
    return min(models.items(), key=lambda one: np.nan_to_num(error(one[1]), nan=np.inf))


def output_errors(features: FeatureMap, problem: Problem) -> Tensor:
    """Relative error of the output per passage and head, for (passages, heads, N, d)."""
    units = features.writing if isinstance(features, Learned) else features.units
    (readout,) = run(*problem.tensors, [units], [len(units)], features)
    return relative_error(readout.output, problem.exact()[0])  # (passages, heads)


def _one_row_a_head(
    tried: Mapping[str, tuple[float, FeatureMap]],
    splits: Mapping[str, Problem],
    per_layer: int,
    setting: Mapping[str, int],
) -> pd.DataFrame:
    """Columns passage, layer, head, error, method, those of ``setting``, rate, split."""
    frames = []
    for method, (rate, features) in tried.items():
        for split, problem in splits.items():
            error = output_errors(features, problem).double().numpy()
            passage, flat = np.indices(error.shape)
            place = {"passage": passage, "layer": flat // per_layer, "head": flat % per_layer}
            columns = {name: x.ravel() for name, x in (place | {"error": error}).items()}
            columns |= {"method": method, **setting, "rate": rate, "split": split}
            frames.append(pd.DataFrame(columns))
    return pd.concat(frames)
