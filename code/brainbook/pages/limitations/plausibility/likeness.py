"""Is MiniLM built like a brain? Properties of cortex that can be measured on its weights and text.

Signs of the outgoing weights against Dale's principle, how many units are active at once, what is
carried from one text to the next, how many numbers hold the context, and how many bits a weight
and an activity need.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import binom
from torch import Tensor

from brainbook.evidence import facts, pretrained
from brainbook.evidence.datasets import TEST_TEXTS, text
from brainbook.models.attention.minilm_heads import record
from brainbook.models.digits.quantisation import RoundedProducts


def tokens_of(document: str, count: int) -> Tensor:
    """The first ``count`` tokens of a document, with the two special ones: (1, count).

    Raises
    ------
    ValueError : the document is shorter, or ``count`` below 3.
    """
    if count < 3:
        raise ValueError(f"count: got {count}; must be at least 3")
    _, tokenizer = pretrained.minilm()
    ids = tokenizer(text(document), truncation=True, max_length=count)["input_ids"]
    if len(ids) < count:
        raise ValueError(f"count: got {count}; {document} has {len(ids)} tokens")
    return torch.tensor([ids])


def outgoing_signs() -> pd.DataFrame:
    """For each feed-forward unit: share of its outgoing weights that have its commoner sign.

    Columns: layer, unit, weights (their number), majority.
    """
    model, _ = pretrained.minilm()
    rows = []
    for layer, block in enumerate(model.encoder.layer):
        positive = (block.output.dense.weight.detach() > 0).double().mean(dim=0)
        majority = torch.maximum(positive, 1 - positive).numpy()
        rows.append(pd.DataFrame({"layer": layer, "majority": majority}).rename_axis("unit"))
    weights = model.encoder.layer[0].output.dense.weight.shape[0]
    return pd.concat(rows).reset_index().assign(weights=weights)


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


def hidden_activity(documents: Sequence[str] = TEST_TEXTS, count: int = 128) -> pd.DataFrame:
    """How many feed-forward units are active: a row per document and layer.

    Columns: ``positive``, the share of activities above zero; ``large``, above a tenth of the
    token's largest; ``sparseness``, ⟨r⟩²/⟨r²⟩ over the units of a token with r the positive part
    (Treves & Rolls 1991), which is 1/π for rectified Gaussian activity and 1/units where one unit
    is active.
    """
    model, _ = pretrained.minilm()
    rows = []
    for document in documents:
        for layer, active in enumerate(_hidden(model, tokens_of(document, count))):
            rows.append((document, layer, *_activity(active[0].double())))
    return pd.DataFrame(rows, columns=["document", "layer", "positive", "large", "sparseness"])


def _hidden(model: torch.nn.Module, ids: Tensor) -> list[Tensor]:
    """Feed-forward activity by layer, each (1, tokens, units)."""
    seen: list[Tensor] = []
    hooks = [
        block.intermediate.register_forward_hook(lambda *call: seen.append(call[-1]))
        for block in model.encoder.layer
    ]
    try:
        with torch.no_grad():
            model(input_ids=ids)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _activity(active: Tensor) -> tuple[float, float, float]:
    rate = active.clamp_min(0)
    large = active > 0.1 * active.amax(dim=-1, keepdim=True)
    ratio = rate.mean(dim=-1) ** 2 / (rate**2).mean(dim=-1)
    return tuple(float(part.double().mean()) for part in (active > 0, large, ratio))


def carried_over(document: str, before: str, count: int = 64) -> float:
    """Largest change of any output for ``document`` when ``before`` was read just before it."""
    model, _ = pretrained.minilm()
    with torch.no_grad():
        alone = model(input_ids=tokens_of(document, count)).last_hidden_state
        model(input_ids=tokens_of(before, count))
        after = model(input_ids=tokens_of(document, count)).last_hidden_state
    return float((after - alone).abs().max())


def context_numbers(lengths: Sequence[int], document: str = TEST_TEXTS[0]) -> pd.DataFrame:
    """Keys and values that attention keeps while it reads a text, counted: tokens, numbers."""
    model, _ = pretrained.minilm()
    rows = []
    for length in lengths:
        heads = record(model, input_ids=tokens_of(document, length)).problem
        rows.append((length, heads.key.numel() + heads.value.numel()))
    return pd.DataFrame(rows, columns=["tokens", "numbers"])


def with_rounded_weights(bits: int) -> torch.nn.Module:
    """A copy of MiniLM whose matrices are rounded to ``bits`` bits, each row on its own scale.

    Raises
    ------
    ValueError : fewer than 2 bits leave no grid.
    """
    if bits < 2:
        raise ValueError(f"bits: got {bits}; must be at least 2")
    model = copy.deepcopy(pretrained.minilm()[0])
    levels = 2 ** (bits - 1) - 1
    for matrix in model.parameters():
        if matrix.ndim == 2:
            scale = matrix.detach().abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / levels
            matrix.data = torch.round(matrix.data / scale) * scale
    return model


def rounding(
    bits: Sequence[int], documents: Sequence[str] = TEST_TEXTS, count: int = 64
) -> pd.DataFrame:
    """Cosine of sentence vectors with those in 32 bits when numbers are rounded to ``bits``.

    A row per document, number of bits and ``rounded``: "weights" alone, row by row, or
    "everything", both operands of every product with one scale each.
    """
    model, _ = pretrained.minilm()
    exact = {document: _vector(model, document, count) for document in documents}
    rows = []
    for width in bits:
        coarse = with_rounded_weights(width)
        for document in documents:
            found = {"weights": _vector(coarse, document, count)}
            with RoundedProducts(width):
                found["everything"] = _vector(model, document, count)
            for name, rough in found.items():
                similar = torch.cosine_similarity(exact[document], rough, dim=0)
                rows.append((document, width, name, float(similar)))
    return pd.DataFrame(rows, columns=["document", "bits", "rounded", "cosine"])


def _vector(model: torch.nn.Module, document: str, count: int) -> Tensor:
    with torch.no_grad():
        hidden = model(input_ids=tokens_of(document, count)).last_hidden_state
    return hidden[0].mean(dim=0).double()


def likeness(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The properties as a table, measured on MiniLM and published for brains.

    ``parts``: signs, activity, context, bits and carried, as the functions above give them.
    """
    signs, active = parts["signs"]["majority"], parts["activity"].mean(numeric_only=True)
    worst = parts["bits"].groupby(["rounded", "bits"])["cosine"].min()
    per_token = int((parts["context"]["numbers"] / parts["context"]["tokens"]).iloc[0])
    known = facts.table("plausibility.csv").set_index("key")["value"]
    rows = [
        ("neurons whose outgoing signs agree", f"{(signs == 1).mean():.0%}",
         "all, by Dale's principle", "cornford2021learning"),
        ("neurons active at once (MiniLM: above a tenth of the largest)",
         f"{active['large']:.0%}", f"possibly below {known['active_neurons']:.0f}%",
         "lennie2003cost"),
        ("trace that the previous text leaves", f"{parts['carried']['change'][0]:.0f}",
         "not measured here", ""),
        ("numbers kept for each token of context", f"{per_token:,}", "not measured here", ""),
        ("bits per weight for a cosine of 0.99", f"{enough_bits(worst['weights'])}",
         f"{known['synapse_bits']} at a synapse", "bartol2015nanoconnectomic"),
        ("bits per factor of a product for a cosine of 0.99",
         f"{enough_bits(worst['everything'])}", "not measured here", ""),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["property", "MiniLM", "brain", "source"])


def enough_bits(worst: pd.Series, cosine: float = 0.99) -> int:
    """Fewest bits from which on ``worst``, indexed by bits, stays at ``cosine`` or above.

    Raises
    ------
    ValueError : not even the most bits reach it.
    """
    stays = (worst >= cosine)[::-1].cummin()[::-1]
    if not stays.any():
        raise ValueError(f"worst: got {worst.max():.3f} at most; {cosine} is needed")
    return int(worst.index[stays].min())
