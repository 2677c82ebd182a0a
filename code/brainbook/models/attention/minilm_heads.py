"""Queries, keys and values of every head of a pretrained transformer, on given tokens.

MiniLM's sizes stand here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from transformers import PreTrainedModel

from brainbook.evidence import pretrained

from .softmax import Problem, scaled, stacked

LAYERS, HEADS, D_HEAD = 6, 12, 32  # of MiniLM
WIDTH = HEADS * D_HEAD

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
    """What the attention layers of a model see of one input.

    problem : query, key (divided by d^(1/4)) and value, (layers, heads, N, d_head) each.
    hidden : (layers + 1, N, width), what enters each layer, and the last layer's output.
    """

    problem: Problem
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
    )  # (layers, N, width) -> (layers, heads, N, d_head)
    return Heads(Problem(*scaled(query, key), value), torch.cat(hidden))


def heads_on(ids: Iterable[int]) -> Heads:
    """All heads of MiniLM on one passage, given as token numbers.

    Shared within the process: do not change what comes back.
    """
    return _heads_on(tuple(ids))


@lru_cache(maxsize=16)
def _heads_on(ids: tuple[int, ...]) -> Heads:
    return record(pretrained.minilm()[0], input_ids=torch.tensor([ids]))


def problem_on(passages: Iterable[Iterable[int]]) -> Problem:
    """All heads of MiniLM on passages of one length: (passages, layers, heads, N, d_head).

    Shared within the process as well. 100 passages of 196 tokens take half a gigabyte.
    """
    return _problem_on(tuple(map(tuple, passages)))


@lru_cache(maxsize=1)
def _problem_on(passages: tuple[tuple[int, ...], ...]) -> Problem:
    return stacked(_heads_on.__wrapped__(ids).problem for ids in passages)


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
