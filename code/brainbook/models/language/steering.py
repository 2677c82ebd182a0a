"""Running a sentence encoder from a layer on, with the states of all tokens edited on the way.

Layers are numbered by what enters them: 0 is what the embeddings give, L what the last of L
blocks gives. Passages have equal length, so nothing is padded. A passage's vector is the mean of
the last states over its tokens. Models are of the BERT family (transformers library).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from transformers import BertModel

TOGETHER = 64  # passages in one pass
Edit = Callable[[Tensor], Tensor]


def depth(model: BertModel) -> int:
    """Number of blocks."""
    return len(model.encoder.layer)


@torch.no_grad()
def embedded(model: BertModel, ids: np.ndarray) -> Tensor:
    """What enters the first block, (passages, N, width), of token numbers (passages, N)."""
    return torch.cat([model.embeddings(part) for part in torch.as_tensor(ids).split(TOGETHER)])


@torch.no_grad()
def run(
    model: BertModel,
    states: Tensor,
    start: int,
    stop: int,
    edits: Mapping[int, Edit] | None = None,
) -> Tensor:
    """States entering layer ``stop`` from those entering layer ``start``.

    Parameters
    ----------
    model : with L blocks.
    states : (passages, N, width).
    start, stop : 0 <= start <= stop <= L.
    edits : by layer; each changes the states as they enter its layer, ``stop`` included.

    Returns (passages, N, width).

    Raises
    ------
    ValueError : layers out of order, or the model has no such layers.
    """
    last = depth(model)
    if not 0 <= start <= stop <= last:
        allowed = f"allowed are 0 <= start <= stop <= {last}"
        raise ValueError(f"start, stop: got {start}, {stop}; {allowed}")
    edits, blocks, entering = edits or {}, model.encoder.layer, []
    for part in states.split(TOGETHER):
        for layer in range(start, stop):
            part = blocks[layer](edits[layer](part) if layer in edits else part)
        entering.append(edits[stop](part) if stop in edits else part)
    return torch.cat(entering)


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
