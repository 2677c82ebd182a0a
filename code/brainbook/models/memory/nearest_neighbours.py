"""A memory of text outside the weights: the nearest-neighbour language model.

Every position of a text is stored as a pair: the state that a language model had there (key)
and the token that came next (value). The next token of a new text is then predicted from the
stored positions whose states are nearest, p(w) ~ sum over neighbours with value w of
exp(-|q - k|^2 / temperature), and mixed with the model's own prediction (Khandelwal et al. 2020).

Over the whole store this is softmax attention: the query attends to the keys with a bias
-|k|^2 / temperature, and the values are tokens one-hot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from brainbook.models.attention.softmax import softmax_attention

BLOCK = 512  # queries compared with the whole store at once


@dataclass(frozen=True)
class Store:
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

    def joined(self, other: Store) -> Store:
        """Both stores as one."""
        return Store(torch.cat([self.key, other.key]), torch.cat([self.value, other.value]))


@torch.no_grad()
def neighbours(query: Tensor, store: Store, count: int) -> tuple[Tensor, Tensor]:
    """Squared distances (N, count) to the nearest keys, rising, and their numbers (N, count).

    Raises
    ------
    ValueError : ``count`` is not between 1 and the size of the store.
    """
    if not 1 <= count <= len(store):
        raise ValueError(f"count: got {count}; allowed are 1 to {len(store)}")
    length = store.key.square().sum(-1)
    found = []
    for block in query.split(BLOCK):
        near = torch.addmm(length, block, store.key.T, alpha=-2).topk(count, largest=False)
        found.append((near.values + block.square().sum(-1, keepdim=True), near.indices))
    distance, number = (torch.cat(part) for part in zip(*found, strict=True))
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


def distribution(query: Tensor, store: Store, tokens: int, temperature: float) -> Tensor:
    """All neighbours' prediction (N, tokens), by distances: the kernel estimate itself."""
    distance = torch.cdist(query, store.key, compute_mode="donot_use_mm_for_euclid_dist").square()
    weight = torch.exp(-(distance - distance.amin(-1, keepdim=True)) / temperature)
    onehot = torch.nn.functional.one_hot(store.value, tokens).to(weight)
    return weight @ onehot / weight.sum(-1, keepdim=True)


def attended(query: Tensor, store: Store, tokens: int, temperature: float) -> Tensor:
    """The same (N, tokens) as softmax attention with inner products.

    A further entry of query and key, 1 and -|k|^2 / temperature, carries the bias.
    """
    bias = -store.key.square().sum(-1, keepdim=True) / temperature
    asking = torch.cat([2 * query / temperature, torch.ones_like(query[:, :1])], -1)
    onehot = torch.nn.functional.one_hot(store.value, tokens).to(query)
    return softmax_attention(asking, torch.cat([store.key, bias], -1), onehot)[0]


def mixed(parts: Iterable[np.ndarray], shares: Iterable[float]) -> np.ndarray:
    """Weighted sum of probabilities, (N,)."""
    return sum(share * part for share, part in zip(shares, parts, strict=True))


def best_shares(parts: list[np.ndarray], steps: int = 200) -> np.ndarray:
    """Shares of a mixture that make the given tokens most likely: expectation maximisation.

    parts : for each component the probability of every token, (N,). The likelihood is concave
    in the shares, so the one maximum is found.
    """
    likely = np.stack(parts)
    shares = np.full(len(parts), 1 / len(parts))
    for _ in range(steps):
        owned = shares[:, None] * likely
        shares = (owned / owned.sum(0)).mean(1)
    return shares


def perplexity(probabilities: np.ndarray) -> float:
    """exp of the mean negative log probability."""
    return float(np.exp(-np.log(probabilities).mean()))
