"""Which heads are hard for tuned units, and why: what is measured beside what is predicted.

Two experiments on the error that
:mod:`brainbook.pages.attention.hard_heads.difficulty` predicts from the
share of a query that tuned units leave. One takes the heads of MiniLM as they are. The other
changes one thing about a head: its queries are made longer or shorter, so that it attends to
fewer or to more keys. Units are then tuned anew. And two checks against Gaussian inputs: what
does not matter (a vector added to all keys), and whether the first order of the prediction is
right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.tuned import KINDS, fitted, read
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.attention.softmax import relative_error, softmax_attention
from brainbook.models.features.landmarks import Landmarks, unexplained

from .difficulty import PLACE, explain, predicted_error


def head_errors(units: int, documents: Sequence[int], seed: int, tokens: int = 196) -> pd.DataFrame:
    """Output error of all heads on held-out documents, measured and predicted.

    One fit a head, drawn by ``seed``, reads all documents (as in
    ``held_out_passages``). Columns document, layer, head, error, unreached, predicted.
    """
    frames = []
    for layer in range(LAYERS):
        feature_map = fitted(KINDS[0], layer, units, seed, problem_on(calibration_passages(tokens)))
        for document in documents:
            heads = heads_on(held_out_passages([document], tokens)[document]).problem
            tensors = heads[layer].tensors
            frame = _measured_and_predicted(feature_map, *tensors)
            frames.append(frame.assign(document=document, layer=layer))
    return pd.concat(frames, ignore_index=True)


def _measured_and_predicted(
    features: Landmarks, query: Tensor, key: Tensor, value: Tensor
) -> pd.DataFrame:
    """One row a head for query, key, value (heads, N, d)."""
    output = read(features, query, key, value).output
    exact, _ = softmax_attention(query, key, value)
    share = unexplained(features, query)
    columns = {
        "error": relative_error(output, exact),
        "unreached": share.mean(-1),
        "predicted": predicted_error(share, query, key, value),
    }
    frame = pd.DataFrame({name: x.double().numpy() for name, x in columns.items()})
    return frame.assign(head=np.arange(len(frame)))


def within_layers(errors: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """The table of ``head_difficulty.explain`` with the layer taken out.

    Logs of every column, minus their median in the layer: does a quantity order heads that sit
    side by side? All columns must be positive.
    """
    apart = []
    for frame in (errors, measured):
        columns = frame.columns.difference([*PLACE, "document"], sort=False)
        logs = np.log(frame[columns])
        apart.append(frame.assign(**(logs - logs.groupby(frame["layer"]).transform("median"))))
    return explain(*apart)


def stretched(
    units: int,
    factors: Sequence[float],
    seeds: Sequence[int],
    per_layer: int = 1,
    tokens: int = 196,
) -> pd.DataFrame:
    """Heads whose queries are longer by a factor, with units tuned anew.

    The first ``per_layer`` heads of each layer; a seed draws units and picks the test document.
    Columns factor, seed, layer, head, error, unreached, predicted, perplexity (keys attended to).

    Raises
    ------
    ValueError : a factor is not positive.
    """
    if not min(factors) > 0:
        raise ValueError(f"factors: got {list(factors)}; must be positive")
    known = problem_on(calibration_passages(tokens))[:, :, :per_layer].flatten(1, 2)
    query, key, _ = known.tensors
    flat = np.arange(LAYERS * per_layer)
    frames = []
    for factor in factors:
        for seed in seeds:
            tuned = Landmarks.fitted(
                factor * query, key, units, seeded(95, units, seed), dtype=torch.float32
            )
            heads = heads_on(held_out_passages([seed], tokens)[seed]).problem
            tensors = list(heads[:, :per_layer].flatten(0, 1).tensors)
            tensors[0] = factor * tensors[0]
            weights = (tensors[0] @ tensors[1].mT).softmax(-1)
            keys = torch.special.entr(weights).sum(-1).exp().mean(-1)
            frame = _measured_and_predicted(tuned, *tensors).assign(perplexity=keys.numpy())
            frame = frame.assign(layer=flat // per_layer, head=flat % per_layer)
            frames.append(frame.assign(factor=factor, seed=seed))
    return pd.concat(frames, ignore_index=True)


def moved_keys(seed: int) -> float:
    """How much a vector added to all keys changes the circuit's output: an identity, float64.

    Keys and queries are Gaussian; units are tuned to moved keys as to those in place.
    """
    generator = Generator().manual_seed(seed)
    query, key, value = torch.randn(3, 3, 2, 30, 6, generator=generator, dtype=torch.float64)
    move = 3 * torch.randn(2, 1, 6, generator=generator, dtype=torch.float64)
    outputs = []
    for keys in (key, key + move):
        tuned = Landmarks.fitted(query, keys, 12, Generator().manual_seed(seed), ridge=0.05)
        outputs.append(read(tuned, query[0], keys[0], value[0]).output)
    return float((outputs[0] - outputs[1]).abs().max())


def first_order(seed: int, draws: int = 4000, share: float = 1e-5) -> float:
    """Mean square output error under independent errors of all weights, over its prediction.

    Every exp(q.k) errs by a relative amount of mean square ``share``. One Gaussian head.
    """
    generator = Generator().manual_seed(seed)
    query, key, value = torch.randn(3, 12, 4, generator=generator, dtype=torch.float64)
    scores = query @ key.mT
    noise = torch.randn(draws, *scores.shape, generator=generator, dtype=torch.float64)
    weights = scores.exp() * (1 + share**0.5 * noise)
    exact = scores.softmax(-1) @ value
    output = weights @ value / weights.sum(-1, keepdim=True)
    square = (output - exact).square().sum((-2, -1)).mean() / exact.square().sum()
    every = torch.full((12,), share, dtype=torch.float64)
    return float(square / predicted_error(every, query, key, value).square())
