"""Continuous modern Hopfield network: its update is softmax attention.

Shapes: states (..., B, d), patterns (..., P, d); leading dimensions are batched. beta is the
inverse temperature. Equations: Ramsauer et al. (2021); the network with two layers of neurons
is model B of Krotov and Hopfield (2021).
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor

SHARE = 0.9  # of the weights; what Ramsauer et al. count


def check_beta(beta: float) -> None:
    """Raise a ValueError unless beta is positive."""
    if not beta > 0:
        raise ValueError(f"beta: got {beta}; must be positive")


def weights(states: Tensor, patterns: Tensor, beta: float = 1.0) -> Tensor:
    """softmax(beta X^T xi), (..., B, P).

    Raises
    ------
    ValueError : beta is not positive.
    """
    check_beta(beta)
    return (beta * states @ patterns.mT).softmax(-1)


def update(states: Tensor, patterns: Tensor, beta: float = 1.0) -> Tensor:
    """One update of Ramsauer et al.: X softmax(beta X^T xi), (..., B, d)."""
    return weights(states, patterns, beta) @ patterns


def energy(states: Tensor, patterns: Tensor, beta: float = 1.0) -> Tensor:
    """-lse(beta, X^T xi) + xi.xi / 2 + ln(P) / beta + max |x|^2 / 2, (..., B); at least zero."""
    check_beta(beta)
    count = torch.tensor(float(patterns.shape[-2]), dtype=patterns.dtype)
    largest = patterns.square().sum(-1).amax(-1, keepdim=True)
    lse = (beta * states @ patterns.mT).logsumexp(-1) / beta
    return -lse + states.square().sum(-1) / 2 + count.log() / beta + largest / 2


def iterate(states: Tensor, patterns: Tensor, updates: int, beta: float = 1.0) -> Tensor:
    """States after so many updates."""
    for _ in range(updates):
        states = update(states, patterns, beta)
    return states


def keys_holding(weight: Tensor, share: float = SHARE) -> Tensor:
    """Least number of the last dimension's entries that add to ``share`` or more; int64.

    ``weight`` is non-negative and adds to one. A rounding error of 1e-9 is forgiven, so that
    uniform weights over P entries give the ceiling of share P.

    Raises
    ------
    ValueError : the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share: got {share}; must lie between 0 and 1")
    running = weight.double().sort(-1, descending=True).values.cumsum(-1)
    slack = 1e-9 if weight.dtype == torch.float64 else 1e-6
    return (running < share - slack).sum(-1) + 1


def uniform_keys(count: int, share: float = SHARE) -> int:
    """:func:`keys_holding` of uniform weights over ``count`` entries."""
    return ceil(round(share * count, 9))


def two_layers(
    visible: Tensor, hidden: Tensor, patterns: Tensor, taus: tuple, steps: int, step: float
) -> tuple[Tensor, Tensor]:
    """Krotov and Hopfield's two layers with L_v = v.v / 2 and L_h = log sum exp(h).

    tau_v dv/dt = X softmax(h) - v and tau_h dh/dt = X^T v - h, by Euler steps; both layers move
    at once. visible (B, d), hidden (B, P). Returns the last visible state and the energies
    (steps + 1, B): v.v / 2 + h.f - L_h - f.X^T v, with f = softmax(h).
    """
    energies = []
    for _ in range(steps + 1):
        rates = hidden.softmax(-1)
        match = visible @ patterns.mT
        legendre = (hidden * rates).sum(-1) - hidden.logsumexp(-1)
        energies.append(visible.square().sum(-1) / 2 + legendre - (rates * match).sum(-1))
        last = visible
        visible = visible + step / taus[0] * (rates @ patterns - visible)
        hidden = hidden + step / taus[1] * (match - hidden)
    return last, torch.stack(energies)


def clustered_patterns(groups: int, members: int, width: int, spread: float, seed: int) -> Tensor:
    """Unit vectors in groups: (groups * members, width), float64.

    A member is its group's random unit direction plus Gaussian noise of length ``spread``.
    """
    generator = torch.Generator().manual_seed(seed)
    draw = {"generator": generator, "dtype": torch.float64}
    centre = torch.nn.functional.normalize(torch.randn(groups, 1, width, **draw), dim=-1)
    noise = torch.randn(groups, members, width, **draw) * spread / width**0.5
    return torch.nn.functional.normalize(centre + noise, dim=-1).flatten(0, 1)
