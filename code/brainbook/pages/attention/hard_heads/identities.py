"""Two checks of the prediction on Gaussian heads: what cannot matter, and its first order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator

from brainbook.models.astrocyte.tuned import read
from brainbook.models.features.landmarks import Landmarks

from .difficulty import predicted_error


@dataclass(frozen=True)
class Checks:
    """moved_keys : :func:`moved_keys`. first_order : :func:`first_order`, one a seed."""

    moved_keys: float
    first_order: tuple[float, ...]


def measure_checks(seeds: Sequence[int]) -> Checks:
    """Page attention/hard_heads, claims: the identity of the first seed, the law of all."""
    return Checks(moved_keys(seeds[0]), tuple(first_order(seed) for seed in seeds))


def moved_keys(seed: int) -> float:
    """How much a vector added to all keys changes the circuit's output: an identity, float64.

    Keys and queries are Gaussian; units are tuned to moved keys as to those in place.
    """
    generator = Generator().manual_seed(seed)
    query, key, value = torch.randn(3, 3, 2, 30, 6, generator=generator, dtype=torch.float64)
    move = 3 * torch.randn(2, 1, 6, generator=generator, dtype=torch.float64)
    outputs = []
    for keys in (key, key + move):
        tuned = Landmarks.fitted(query, keys, 12, Generator().manual_seed(seed), ridge=0.05)
        outputs.append(read(tuned, query[0], keys[0], value[0]).output)
    return float((outputs[0] - outputs[1]).abs().max())


def first_order(seed: int, draws: int = 4000, share: float = 1e-5) -> float:
    """Mean square output error under independent errors of all weights, over its prediction.

    Every exp(q.k) errs by a relative amount of mean square ``share``. One Gaussian head.
    """
    generator = Generator().manual_seed(seed)
    query, key, value = torch.randn(3, 12, 4, generator=generator, dtype=torch.float64)
    scores = query @ key.mT
    noise = torch.randn(draws, *scores.shape, generator=generator, dtype=torch.float64)
    weights = scores.exp() * (1 + share**0.5 * noise)  # (draws, N, N)
    exact = scores.softmax(-1) @ value
    output = weights @ value / weights.sum(-1, keepdim=True)
    square = (output - exact).square().sum((-2, -1)).mean() / exact.square().sum()
    every = torch.full((len(query),), share, dtype=torch.float64)
    return float(square / predicted_error(every, query, key, value).square())
