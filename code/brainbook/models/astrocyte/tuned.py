"""How small can a head's circuit be? Tuned hidden units on all heads of MiniLM, held-out text.

Allowed class: whatever is fitted may depend on calibration text, never on the text under test.
Calibration text: docstrings of scikit-learn without those on data sets, and the documentation
of seven data sets. Test text: the documentation of other data sets; no docstring that repeats
eight consecutive words of it is used (:func:`brainbook.evidence.datasets.docstrings`).
"""

from __future__ import annotations

import random
from functools import lru_cache

import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.datasets import CALIBRATION_TEXTS, docstrings, text
from brainbook.models.attention.minilm_heads import heads_on, passage_ids
from brainbook.models.attention.softmax import softmax_attention
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.maps import FeatureMap

from .circuit import Readout, run
from .error import errors, long, seeded
from .trials import LAYERS, minilm_input

KINDS = ("tuned, lateral inhibition", "tuned, gated")
KNOWN = 2  # calibration passages read beside the test documents, for one fit
PASSAGES = 50  # calibration passages from docstrings, besides all those from data sets


def calibration(tokens: int = 196, passages: int = PASSAGES) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key, value of all heads on calibration text: (passages, layers, heads, N, d) each.

    The passages of :func:`calibration_ids`. Shared within the process: do not change.
    """
    return _calibration(tokens, passages)


@lru_cache(maxsize=1)
def _calibration(tokens: int, passages: int) -> tuple[Tensor, Tensor, Tensor]:
    seen = [heads_on(list(ids)) for ids in calibration_ids(tokens, passages)]
    return tuple(
        torch.stack([getattr(heads, part) for heads in seen]) for part in ("query", "key", "value")
    )


def calibration_ids(tokens: int = 196, passages: int = PASSAGES) -> tuple[tuple[int, ...], ...]:
    """Token numbers of the calibration passages.

    ``passages`` are drawn from the docstrings once and for all; every whole passage of the
    seven calibration documents comes on top.
    """
    return _calibration_ids(tokens, passages)


@lru_cache(maxsize=1)
def _calibration_ids(tokens: int, passages: int) -> tuple[tuple[int, ...], ...]:
    cut = [ids for one in _long_enough(docstrings(), tokens) for ids in passage_ids(one, tokens)]
    chosen = random.Random(0).sample(cut, min(passages, len(cut)))
    documents = _long_enough([text(name) for name in CALIBRATION_TEXTS], tokens)
    chosen += [ids for one in documents for ids in passage_ids(one, tokens)]
    return tuple(map(tuple, chosen))


def _long_enough(documents: list[str] | tuple[str, ...], tokens: int) -> list[str]:
    """Documents that surely fill a passage: at least eight characters a token."""
    return [one for one in documents if len(one) >= 8 * tokens]


def fitted(
    kind: str, layer: int, units: int, seed: int, tokens: int = 196, ridge: float = 0.001
) -> Landmarks | Gated:
    """One layer's hidden units, fitted on :func:`calibration` text.

    Raises
    ------
    ValueError : a kind that is not in ``KINDS``, or no such layer.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: got {kind!r}; allowed are {KINDS}")
    if layer not in range(LAYERS):
        raise ValueError(f"layer: got {layer}; allowed are 0 to {LAYERS - 1}")
    query, key, value = (x[:, layer] for x in calibration(tokens))
    generator = seeded(81, layer, units, seed)
    if kind == Gated.name:
        return Gated.fitted(query, key, value, units, generator)
    return Landmarks.fitted(query, key, units, generator, ridge, torch.float32)


def trial(kind: str, layer: int, units: int, seed: int, **options) -> pd.DataFrame:
    """The errors of :func:`trial_with_traces`."""
    return trial_with_traces(kind, layer, units, seed, **options)[0]


def trial_with_traces(
    kind: str,
    layer: int,
    units: int,
    seed: int,
    documents: tuple[int, ...] = (),
    tokens: int = 196,
    ridge: float = 0.001,
) -> tuple[pd.DataFrame, Tensor]:
    """Errors of one layer's heads with hidden units drawn by ``seed``, and log|p|.

    ``documents``: numbers of the test documents read, as in ``circuit_trials.minilm_input``; by
    default the one with the number of the seed. Beside each of the first ``KNOWN``, the error on
    one of the calibration passages. Columns map, units, seed, document, split (test or
    calibration), layer, head, part (output, trace), error. The tensor is (heads, N), for the
    first document.
    """
    feature_map = fitted(kind, layer, units, seed, tokens, ridge)
    known = calibration(tokens)
    frames, traces = [], []
    for number, document in enumerate(documents or (seed,)):
        heads = minilm_input(document, tokens)
        passages = {"test": (heads.query[layer], heads.key[layer], heads.value[layer])}
        if number < KNOWN:
            passages["calibration"] = tuple(x[document % len(x), layer] for x in known)
        for split, tensors in passages.items():
            readout = read(feature_map, *tensors)
            found = errors(readout, softmax_attention(*tensors))
            frames.append(long(found).assign(document=document, split=split))
            traces.append(readout.log_p)
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(map=kind, units=units, seed=seed, layer=layer), traces[0]


def read(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Readout:
    """The circuit with the units that ``feature_map`` was fitted with."""
    units = feature_map.units
    (readout,) = run(query, key, value, [units], [len(units)], feature_map)
    return readout
