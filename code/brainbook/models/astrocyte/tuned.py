"""How small can a head's circuit be? Tuned hidden units on all heads of MiniLM, held-out text.

Allowed class: whatever is fitted may depend on calibration text, never on the text under test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import Problem, check, relative_error, softmax_attention
from brainbook.models.features.landmarks import Gated, Landmarks, tune, usual_metric
from brainbook.models.features.maps import FeatureMap

from .circuit import Readout, run
from .error import errors, long

KINDS = (Landmarks.name, Gated.name)
KNOWN = 2  # calibration passages read beside the test documents, for one fit
HELD_BACK = 4  # calibration passages on which a width is chosen
WIDTHS = (1.0, 2.0, 4.0, 8.0, 16.0)


def fitted(
    kind: str,
    layer: int,
    units: int,
    seed: int,
    calibration: Problem,
    ridge: float = 0.001,
    metric: Tensor | None = None,
) -> Landmarks | Gated:
    """One layer's hidden units, fitted on calibration text.

    Parameters
    ----------
    kind : one of ``KINDS``.
    layer : number of the layer, from 0.
    units : hidden units a head.
    seed : draws the landmarks.
    calibration : heads on calibration text, (passages, layers, heads, N, d).
    ridge : leak of the lateral network.
    metric : as in :func:`tune`.

    Raises
    ------
    ValueError : another kind, no such layer, or as in :func:`tune`.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: got {kind!r}; allowed are {KINDS}")
    if layer not in range(LAYERS):
        raise ValueError(f"layer: got {layer}; allowed are 0 to {LAYERS - 1}")
    known, generator = calibration[:, layer], seeded(81, layer, units, seed)
    if kind == Gated.name:
        return gated(*known.tensors, units, generator, metric=metric)
    precision = {"ridge": ridge, "dtype": torch.float32}
    return Landmarks.fitted(known.query, known.key, units, generator, metric=metric, **precision)


def gated(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    units: int,
    generator: Generator,
    widths: Sequence[float] = WIDTHS,
    metric: Tensor | None = None,
) -> Gated:
    """Positive tuned units, with the width per head that errs least on held-back passages.

    Parameters
    ----------
    query, key, value : heads on calibration text, (passages, heads, N, d). Landmarks come from
        all but the last few passages, on which the width is chosen.
    units : hidden units a head.
    generator : draws the landmarks.
    widths : those tried.
    metric : as in :func:`tune`.
    """
    check(query, key, value)
    kept = held_back(query)
    tuning = tune(query[:-kept], key[:-kept], units, generator, metric=metric)
    held = tuple(x[-kept:] for x in (query, key, value))
    exact, _ = softmax_attention(*held)
    ones = torch.ones(query.shape[1])
    errors_ = [
        relative_error(read(Gated(tuning, width * ones), *held).output, exact).median(0).values
        for width in widths
    ]  # (heads,) each
    return Gated(tuning, torch.tensor(widths)[torch.stack(errors_).argmin(0)])


def held_back(passages: Sequence) -> int:
    """How many of the passages, the last ones, a width is chosen on."""
    return min(HELD_BACK, len(passages) - 1)


@lru_cache(maxsize=2 * LAYERS)
def _metric(calibration: tuple[Passage, ...], layer: int, kept: int) -> Tensor:
    """S of a layer's heads on all but the last ``kept`` passages: the same in every trial."""
    known = problem_on(calibration)[: len(calibration) - kept, layer]
    return usual_metric(known.query, known.key)


def trial(kind: str, layer: int, units: int, seed: int, **options) -> pd.DataFrame:
    """The errors of :func:`trial_with_traces`."""
    return trial_with_traces(kind, layer, units, seed, **options)[0]


def trial_with_traces(
    kind: str,
    layer: int,
    units: int,
    seed: int,
    documents: Mapping[int, Passage],
    calibration: Sequence[Passage],
    ridge: float = 0.001,
) -> tuple[pd.DataFrame, Tensor]:
    """Errors of one layer's heads, and log|p|, (heads, N), on the first document.

    Parameters
    ----------
    kind, layer, units, seed, ridge : as in :func:`fitted`.
    documents : held-out passages, by number. Beside each of the first ``KNOWN`` the error on
        one of the calibration passages is measured as well.
    calibration : passages to fit to.

    Columns
    -------
    map, units, seed, document, split (test or calibration), layer, head, part (output, trace),
    error.
    """
    known, passages = problem_on(calibration), tuple(calibration)
    metric = _metric(passages, layer, held_back(passages) if kind == Gated.name else 0)
    feature_map = fitted(kind, layer, units, seed, known, ridge, metric)
    frames, traces = [], []
    for count, (document, ids) in enumerate(documents.items()):
        parts = {"test": heads_on(ids).problem[layer]}
        if count < KNOWN:
            parts["calibration"] = known[document % len(known.query), layer]
        for split, problem in parts.items():
            readout = read(feature_map, *problem.tensors)
            error = errors(readout, problem.exact())
            frames.append(long(error).assign(document=document, split=split))
            traces.append(readout.log_p)
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(map=kind, units=units, seed=seed, layer=layer), traces[0]


def read(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Readout:
    """The circuit with the units that ``feature_map`` was fitted with, (heads, N, d)."""
    units = feature_map.units
    if isinstance(feature_map, Landmarks):
        return _settled(feature_map, query, key, value)
    (readout,) = run(query, key, value, [units], [len(units)], feature_map)
    return readout


@torch.no_grad()
def _settled(tuned: Landmarks, query: Tensor, key: Tensor, value: Tensor) -> Readout:
    """:func:`run`, where units settle once for every stored number, not once for every query.

    H rho(q) = (H (K + ridge I)^(-1)) kappa(q), as K is symmetric; and so for g, and for the usual
    log normaliser.
    """
    check(query, key, value)
    exponent = tuned.write(key)[1]  # (heads, N, m)
    offset = exponent.amax((-2, -1), keepdim=True)
    with_ones = torch.cat([value, torch.ones_like(value[..., :1])], -1)
    stored = exponent.sub_(offset).exp_().mT @ with_ones  # (heads, m, d_value + 1): H^T beside g
    mean, apart = tuned.usual
    settled = tuned.settled(torch.cat([stored, apart.unsqueeze(-1).to(stored.dtype)], -1))
    total = tuned.tuning_curves(query) @ settled  # (heads, N, d_value + 2)
    trace = total[..., -2]
    level = mean + total[..., -1] + offset.squeeze(-1)  # (heads, N)
    log_p = trace.abs().log() + level - math.log(len(tuned.units))
    output = total[..., :-2] / trace.unsqueeze(-1)
    back = query.dtype
    return Readout(len(tuned.units), output.to(back), log_p.to(back), trace.sign().to(back))
