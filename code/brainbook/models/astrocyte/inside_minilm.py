"""MiniLM with circuits in place of its heads, in all layers at once, while it runs.

Each layer's attention is replaced by a function of that layer's queries, keys and values, so
what a circuit gets wrong in one layer is what the next layer works on. The functions enter by
the transformers library's own attention interface, as an argument of the forward pass: nothing
of the shared model is changed, and its weights are not copied.

Sentences become vectors as all-MiniLM-L6-v2 defines it: the mean of the last layer over all
tokens, divided by its length. Sentences of equal length run together, so nothing is padded.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from transformers import AttentionInterface, PreTrainedModel

from brainbook.evidence import pretrained
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import D_HEAD, HEADS, LAYERS, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import (
    mean_of_values,
    relative_error,
    scaled,
    softmax_attention,
)
from brainbook.models.features.landmarks import Landmarks, _bump
from brainbook.models.features.maps import FeatureMap, HiddenUnits, Positive
from brainbook.models.features.unbiased import Transformed, fit

from .baselines import mean_output
from .circuit import run
from .tuned import KINDS as TUNED
from .tuned import fitted

PUBLISHED, UNBIASED = Positive.name, "balanced, dense, attended"
KINDS = (*TUNED, PUBLISHED, UNBIASED)
NAME = "brainbook_heads"  # our entry in the library's table of attention functions
LONGEST = 256  # tokens of a text that all-MiniLM-L6-v2 reads, by its own configuration
TOGETHER = 16  # texts of one length in one pass
SOME = 4  # every so many calibration passages serve for the moments of the unbiased map

# Query, key (divided by d^(1/4)) and value, (sentences, heads, N, d) -> (sentences, heads, N, d)
HeadFunction = Callable[[Tensor, Tensor, Tensor], Tensor]


def exact(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention, by our own code."""
    return softmax_attention(query, key, value)[0]


def uniform(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The mean of all values for every token: heads that look at nothing in particular."""
    return mean_of_values(value)


def mean_ablated(calibration: Sequence[Passage]) -> list[HeadFunction]:
    """One function a layer: every head says to every token what it says on average.

    The averages are :func:`.baselines.mean_output` on calibration passages.
    """
    known = problem_on(calibration)

    def always(output: Tensor) -> HeadFunction:
        return lambda query, key, value: output.unsqueeze(-2).expand_as(value)

    return [always(mean_output(known[:, layer])) for layer in range(LAYERS)]


@dataclass(frozen=True)
class Circuit:
    """One layer's heads as astrocyte circuits whose hidden units stay the same for all texts.

    feature_map : how units fire. units : (heads, m, d). block : units held at once.
    """

    feature_map: FeatureMap
    units: HiddenUnits
    block: int = 2048

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Write all tokens, then read all of them."""
        blocks = self.units.split(self.block) if self.separable else [self.units]
        (readout,) = run(query, key, value, blocks, [len(self.units)], self.feature_map)
        return readout.output

    @property
    def separable(self) -> bool:
        """Whether units can be read in blocks: not where they act on each other."""
        return isinstance(self.feature_map, Positive | Transformed)


class Settled(Landmarks):
    """:class:`Landmarks` with (K + ridge I)^(-1) made once: the same rates, sooner for many texts.

    The matrix is what the lateral network does to its input once it has settled.
    """

    def __init__(self, tuned: Landmarks) -> None:
        kept = {name: part for name, part in vars(tuned).items() if name != "_factors"}
        vars(self).update(kept)
        self._settle = torch.stack([*map(torch.cholesky_inverse, tuned._factors)])

    def rates(self, query: Tensor) -> Tensor:
        """rho(q), (..., heads, N, m), settled in the precision of the factor."""
        flat = query.reshape(-1, *query.shape[-3:])  # (texts, heads, N, d)
        flat = flat.transpose(0, 1).flatten(1, 2)  # (heads, texts x N, d)
        place, dtype = self._moved(flat), self._settle.dtype
        curves = _bump(place.to(dtype), self._landmark.to(dtype))
        settled = curves @ self._settle  # kappa(q) (K + ridge I)^(-1), (heads, texts x N, m)
        apart = settled.unflatten(1, (-1, query.shape[-2])).transpose(0, 1)
        return apart.reshape(*query.shape[:-1], -1).double()  # (..., heads, N, m)


@lru_cache(maxsize=2)
def _open_model(dtype: torch.dtype) -> PreTrainedModel:
    """MiniLM's own weights under a configuration that asks for our attention function."""
    model, _ = pretrained.minilm(dtype)
    weights = [*model.parameters(), *model.buffers()]
    opened = copy.deepcopy(model, {id(tensor): tensor for tensor in weights})
    AttentionInterface.register(NAME, _attend)
    opened.set_attn_implementation(NAME)
    return opened


def _attend(module, query, key, value, _mask, *, heads_by_layer, **_) -> tuple:
    """The library's attention interface; nothing is padded here, so there is no mask."""
    output = heads_by_layer[module.layer_idx](*scaled(query, key), value)
    return output.transpose(1, 2).contiguous(), None  # (sentences, N, heads, d)


@torch.no_grad()
def hidden_states(
    input_ids: Tensor, layers: Sequence[HeadFunction], dtype: torch.dtype = torch.float32
) -> Tensor:
    """What enters each layer, and what leaves the last: (sentences, layers + 1, N, width).

    input_ids : (sentences, N), without padding. layers : one head function per layer.

    Raises
    ------
    ValueError : another number of layers, or padding, which circuits would read like any word.
    """
    if len(layers) != LAYERS:
        raise ValueError(f"layers: got {len(layers)} head functions; must be {LAYERS}")
    model = _open_model(dtype)
    if (input_ids == model.config.pad_token_id).any():
        raise ValueError("input_ids: got padding; allowed are sentences of equal length")
    states = model(input_ids, output_hidden_states=True, heads_by_layer=layers).hidden_states
    return torch.stack(states, 1)


@dataclass(frozen=True)
class Encoded:
    """What the running model makes of texts.

    vectors : (texts, width), of length one. states : per text (layers + 1, N, width).
    """

    vectors: Tensor
    states: list[Tensor]

    def drift(self, intact: Encoded) -> Tensor:
        """Relative error of what enters each layer and leaves the last, (texts, layers + 1)."""
        pairs = zip(self.states, intact.states, strict=True)
        return torch.stack([relative_error(own, theirs) for own, theirs in pairs])

    def split(self, parts: int) -> list[Encoded]:
        """Equal parts, in order."""
        each = len(self.states) // parts
        vectors = self.vectors.split(each)
        return [
            Encoded(part, self.states[n * each : (n + 1) * each]) for n, part in enumerate(vectors)
        ]


def encode(
    texts: Sequence[str],
    layers: Sequence[HeadFunction] = (exact,) * LAYERS,
    dtype: torch.dtype = torch.float32,
) -> Encoded:
    """Texts through the running model; those of equal length together, none of them padded.

    Raises
    ------
    ValueError : no text; ``layers`` as in :func:`hidden_states`.
    """
    if not texts:
        raise ValueError("texts: got none; needed is at least one")
    _, tokenizer = pretrained.minilm(dtype)
    ids = tokenizer(list(texts), truncation=True, max_length=LONGEST).input_ids
    states: list[Tensor] = [torch.empty(0)] * len(texts)
    for alike in _of_equal_length(ids):
        batch = torch.tensor([ids[number] for number in alike])
        for number, own in zip(alike, hidden_states(batch, layers, dtype), strict=True):
            states[number] = own  # (layers + 1, N, width)
    pooled = torch.stack([own[-1].mean(0) for own in states])  # (texts, width)
    return Encoded(torch.nn.functional.normalize(pooled, dim=-1), states)


def _of_equal_length(ids: Sequence[Sequence[int]]) -> list[list[int]]:
    """Numbers of the texts, in groups of one length and of at most ``TOGETHER``."""
    by_length = defaultdict(list)
    for number, one in enumerate(ids):
        by_length[len(one)].append(number)
    return [
        same[start : start + TOGETHER]
        for same in by_length.values()
        for start in range(0, len(same), TOGETHER)
    ]


def fitted_layers(
    units: int, seed: int, calibration: Sequence[Passage], kind: str = TUNED[0]
) -> list[Circuit]:
    """Circuits for all six layers, one a layer.

    Parameters
    ----------
    units : hidden units a head.
    seed : draws them.
    calibration : passages to fit to.
    kind : one of ``KINDS``: tuned units with lateral inhibition or gated ones
        (:func:`brainbook.models.astrocyte.tuned.fitted`), the published random features, which
        are fitted to nothing, or the unbiased features with matched moments of
        :func:`brainbook.models.features.unbiased.fit`.

    Raises
    ------
    ValueError : another kind, or ``units`` as in the map's own fit.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: got {kind!r}; allowed are {KINDS}")
    passages = tuple(map(tuple, calibration))
    return [_fitted_layer(units, seed, kind, layer, passages) for layer in range(LAYERS)]


def _fitted_layer(
    units: int, seed: int, kind: str, layer: int, calibration: tuple[Passage, ...]
) -> Circuit:
    if kind in TUNED:
        tuned = fitted(kind, layer, units, seed, problem_on(calibration))
        ready = Settled(tuned) if isinstance(tuned, Landmarks) else tuned
        return Circuit(ready, ready.units)
    feature_map = Positive() if kind == PUBLISHED else _unbiased(layer, calibration)
    drawn = feature_map.draw(units, D_HEAD, seeded(101, layer, seed), (HEADS,))
    return Circuit(feature_map, drawn)


@lru_cache(maxsize=LAYERS)
def _unbiased(layer: int, calibration: tuple[Passage, ...]) -> Transformed:
    """One fit serves all draws."""
    some = problem_on(calibration)[::SOME, layer]
    return fit(some.query, some.key, "dense", attended=True)


def only(layers: Sequence[HeadFunction], layer: int) -> list[HeadFunction]:
    """The given heads in one layer, exact attention in all others.

    Raises
    ------
    ValueError : no such layer.
    """
    if layer not in range(len(layers)):
        raise ValueError(f"layer: got {layer}; allowed are 0 to {len(layers) - 1}")
    return [heads if number == layer else exact for number, heads in enumerate(layers)]
