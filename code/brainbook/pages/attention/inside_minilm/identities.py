"""The identity behind the running model: its path through the library."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from brainbook.evidence import pretrained
from brainbook.models.astrocyte.inside_minilm import HeadFunction, hidden_states

from .replacing import INTACT_HEADS


def path_gap(texts: Sequence[str], layers: Sequence[HeadFunction] = INTACT_HEADS) -> float:
    """Our path with exact heads, or others, against the library's own pass, all states."""
    model, tokenizer = pretrained.minilm(torch.float64)
    gaps = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt").input_ids
        with torch.no_grad():
            own = model(input_ids=ids, output_hidden_states=True).hidden_states
        gap = hidden_states(ids, layers, torch.float64) - torch.stack(own, 1)
        gaps.append(gap.abs().max().item())
    return max(gaps)
