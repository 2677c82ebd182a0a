"""Identities and closed forms that tuned units and random draws must meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.features.draws import Antithetic, Orthogonal, Simplex
from brainbook.models.features.landmarks import Landmarks, Tuning, unexplained
from brainbook.models.features.laws import (
    antithetic_variance,
    optimal_variance,
    orthogonal_variance,
    simplex_variance,
    trigonometric_variance,
)
from brainbook.models.features.maps import FeatureMap, Positive, Trigonometric
from brainbook.models.features.unbiased import Optimal, Transformed

LAMBDA = 0.05  # leak at which the fixed point is checked


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/one_astrocyte: largest gap between two ways to one number, float64.

    moves : scores of moved and mixed queries and keys with their factors, and q . k.
    settled : drive, and leak and inhibition, at the rates used.
    """
    generator = Generator().manual_seed(seed)
    query, key = torch.randn(2, 3, 2, 20, 6, generator=generator, dtype=torch.float64)
    a, b = torch.randn(2, 2, 6, generator=generator, dtype=torch.float64)
    matrix = torch.randn(2, 6, 6, generator=generator, dtype=torch.float64) + 3 * torch.eye(6)
    moved = Transformed(a, b, matrix, Positive())
    # q . k = q' . k' + a . k + q . b - a . b
    scores = moved.moved_query(query) @ moved.moved_key(key).mT
    scores = scores + (key @ a.unsqueeze(-1)).mT + query @ b.unsqueeze(-1)
    scores = scores - (a * b).sum(-1).view(-1, 1, 1)
    # kappa(q) = leak rho + K rho
    tuned = Landmarks.fitted(query, key, 15, generator, ridge=LAMBDA)
    rates = tuned.rates(query)
    drive = torch.stack([tuned.tuning_curves(one) for one in query])
    inhibition = torch.stack([rate @ tuned.overlap for rate in rates])
    return {
        "moves": float((query @ key.mT - scores).abs().max()),
        "settled": float((drive - LAMBDA * rates - inhibition).abs().max()),
    }


def measure_mixture_law(seeds: Iterable[int], keys: int = 200_000, units: int = 10) -> pd.Series:
    """Page attention/one_astrocyte: what a mixture of tuned units leaves, over 1 - k^T K^-1 k.

    Mean squares over ``keys`` Gaussian keys and twenty queries, by seed.
    """
    return pd.Series({seed: _mixture_ratio(seed, keys, units) for seed in seeds})


def _mixture_ratio(seed: int, keys: int, units: int) -> float:
    generator = Generator().manual_seed(seed)
    mix = torch.eye(3, dtype=torch.float64) / 2
    landmark, query = (
        torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in (units, 20)
    )
    metric, zero = (mix @ mix.T)[None], torch.zeros(1, 1, 3, dtype=torch.float64)
    tuned = Landmarks(Tuning(landmark[None], torch.zeros(1, units), zero, metric), ridge=1e-9)
    key = torch.randn(keys, 3, generator=generator, dtype=torch.float64) @ mix.T

    def functions(x: Tensor) -> Tensor:
        """exp(x . k) for all keys, divided by their norms over Gaussian keys: (keys, n)."""
        return (key @ x.T - ((x @ metric[0]) * x).sum(-1)).exp()

    left = functions(query) - functions(landmark) @ tuned.rates(query[None])[0].T
    return float(left.square().mean() / unexplained(tuned, query[None]).mean())


def measure_draw_laws(seeds: Iterable[int], draws: int = 40_000) -> pd.Series:
    """Page attention/one_astrocyte: measured over closed-form variance of random maps, by seed.

    Mean over five maps and four pairs of width six; one group of dependent units a draw.
    """
    return pd.Series({seed: _draw_ratio(seed, draws) for seed in seeds})


def _draw_ratio(seed: int, draws: int, d: int = 6) -> float:
    coefficient = torch.tensor([-0.1], dtype=torch.float64)
    laws: list[tuple[FeatureMap, int, Callable[..., Tensor]]] = [
        (Trigonometric(), 1, trigonometric_variance),
        (Positive().drawn(Antithetic()), 2, antithetic_variance),
        (Positive().drawn(Orthogonal()), d, orthogonal_variance),
        (Positive().drawn(Simplex()), d, simplex_variance),
        (Optimal(coefficient), 1, lambda q, k, m: optimal_variance(q, k, coefficient, m)),
    ]
    generator = seeded(83, seed)
    # |q + k|^2 is about one half: sample variances of rarer events scatter too much
    query, key = 0.2 * torch.randn(2, 4, d, generator=generator, dtype=torch.float64)
    score = (query * key).sum(-1)
    ratios = []
    for feature_map, units, law in laws:
        hidden = feature_map.draw(units, d, generator, (draws,), torch.float64)
        (a, s), (b, t) = feature_map.read(query, hidden), feature_map.write(key, hidden)
        product = (s + t).exp() * (1 if a is None else a) * (1 if b is None else b)
        estimate = product.mean(-1) / score.exp()  # (draws, pairs)
        ratios.append(estimate.var(0) / law(query, key, units))
    return torch.stack(ratios).mean().item()
