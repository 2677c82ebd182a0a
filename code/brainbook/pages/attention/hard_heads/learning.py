"""Hidden units learned in several ways, on heads of MiniLM: what start and loss are worth.

Four ways to the same circuit, exp(W x + bias) on either side of the astrocyte. Three follow a
gradient through calibration passages: from random centred units or from landmarks, on the
cross-entropy of the attention weights or on the error of the head's output. The fourth keeps
the landmarks as k-means found them, with one width per head and no gradient at all. A fifth
lets the same landmarks inhibit each other: no gradient either, but another circuit.

Calibration and test text are those of :mod:`brainbook.models.astrocyte.tuned`. The last tenth of
the calibration passages is never learned from: widths and learning rates are chosen on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.circuit import run
from brainbook.models.astrocyte.tuned import gated as fit_gated
from brainbook.models.attention.minilm_heads import heads_on, problem_on
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    calibration_passages,
    held_out_passages,
)
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


def learned_trials(
    units: Sequence[int] = (64, 512),
    seeds: Sequence[int] = range(5),
    steps: int = 100,
    rates: Sequence[float] = RATES,
    per_layer: int = 1,
    tokens: int = 196,
    ridge: float = 0.001,
) -> pd.DataFrame:
    """Output errors of every method on test documents and on passages it was fitted on.

    The first ``per_layer`` heads of each layer; a seed draws landmarks, random starts and the
    order of passages. Each method has one learning rate per size: the one of ``rates`` with the
    least error on held-back calibration passages, for the first seed. ``ridge`` is that
    of the lateral network.

    Columns method, units, seed, steps, rate (0 without gradient), split (test, calibration),
    passage, layer, head, error.

    Raises
    ------
    ValueError : no seeds or no rates.
    """
    if not len(seeds) or not len(rates):
        raise ValueError(f"seeds, rates: got {list(seeds)}, {list(rates)}; both need an entry")
    known = problem_on(calibration_passages(tokens))[:, :, :per_layer].flatten(1, 2)
    kept = len(known.query) - max(1, len(known.query) // 10)
    fitted, held = known[:kept], known[kept:]
    unseen = _test_documents(per_layer, tokens)
    spread = np.linspace(0, kept - 1, len(unseen.query)).round().astype(int)
    splits = {"test": unseen, "calibration": fitted[spread]}
    rows = []
    for size in units:
        chosen = dict.fromkeys(STARTS, tuple(rates))
        for seed in seeds:
            gated = fit_gated(*known.tensors, size, seeded(91, size, seed))
            inhibited = Landmarks(gated.tuning, ridge, torch.float32)
            found = {NO_GRADIENT: (0.0, gated), INHIBITION: (0.0, inhibited)}
            for method in STARTS:
                found[method] = _best(method, fitted, held, gated, chosen[method], steps, seed)
                chosen[method] = (found[method][0],)
            rows += [
                _rows(feature_map, problem, per_layer).assign(
                    method=method, units=size, seed=seed, steps=steps, rate=rate, split=split
                )
                for method, (rate, feature_map) in found.items()
                for split, problem in splits.items()
            ]
    return pd.concat(rows, ignore_index=True)


def _best(
    method: str,
    fitted: Problem,
    held: Problem,
    gated: Gated,
    rates: Sequence[float],
    steps: int,
    seed: int,
) -> tuple[float, Learned]:
    """The learning rate with the least held-back error, and what it led to."""
    from_landmarks, loss = STARTS[method]
    start, size = unfolded(gated) if from_landmarks else None, len(gated.units)

    def learned(rate: float) -> Learned:
        generator, recipe = seeded(92, size, seed), Recipe(steps, rate, loss)
        return learn(fitted.query, fitted.key, size, generator, recipe, fitted.value, start)

    return least(rates, learned, lambda model: output_errors(model, held).median().item())


def least(
    rates: Sequence[float], make: Callable[[float], Learned], error: Callable[[Learned], float]
) -> tuple[float, Learned]:
    """The rate whose model errs least, and the model; one that is not a number loses."""
    models = {rate: make(rate) for rate in rates}
    if len(models) == 1:
        return next(iter(models.items()))
    return min(models.items(), key=lambda one: np.nan_to_num(error(one[1]), nan=np.inf))


def output_errors(feature_map: FeatureMap, problem: Problem) -> Tensor:
    """Relative error of the output per passage and head, for (passages, heads, N, d)."""
    fitted = feature_map.writing if isinstance(feature_map, Learned) else feature_map.units
    (readout,) = run(*problem.tensors, [fitted], [len(fitted)], feature_map)
    return relative_error(readout.output, problem.exact()[0])


def _rows(feature_map: FeatureMap, problem: Problem, per_layer: int) -> pd.DataFrame:
    error = output_errors(feature_map, problem).double().numpy()
    passage, flat = np.indices(error.shape)
    columns = {"passage": passage, "layer": flat // per_layer, "head": flat % per_layer}
    return pd.DataFrame({name: x.ravel() for name, x in (columns | {"error": error}).items()})


def _test_documents(per_layer: int, tokens: int) -> Problem:
    """First passage of each test document, as in ``held_out_passages``."""
    documents = held_out_passages(range(len(LONG_TEST_TEXTS)), tokens).values()
    return stacked(heads_on(ids).problem[:, :per_layer].flatten(0, 1) for ids in documents)
