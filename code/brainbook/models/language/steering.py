"""Running MiniLM from a layer on, with the states of all tokens edited on the way.

Layers are numbered by what enters them: 0 is what the embeddings give, 6 what the last block
gives. Passages have equal length, so nothing is padded. A passage's vector is the mean of the
last states over its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from brainbook.evidence import pretrained

LAYERS = 6
TOGETHER = 64  # passages in one pass
Edit = Callable[[Tensor], Tensor]


@torch.no_grad()
def embedded(ids: np.ndarray) -> Tensor:
    """What enters the first block, (passages, N, width)."""
    model, _ = pretrained.minilm()
    return torch.cat([model.embeddings(part) for part in torch.as_tensor(ids).split(TOGETHER)])


@torch.no_grad()
def run(states: Tensor, start: int, stop: int, edits: Mapping[int, Edit] | None = None) -> Tensor:
    """States entering layer ``stop`` from those entering ``start``; edits by layer, as it enters.

    Raises
    ------
    ValueError : layers out of order, or not from 0 to 6.
    """
    if not 0 <= start <= stop <= LAYERS:
        raise ValueError(f"start, stop: got {start}, {stop}; allowed are 0 <= start <= stop <= 6")
    edits = edits or {}
    blocks, found = pretrained.minilm()[0].encoder.layer, []
    for part in states.split(TOGETHER):
        for layer in range(start, stop):
            part = blocks[layer](edits[layer](part) if layer in edits else part)
        found.append(edits[stop](part) if stop in edits else part)
    return torch.cat(found)


def added(vector: np.ndarray, strength: float) -> Edit:
    """Edit that adds ``strength`` times a vector (width,) to every token."""
    step = torch.as_tensor(strength * vector, dtype=torch.float32)
    return lambda states: states + step


def vectors(states: Tensor) -> np.ndarray:
    """Mean over tokens, (passages, width), float64."""
    return states.mean(-2).double().numpy()


def unit(x: np.ndarray) -> np.ndarray:
    """Rows divided by their length."""
    return x / np.linalg.norm(x, axis=-1, keepdims=True)
