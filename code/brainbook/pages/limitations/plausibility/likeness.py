"""Is MiniLM built like a brain? Properties of cortex that can be measured on its weights and text.

Signs of the outgoing weights against Dale's principle, how many units are active at once, what is
carried from one text to the next, how many numbers hold the context, and how many bits a weight
and an activity need.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.stats import binom
from torch import Tensor
from transformers import BertModel

from brainbook.evidence import facts, pretrained, store
from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.models.attention.minilm_heads import record
from brainbook.models.attention.minilm_text import Passage, passages_of
from brainbook.models.digits.quantisation import RoundedProducts

LARGE = 0.1  # of a token's largest activity
ACTIVITY_TOKENS, OTHER_TOKENS = 128, 64  # of a passage
CONTEXTS = (16, 64, 128)  # tokens
BITS = (3, 4, 5, 6, 7, 8, 10)
ROUNDED_DOCUMENTS = 5
CLOSE = 0.99  # cosine at which a rounded vector is as good as the exact one
WEIGHTS, EVERYTHING = "weights", "everything"


@dataclass(frozen=True)
class Parts:
    """Properties of MiniLM.

    signs : columns layer, unit, majority (share of the outgoing weights that have the commoner
        sign), a row for each feed-forward unit.
    fair : mean majority of as many fair coins.
    activity : as :func:`hidden_activity` returns it.
    carried : largest change of any output by a text that was read before.
    context : columns tokens, numbers; keys and values kept.
    bits : as :func:`rounding` returns it.
    synapse_bits : published information in the size of a synapse.
    """

    signs: pd.DataFrame
    fair: float
    activity: pd.DataFrame
    carried: float
    context: pd.DataFrame
    bits: pd.DataFrame
    synapse_bits: float


@store.kept
def measure_minilm(bits: Sequence[int] = BITS) -> Parts:
    """Page limitations/plausibility, figure draw_minilm_parts: signs, activity, context, bits."""
    model, _ = pretrained.minilm()
    first, second, *_ = others = passages_of(TEST_TEXTS, OTHER_TOKENS, limit=1)
    contexts = [passages_of(TEST_TEXTS[:1], tokens, limit=1)[0] for tokens in CONTEXTS]
    documents = dict(zip(TEST_TEXTS[:ROUNDED_DOCUMENTS], others, strict=False))
    longer = passages_of(TEST_TEXTS, ACTIVITY_TOKENS, limit=1)
    return Parts(
        signs=outgoing_signs(model),
        fair=expected_majority(model.config.hidden_size),
        activity=hidden_activity(model, dict(zip(TEST_TEXTS, longer, strict=True))),
        carried=carried_over(model, first, second),
        context=context_numbers(model, contexts),
        bits=rounding(model, documents, bits),
        synapse_bits=facts.value("plausibility.csv", "synapse_bits"),
    )


def outgoing_signs(model: BertModel) -> pd.DataFrame:
    """Table ``signs`` of :class:`Parts`."""
    frames = []
    for layer, block in enumerate(model.encoder.layer):
        positive = (block.output.dense.weight.detach() > 0).double().mean(dim=0)  # (units,)
        majority = torch.maximum(positive, 1 - positive).numpy()
        frames.append(pd.DataFrame({"layer": layer, "majority": majority}).rename_axis("unit"))
    return pd.concat(frames).reset_index()


def expected_majority(count: int) -> float:
    """Mean share of the commoner sign among ``count`` fair and independent signs.

    E max(k, n − k)/n with k binomial(n, ½).

    Raises
    ------
    ValueError : fewer than one sign.
    """
    if count < 1:
        raise ValueError(f"count: got {count}; must be at least 1")
    k = np.arange(count + 1)
    return float(binom.pmf(k, count, 0.5) @ np.maximum(k, count - k) / count)


def hidden_activity(model: BertModel, documents: Mapping[str, Passage]) -> pd.DataFrame:
    """How many feed-forward units are active.

    Columns
    -------
    document, layer : a row for each.
    positive : share of activities above zero.
    large : share above a tenth of the token's largest.
    sparseness : ⟨r⟩²/⟨r²⟩ over the units of a token with r the positive part (Treves & Rolls
        1991), which is 1/π for rectified Gaussian activity and 1/units where one unit is active.
    """
    rows = []
    for document, passage in documents.items():
        for layer, active in enumerate(_hidden(model, torch.tensor([passage]))):
            rows.append((document, layer, *activity_shares(active[0].double())))
    return pd.DataFrame(rows, columns=["document", "layer", "positive", "large", "sparseness"])


@torch.no_grad()
def _hidden(model: BertModel, ids: Tensor) -> list[Tensor]:
    """Feed-forward activity by layer, each (1, tokens, units)."""
    seen: list[Tensor] = []
    hooks = [
        block.intermediate.register_forward_hook(lambda *call: seen.append(call[-1]))
        for block in model.encoder.layer
    ]
    try:
        model(input_ids=ids)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def activity_shares(active: Tensor) -> tuple[float, float, float]:
    """The last three columns of :func:`hidden_activity`, for activity (tokens, units)."""
    rate = active.clamp_min(0)
    large = active > LARGE * active.amax(dim=-1, keepdim=True)
    sparseness = rate.mean(dim=-1) ** 2 / (rate**2).mean(dim=-1)  # (tokens,)
    return tuple(float(part.double().mean()) for part in (active > 0, large, sparseness))


@torch.no_grad()
def carried_over(model: BertModel, passage: Passage, before: Passage) -> float:
    """Largest change of any output for a passage when another was read just before it."""
    alone, _, after = (
        model(input_ids=torch.tensor([ids])).last_hidden_state for ids in (passage, before, passage)
    )
    return float((after - alone).abs().max())


def context_numbers(model: BertModel, passages: Sequence[Passage]) -> pd.DataFrame:
    """Keys and values that attention keeps while it reads: table ``context`` of :class:`Parts`."""
    rows = []
    for passage in passages:
        heads = record(model, input_ids=torch.tensor([passage])).problem
        rows.append((len(passage), heads.key.numel() + heads.value.numel()))
    return pd.DataFrame(rows, columns=["tokens", "numbers"])


def with_rounded_weights(model: BertModel, bits: int) -> BertModel:
    """A copy whose matrices are rounded to ``bits`` bits, each row on its own scale.

    Raises
    ------
    ValueError : fewer than 2 bits leave no grid.
    """
    if bits < 2:
        raise ValueError(f"bits: got {bits}; must be at least 2")
    coarse, levels = copy.deepcopy(model), 2 ** (bits - 1) - 1
    for matrix in coarse.parameters():
        if matrix.ndim == 2:
            scale = matrix.detach().abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / levels
            matrix.data = torch.round(matrix.data / scale) * scale
    return coarse


def rounding(
    model: BertModel, documents: Mapping[str, Passage], bits: Sequence[int]
) -> pd.DataFrame:
    """Sentence vectors when numbers are rounded.

    Columns
    -------
    document, bits : a row for each.
    rounded : "weights" alone, row by row, or "everything", both operands of every product with
        one scale each.
    cosine : with the vector in 32 bits.
    """
    exact = {document: _vector(model, passage) for document, passage in documents.items()}
    rows = []
    for width in bits:
        coarse = with_rounded_weights(model, width)
        for document, passage in documents.items():
            rough = {WEIGHTS: _vector(coarse, passage)}
            with RoundedProducts(width):
                rough[EVERYTHING] = _vector(model, passage)
            for name, vector in rough.items():
                similar = torch.cosine_similarity(exact[document], vector, dim=0)
                rows.append((document, width, name, float(similar)))
    return pd.DataFrame(rows, columns=["document", "bits", "rounded", "cosine"])


@torch.no_grad()
def _vector(model: BertModel, passage: Passage) -> Tensor:
    """Mean of the last states over tokens, (width,), float64."""
    return model(input_ids=torch.tensor([passage])).last_hidden_state[0].mean(dim=0).double()


def measure_published() -> dict[str, float]:
    """Page limitations/plausibility: published values by their key in plausibility.csv."""
    return facts.table("plausibility.csv").set_index("key")["value"].to_dict()


def measure_likeness(parts: Parts, published: Mapping[str, float]) -> pd.DataFrame:
    """Page limitations/plausibility: the table of properties, MiniLM against the brain."""
    worst = parts.bits.groupby(["rounded", "bits"])["cosine"].min()
    per_token = int((parts.context["numbers"] / parts.context["tokens"]).iloc[0])
    none = ("not measured here", "")
    rows = [
        (
            "neurons whose outgoing signs agree",
            f"{(parts.signs['majority'] == 1).mean():.0%}",
            "all, by Dale's principle",
            "cornford2021learning",
        ),
        (
            "neurons active at once (MiniLM: above a tenth of the largest)",
            f"{parts.activity['large'].mean():.0%}",
            f"possibly below {published['active_neurons']:.0f}%",
            "lennie2003cost",
        ),
        ("trace that the previous text leaves", f"{parts.carried:.0f}", *none),
        ("numbers kept for each token of context", f"{per_token:,}", *none),
        (
            f"bits per weight for a cosine of {CLOSE:g}",
            f"{enough_bits(worst[WEIGHTS])}",
            f"{published['synapse_bits']} at a synapse",
            "bartol2015nanoconnectomic",
        ),
        (
            f"bits per factor of a product for a cosine of {CLOSE:g}",
            f"{enough_bits(worst[EVERYTHING])}",
            *none,
        ),
    ]
    return pd.DataFrame(rows, columns=["property", "MiniLM", "brain", "source"])


def enough_bits(worst: pd.Series, cosine: float = CLOSE) -> int:
    """Fewest bits from which on ``worst``, indexed by bits, stays at ``cosine`` or above.

    Raises
    ------
    ValueError : not even the most bits reach it.
    """
    stays = (worst >= cosine)[::-1].cummin()[::-1]
    if not stays.any():
        raise ValueError(f"worst: got {worst.max():.3f} at most; {cosine} is needed")
    return int(worst.index[stays].min())
