"""Noisy rates: what they cost, and the variance that they add."""

import pytest
import torch

from brainbook.models.attention.softmax import Problem
from brainbook.models.features.landmarks import Landmarks
from brainbook.pages.attention.one_astrocyte.noise import Noisy, robustness


def test_noise_of_zero_changes_nothing_and_noise_costs():
    generator = torch.Generator().manual_seed(0)
    known = Problem(*torch.randn(3, 8, 2, 3, 24, 4, generator=generator))  # (passages, layers, …)
    documents = {seed: known[seed] for seed in range(2)}
    frame = robustness(16, (0.01, 0.1), (0, 0.3), documents, known[2:])
    assert len(frame) == 2 * 2 * 2 * 2 * 3
    by = frame.groupby(["ridge", "noise"])["error"].median()
    assert (by[:, 0.3] > by[:, 0]).all()
    total = frame.groupby("ridge")["total"].median()
    assert total[0.01] > total[0.1]
    assert frame["negative"].between(0, 1).all()


def test_noise_follows_its_first_order_variance():
    """Var[sum_r rho_r (1 + e z_r) a_r] = e^2 sum_r (rho_r a_r)^2, over many draws."""
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 4, 1, 30, 3, generator=generator, dtype=torch.float64)
    base = Landmarks.fitted(query, key, 10, generator, ridge=0.1)
    rates = base.read(query[0], base.units)[0][0, 0]
    drawn = torch.stack(
        [Noisy(base, 0.2, generator).read(query[0], base.units)[0][0, 0] for _ in range(4000)]
    )
    variance = drawn.sum(-1).var()
    expected = 0.04 * rates.square().sum()
    assert abs(variance / expected - 1) < 4 * (2 / 4000) ** 0.5
    with pytest.raises(ValueError, match="noise: got -1"):
        Noisy(base, -1, generator)
