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
BARE = "bare trace"  # rho . g, without the read-out of the usual log normaliser
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
    known: int | None = None,
) -> tuple[pd.DataFrame, Tensor]:
    """Errors of one layer's heads, and log|p|, (heads, N), on the first document.

    Parameters
    ----------
    kind, layer, units, seed, ridge : as in :func:`fitted`.
    documents : held-out passages, by number.
    calibration : passages to fit to.
    known : beside so many documents, the first ones, one of the calibration passages is read too;
        by default beside all.

    Columns
    -------
    map, units, seed, document, split (test or calibration), layer, head, part (output, trace;
    bare trace with lateral inhibition), error.
    """
    text, passages = problem_on(calibration), tuple(calibration)
    metric = _metric(passages, layer, held_back(passages) if kind == Gated.name else 0)
    feature_map = fitted(kind, layer, units, seed, text, ridge, metric)
    places, problems = [], []
    for document, ids in documents.items():
        places.append({"document": document, "split": "test"})
        problems.append(heads_on(ids).problem[layer])
    for document in list(documents)[:known]:
        places.append({"document": document, "split": "calibration"})
        problems.append(text[document % len(text.query), layer])
    readouts = read_each(feature_map, problems)
    frames = [
        long(_errors(readout, problem)).assign(**place)
        for place, problem, readout in zip(places, problems, readouts, strict=True)
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(map=kind, units=units, seed=seed, layer=layer), readouts[0].log_p


def _errors(readout: Readout, problem: Problem) -> dict[str, Tensor]:
    """:func:`errors`; and of the trace rho . g by itself, if it differs, at its best gain."""
    exact = problem.exact()
    found = errors(readout, exact)
    if readout.log_scale is not None:
        own = readout.sign * (readout.log_p - readout.log_scale).exp()
        found[BARE] = error_at_best_gain(own, exact[1])
    return found


def error_at_best_gain(trace: Tensor, log_z: Tensor) -> Tensor:
    """Least relative error over tokens of a constant times ``trace`` (..., N), against Z.

    1 - cos^2 of the angle between the two, under a root.
    """
    z = (log_z - log_z.amax(-1, keepdim=True)).exp().double()
    trace = trace.double()
    along = (trace * z).sum(-1).square() / (trace.square().sum(-1) * z.square().sum(-1))
    return (1 - along).clamp_min(0).sqrt()


def read(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Readout:
    """The circuit with the units that ``feature_map`` was fitted with, (heads, N, d)."""
    (readout,) = read_each(feature_map, [Problem(query, key, value)])
    return readout


def read_each(feature_map: FeatureMap, problems: Sequence[Problem]) -> list[Readout]:
    """:func:`read` for several passages."""
    if isinstance(feature_map, Landmarks):
        return _settled(feature_map, problems)
    units = feature_map.units
    return [
        readout
        for problem in problems
        for readout in run(*problem.tensors, [units], [len(units)], feature_map)
    ]


@torch.no_grad()
def _settled(tuned: Landmarks, problems: Sequence[Problem]) -> list[Readout]:
    """:func:`run`, where units settle once for every stored number, not once for every query.

    H rho(q) = (H (K + ridge I)^(-1)) kappa(q), as K is symmetric; and so for g, and for the usual
    log normaliser.
    """
    mean, apart = tuned.usual  # (heads, 1), (heads, m)
    offsets, stored = zip(*(_stored(tuned, problem) for problem in problems), strict=True)
    # what all passages stored, and the distances: (heads, m, passages x (d_value + 1) + 1)
    settled = tuned.settled(torch.cat([*stored, apart.unsqueeze(-1).to(stored[0].dtype)], -1))
    *parts, distance = settled.split([*(x.shape[-1] for x in stored), 1], -1)
    readouts = []
    for problem, offset, part in zip(problems, offsets, parts, strict=True):
        total = tuned.tuning_curves(problem.query) @ torch.cat([part, distance], -1)
        trace = total[..., -2]
        level = mean + total[..., -1]  # the query's usual log normaliser, (heads, N)
        log_p = trace.abs().log() + offset.squeeze(-1) + level - math.log(len(tuned.units))
        output = total[..., :-2] / trace.unsqueeze(-1)
        back = [x.to(problem.query.dtype) for x in (output, log_p, trace.sign(), level)]
        readouts.append(Readout(len(tuned.units), *back))
    return readouts


def _stored(tuned: Landmarks, problem: Problem) -> tuple[Tensor, Tensor]:
    """Log of the scale (heads, 1, 1), and on it H^T beside g, (heads, m, d_value + 1)."""
    check(*problem.tensors)
    exponent = tuned.write(problem.key)[1]  # (heads, N, m)
    offset = exponent.amax((-2, -1), keepdim=True)
    value = problem.value
    with_ones = torch.cat([value, torch.ones_like(value[..., :1])], -1)
    return offset, exponent.sub_(offset).exp_().mT @ with_ones
