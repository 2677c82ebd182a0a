"""A memory of text outside the weights: the nearest-neighbour language model.

Every position of a text is stored as a pair: the state that a language model had there (key)
and the token that came next (value). The next token of a new text is then predicted from the
stored positions whose states are nearest, p(w) ~ sum over neighbours with value w of
exp(-|q - k|^2 / temperature), and mixed with the model's own prediction (Khandelwal et al. 2020).

Over the whole store this is softmax attention: the query attends to the keys with a bias
-|k|^2 / temperature, and the values are tokens one-hot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from brainbook.models.attention.softmax import softmax_attention

BLOCK = 512  # queries compared with the whole store at once


@dataclass(frozen=True)
class Datastore:
    """Keys (stored, width) and the tokens that followed, (stored,) int64."""

    key: Tensor
    value: Tensor

    def __post_init__(self) -> None:
        if self.key.ndim != 2 or self.value.shape != self.key.shape[:1]:
            raise ValueError(
                f"value: got shape {tuple(self.value.shape)}; one token for each of the keys "
                f"{tuple(self.key.shape)} is needed"
            )

    def __len__(self) -> int:
        return len(self.value)

    def first(self, count: int) -> Datastore:
        """The positions stored first."""
        return Datastore(self.key[:count], self.value[:count])


@torch.no_grad()
def neighbours(query: Tensor, store: Datastore, count: int) -> tuple[Tensor, Tensor]:
    """Squared distances (N, count) to the nearest keys, rising, and their numbers (N, count).

    Raises
    ------
    ValueError : ``count`` is not between 1 and the size of the store.
    """
    if not 1 <= count <= len(store):
        raise ValueError(f"count: got {count}; allowed are 1 to {len(store)}")
    length, nearest = store.key.square().sum(-1), []
    for block in query.split(BLOCK):
        # |q - k|^2 = |k|^2 - 2 q.k + |q|^2, the last the same for all keys
        apart = torch.addmm(length, block, store.key.T, alpha=-2)  # (block, stored)
        near = apart.topk(count, largest=False)
        nearest.append((near.values + block.square().sum(-1, keepdim=True), near.indices))
    distance, number = (torch.cat(part) for part in zip(*nearest, strict=True))
    return distance.clamp_min(0), number


def probability(distance: Tensor, value: Tensor, target: Tensor, temperature: float) -> Tensor:
    """Probability (N,) that the neighbours give to the ``target`` tokens (N,).

    distance, value : (N, count), the neighbours' squared distances and tokens.

    Raises
    ------
    ValueError : ``temperature`` is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"temperature: got {temperature}; must be positive")
    weight = (-distance.double() / temperature).softmax(-1)
    return (weight * (value == target.unsqueeze(-1))).sum(-1)


def distribution(query: Tensor, store: Datastore, tokens: int, temperature: float) -> Tensor:
    """All neighbours' prediction (N, tokens), by distances: the kernel estimate itself."""
    apart = torch.cdist(query, store.key, compute_mode="donot_use_mm_for_euclid_dist")
    distance = apart.square()  # (N, stored)
    weight = torch.exp(-(distance - distance.amin(-1, keepdim=True)) / temperature)
    onehot = torch.nn.functional.one_hot(store.value, tokens).to(weight)  # (stored, tokens)
    return weight @ onehot / weight.sum(-1, keepdim=True)


def attended(query: Tensor, store: Datastore, tokens: int, temperature: float) -> Tensor:
    """The same (N, tokens) as softmax attention with inner products.

    A further entry of query and key, 1 and -|k|^2 / temperature, carries the bias.
    """
    bias = -store.key.square().sum(-1, keepdim=True) / temperature
    asking = torch.cat([2 * query / temperature, torch.ones_like(query[:, :1])], -1)  # (N, d + 1)
    onehot = torch.nn.functional.one_hot(store.value, tokens).to(query)
    return softmax_attention(asking, torch.cat([store.key, bias], -1), onehot)[0]


def mixed(parts: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """Weighted sum of probabilities, each part (N,): (N,)."""
    return np.asarray(shares) @ np.stack(parts)


def best_shares(parts: Sequence[np.ndarray], steps: int = 200) -> np.ndarray:
    """Shares of a mixture that make the given tokens most likely: expectation maximisation.

    parts : for each component the probability of every token, (N,). The likelihood is concave
    in the shares, so the one maximum is found.
    """
    likely = np.stack(parts)  # (parts, N)
    shares = np.full(len(parts), 1 / len(parts))
    for _ in range(steps):
        owned = shares[:, None] * likely
        shares = (owned / owned.sum(0)).mean(1)
    return shares


def perplexity(probabilities: np.ndarray) -> float:
    """exp of the mean negative log probability."""
    return float(np.exp(-np.log(probabilities).mean()))
