"""Queries, keys and values of every head of a pretrained transformer, on given tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import text

from .softmax import scaled

PROJECTIONS = {
    "query": "query",
    "q_proj": "query",
    "key": "key",
    "k_proj": "key",
    "value": "value",
    "v_proj": "value",
}


@dataclass(frozen=True)
class Heads:
    """One input's tensors. query, key (divided by d^(1/4)), value: (layers, heads, N, d_head).

    hidden : (layers + 1, N, width), what enters each layer, and the last layer's output.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    hidden: Tensor


@torch.no_grad()
def record(model: PreTrainedModel, **inputs: Tensor) -> Heads:
    """Run ``model`` on a batch of one and keep what its attention layers saw.

    Works for encoders of the BERT, ALBERT and ViT families, whose projections are linear layers
    named query, key, value or q_proj, k_proj, v_proj. Shared layers count once per use.

    Raises
    ------
    ValueError : the model has no such layers, or the batch holds more than one input.
    """
    seen: dict[str, list[Tensor]] = {"query": [], "key": [], "value": []}

    def keep(part: str):
        return lambda _module, _inputs, output: seen[part].append(output)

    hooks = [
        module.register_forward_hook(keep(PROJECTIONS[last]))
        for name, module in model.named_modules()
        if (last := name.rsplit(".", 1)[-1]) in PROJECTIONS
    ]
    if not hooks:
        raise ValueError(f"model: {type(model).__name__} has no layer named in {set(PROJECTIONS)}")
    try:
        hidden = model(**inputs, output_hidden_states=True).hidden_states
    finally:
        for hook in hooks:
            hook.remove()
    if hidden[0].shape[0] != 1:
        raise ValueError(f"inputs: got a batch of {hidden[0].shape[0]}; allowed is one input")
    heads = model.config.num_attention_heads
    query, key, value = (
        torch.cat(seen[part]).unflatten(-1, (heads, -1)).transpose(1, 2).contiguous()
        for part in ("query", "key", "value")
    )
    return Heads(*scaled(query, key), value, torch.cat(hidden))


def passages(name: str, tokens: int, limit: int | None = None) -> list[Heads]:
    """All 72 heads of MiniLM on consecutive passages of a document of ``datasets.text``.

    Each passage is a sentence start token, ``tokens`` - 2 tokens of the document and an end
    token; what does not fill a passage at the document's end is left out.

    Raises
    ------
    ValueError : the document does not fill one passage.
    """
    return [heads_on(ids) for ids in passage_ids(text(name), tokens, name)[:limit]]


def passage_ids(document: str, tokens: int, name: str = "document") -> list[list[int]]:
    """Token numbers of the consecutive passages of a document, as in :func:`passages`.

    Raises
    ------
    ValueError : the document does not fill one passage.
    """
    _, tokenizer = pretrained.minilm()
    ids = tokenizer(document, add_special_tokens=False, verbose=False).input_ids
    width = tokens - 2
    starts = range(0, len(ids) - width + 1, width) if width > 0 else ()
    if not starts:
        raise ValueError(f"tokens: got {tokens}; {name!r} allows from 3 to {len(ids) + 2}")
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    return [[first, *ids[start : start + width], last] for start in starts]


def heads_on(ids: list[int]) -> Heads:
    """All heads of MiniLM on one passage, given as token numbers."""
    return record(pretrained.minilm()[0], input_ids=torch.tensor([ids]))


@torch.no_grad()
def block_output(layer: int, head_outputs: Tensor, hidden: Tensor) -> Tensor:
    """Rest of a MiniLM block after its heads: projection, residual, norms, feed-forward.

    Parameters
    ----------
    layer : number of the block, from 0.
    head_outputs : (..., heads, N, d_head).
    hidden : what entered the block, (..., N, width).
    """
    model, _ = pretrained.minilm(head_outputs.dtype)
    block = model.encoder.layer[layer]
    joined = head_outputs.transpose(-3, -2).flatten(-2)
    attended = block.attention.output(joined, hidden)
    return block.output(block.intermediate(attended), attended)
