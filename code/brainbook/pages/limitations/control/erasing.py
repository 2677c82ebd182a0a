"""Erasing which library a passage is from: in its vector, and inside MiniLM."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf_shrinkage
from torch import Tensor
from transformers import BertModel

from brainbook.evidence import store
from brainbook.models.language import concept_erasure as erasure
from brainbook.models.language import steering

from .measure import Passages, score, split

INTACT, RANDOM, MEANS = "intact", "random direction", "mean projection"
ROUNDS, LEAST, SHRUNK = "16 classifiers", "LEACE", "LEACE, shrunk"
ERASERS = (INTACT, RANDOM, MEANS, ROUNDS, LEAST, SHRUNK)
SAME, FRESH, KERNEL = "linear, same text", "linear, fresh text", "kernel, same text"
TEXT_SHARES = (0.125, 0.25, 0.5, 1.0)  # of the passages for erasers
ERASED = (0, 3, 6)  # layers, by what enters them; the last is MiniLM's output
EVERY = -1  # layer number that stands for an eraser at every layer


def erasers(x: np.ndarray, z: np.ndarray, seed: int) -> dict[str, erasure.Eraser]:
    """All erasers by name, fitted on the same vectors (N, width) and concept (N,)."""
    return {
        INTACT: erasure.nothing(x),
        RANDOM: erasure.one_direction(x, np.random.default_rng(seed)),
        MEANS: erasure.mean_projection(x, z),
        ROUNDS: erasure.nullspace_rounds(x, z, 16),
        LEAST: erasure.leace(x, z),
        SHRUNK: erasure.leace(x, z, ledoit_wolf_shrinkage(x)),
    }


@store.kept
def measure_erasure(passages: Passages, seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/control, figure draw_erasure: all erasers, three probes each.

    Columns
    -------
    seed, eraser : a row for each of both.
    size : mean squared change over the variance, on the text that the eraser was fitted on.
    cross : there, the largest cross-covariance with the concept.
    least : closed form of LEACE's size.
    a column per probe : balanced accuracy on the test part.
    """
    x, z, rows = passages.vectors, passages.library, []
    for seed in seeds:
        fit, probe, test = split(passages.module, seed).values()
        least = erasure.least_change(x[fit], z[fit])
        for name, eraser in erasers(x[fit], z[fit], seed).items():
            erased = eraser(x)  # (N, width)
            known = erased[fit], z[fit]
            rows.append(
                {
                    "seed": seed,
                    "eraser": name,
                    "size": eraser.size(x[fit]),
                    "cross": np.abs(erasure.covariances(*known)[1]).max(),
                    "least": least,
                    SAME: score(erased, z, fit, test),
                    FRESH: score(erased, z, probe, test),
                    KERNEL: score(erased, z, fit, test, kernel=True),
                }
            )
    return pd.DataFrame(rows)


@store.kept
def measure_text(passages: Passages, seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/control, figure draw_erasure_text: by text that the eraser knows.

    Columns
    -------
    seed, eraser, share : a row for each; share of the passages for erasers.
    passages : their number.
    accuracy : of a fresh linear probe on the test part.
    size : mean squared change over the variance, on the test part.
    """
    x, z, rows = passages.vectors, passages.library, []
    for seed in seeds:
        fit, probe, test = split(passages.module, seed).values()
        order = np.random.default_rng(seed).permutation(np.flatnonzero(fit))
        for share in TEXT_SHARES:
            some = order[: int(share * len(order))]
            for name, make in ((LEAST, erasure.leace), (MEANS, erasure.mean_projection)):
                eraser = make(x[some], z[some])
                accuracy = score(eraser(x), z, probe, test)
                rows.append((seed, name, share, len(some), accuracy, eraser.size(x[test])))
    return pd.DataFrame(rows, columns=["seed", "eraser", "share", "passages", "accuracy", "size"])


@store.kept
def measure_depth(
    model: BertModel, passages: Passages, seeds: Sequence[int], per_library: int
) -> pd.DataFrame:
    """Page limitations/control, figure draw_erasure_depth: erased inside, found at the end.

    Columns
    -------
    seed, layer : a row for each; :data:`EVERY` for an eraser at each layer.
    here : largest cross-covariance with the concept right after erasing, on tokens of the fit part.
    left : balanced accuracy of a fresh linear probe right after the (last) eraser, on the mean of
        a passage's tokens: what the eraser, fitted on other text, left there.
    end : the same on the vectors at the output.
    intact : the same without erasing.
    """
    texts = passages.part(_drawn(passages.library, per_library))
    concept, rows = texts.library, []
    entering = {0: steering.embedded(model, texts.ids)}  # (passages, tokens, width) each
    for before, layer in pairwise(ERASED):
        entering[layer] = steering.run(model, entering[before], before, layer)
    stops = {layer: [layer] for layer in ERASED} | {EVERY: range(steering.depth(model) + 1)}
    for seed in seeds:
        fit, probe, test = split(texts.module, seed).values()
        intact = score(texts.vectors, concept, probe, test)
        for layer, layers in stops.items():
            *vectors, here = erased_inside(model, entering[layers[0]], concept, fit, layers)
            left, end = (score(x, concept[~fit], probe[~fit], test[~fit]) for x in vectors)
            rows.append((seed, layer, here, left, end, intact))
    return pd.DataFrame(rows, columns=["seed", "layer", "here", "left", "end", "intact"])


def erased_inside(
    model: BertModel,
    states: Tensor,
    concept: np.ndarray,
    fit: np.ndarray,
    layers: Sequence[int],
) -> tuple[np.ndarray, np.ndarray, float]:
    """LEACE on all tokens as they enter each of ``layers``, fitted on what enters there.

    Parameters
    ----------
    model : the encoder.
    states : (passages, tokens, width), what enters the first of ``layers``.
    concept : (passages,), two classes.
    fit : mask (passages,), those that the erasers know.
    layers : in rising order.

    Returns vectors (others, width) of the passages outside ``fit``, of length one, right after the
    last eraser and at the output; and the largest cross-covariance with the concept right after
    an eraser, on the tokens of ``fit``.
    """
    cross, at = 0.0, layers[0]
    for layer in layers:
        states, at = steering.run(model, states, at, layer), layer
        tokens = states[fit].flatten(0, 1).double().numpy()  # (passages * tokens, width)
        labels = np.repeat(concept[fit], states.shape[1])
        eraser = erasure.leace(tokens, labels)
        cross = max(cross, np.abs(erasure.covariances(eraser(tokens), labels)[1]).max())
        states = states.new_tensor(eraser(states.double().numpy()))
    ends = steering.run(model, states[~fit], at, steering.depth(model))
    left, end = (steering.unit(steering.vectors(some)) for some in (states[~fit], ends))
    return left, end, float(cross)


def _drawn(library: np.ndarray, per_library: int) -> np.ndarray:
    """Numbers of so many passages of each library, the same ones whenever asked."""
    generator = np.random.default_rng(0)
    return np.concatenate(
        [
            generator.choice(np.flatnonzero(library == number), per_library, replace=False)
            for number in range(2)
        ]
    )
