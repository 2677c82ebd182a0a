"""Closed forms of mean and variance against averages over many draws."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from brainbook.models.features import laws, maps
from brainbook.models.features.draws import Antithetic, Orthogonal, Simplex, Sobol
from brainbook.models.features.unbiased import (
    Mixture,
    Optimal,
    Transformed,
    fit,
    optimal_coefficient,
)
from brainbook.models.features.variance import pair_variance

D = 6
REPEATS = 30_000  # independent groups of units per pair


def pairs(seed=0, scale=0.3):
    generator = torch.Generator().manual_seed(seed)
    query, key = scale * torch.randn(2, 4, D, generator=generator, dtype=torch.float64)
    return query, key, generator


def estimates(feature_map, query, key, units, generator, repeats=REPEATS):
    """Independent estimates over exp(q . k), (repeats, pairs)."""
    hidden = feature_map.draw(units, D, generator, (repeats,), torch.float64)
    (a, s), (b, t) = feature_map.read(query, hidden), feature_map.write(key, hidden)
    product = (s + t).exp() * (1.0 if a is None else a) * (1.0 if b is None else b)
    return product.mean(-1) / (query * key).sum(-1).exp()


def assert_variance(sample, expected):
    """Sample variance within four of its standard errors, from the sample's fourth moment.

    Four of them leave one failure in some ten thousand; the error itself must be small, so
    that a wrong law is noticed.
    """
    centred = sample - sample.mean(0)
    variance = centred.square().mean(0)
    error = (centred.pow(4).mean(0) - variance.square()).sqrt() / math.sqrt(len(sample))
    assert (error < 0.1 * expected).all()
    assert ((variance - expected).abs() < 4 * error).all()


def assert_mean(sample, expected):
    error = sample.std(0) / math.sqrt(len(sample))
    assert ((sample.mean(0) - expected).abs() < 4 * error).all()


VARIANCES = {
    "independent": (maps.Positive(), pair_variance, 1),
    "trigonometric": (maps.Trigonometric(), laws.trigonometric_variance, 1),
    "antithetic": (maps.Positive().drawn(Antithetic()), laws.antithetic_variance, 2),
    "orthogonal": (maps.Positive().drawn(Orthogonal()), laws.orthogonal_variance, D),
    "orthogonal, two groups": (maps.Positive().drawn(Orthogonal()), laws.orthogonal_variance, 12),
    "simplex": (maps.Positive().drawn(Simplex()), laws.simplex_variance, D),
}


@pytest.mark.parametrize("name", VARIANCES)
def test_unbiased_maps_have_their_mean_and_their_variance(name):
    feature_map, law, units = VARIANCES[name]
    query, key, generator = pairs(scale=0.22)
    sample = estimates(feature_map, query, key, units, generator)
    assert_mean(sample, 1.0)
    assert_variance(sample, law(query, key, units))


def test_a_wrong_law_is_noticed():
    query, key, generator = pairs(scale=0.22)
    sample = estimates(maps.Positive().drawn(Simplex()), query, key, D, generator)
    with pytest.raises(AssertionError):
        assert_variance(sample, pair_variance(query, key, D))


@pytest.mark.parametrize("coefficient", [[-0.2], [0.03], [-0.4, -0.1, 0.0, 0.02, -0.05, -0.3]])
def test_optimal_positive_features_have_their_variance(coefficient):
    coefficient = torch.tensor(coefficient, dtype=torch.float64)
    query, key, generator = pairs(scale=0.2)
    sample = estimates(Optimal(coefficient), query, key, 1, generator)
    assert_mean(sample, 1.0)
    assert_variance(sample, laws.optimal_variance(query, key, coefficient))


@pytest.mark.parametrize(("draws", "cosine"), [(Orthogonal(), 0.0), (Simplex(), -1 / (D - 1))])
def test_coupled_optimal_features_have_the_covariance_of_the_positive_map(draws, cosine):
    coefficient = torch.tensor([-0.2], dtype=torch.float64)
    query, key, generator = pairs(scale=0.25)
    sample = estimates(Optimal(coefficient).drawn(draws), query, key, D, generator)
    own = laws.optimal_variance(query, key, coefficient)
    assert_mean(sample, 1.0)
    assert_variance(sample, (own + (D - 1) * laws.coupling(query, key, cosine)) / D)


def test_antithetic_optimal_features_have_their_variance():
    """[c (e^(R/u) + e^(-R)) - 2]/m with c = ((1 + u)^2/4u)^(d/2): own moment and its partner's."""
    coefficient = torch.tensor([-0.2], dtype=torch.float64)
    query, key, generator = pairs(scale=0.25)
    sample = estimates(Optimal(coefficient).drawn(Antithetic()), query, key, 2, generator)
    u, together = 1 - 8 * coefficient, (query + key).square().sum(-1)
    c = ((1 + u).square() / (4 * u)) ** (D / 2)
    assert_variance(sample, (c * ((together / u).exp() + (-together).exp()) - 2) / 2)


def test_coupling_by_its_polynomial_and_its_limits():
    """For even d, e^(R/2) 1F1(-d/2; d/2; -R/2) is a finite sum; parallel rows: by quadrature."""
    query, key, _ = pairs()
    together = (query + key).square().sum(-1)
    half = D // 2
    terms = [
        math.comb(half, k) * (together / 2) ** k / math.prod(range(half, half + k))
        for k in range(half + 1)
    ]
    direct = (-together / 2).exp() * sum(terms) - 1
    assert torch.allclose(laws.coupling(query, key), direct, rtol=1e-10)
    assert (laws.coupling(query, key, -1 / (D - 1)) < laws.coupling(query, key)).all()
    assert (laws.coupling(query, key) < 0).all()
    # opposite rows of independent lengths: cosh's of one projection, E over a, b, direction
    opposite = laws.coupling(query, key, -1.0)
    generator = torch.Generator().manual_seed(5)
    draw = torch.randn(REPEATS, D, generator=generator, dtype=torch.float64)
    other = torch.randn(REPEATS, D, generator=generator, dtype=torch.float64).norm(dim=-1)
    unit = draw / draw.norm(dim=-1, keepdim=True)
    drive = (draw.norm(dim=-1) - other).unsqueeze(-1) * (unit @ (query + key).mT)
    assert_mean((drive - together).exp() - 1, opposite)


def test_optimal_coefficient_is_the_least_of_its_law():
    query, key, _ = pairs(scale=1.5)
    for q, k in zip(query, key, strict=True):
        q, k = q[None], k[None]
        best = optimal_coefficient((q + k).square().sum(-1) / D)
        at_best = laws.optimal_variance(q, k, best)
        assert at_best < pair_variance(q, k)
        for step in (-1e-3, 1e-3):
            assert laws.optimal_variance(q, k, best + step) > at_best
    zero = torch.zeros(1, dtype=torch.float64)
    assert torch.allclose(laws.optimal_variance(query, key, zero), pair_variance(query, key))


def test_transforms_have_the_law_of_the_moved_pair():
    query, key, generator = pairs(scale=0.3)
    a, b = 0.2 * torch.randn(2, D, generator=generator, dtype=torch.float64)
    matrix = torch.eye(D).double() + 0.1 * torch.randn(D, D, generator=generator).double()
    coefficient = torch.full((D,), -0.1, dtype=torch.float64)
    moved = Transformed(a, b, matrix, Optimal(coefficient))
    sample = estimates(moved, query, key, 1, generator)
    assert_mean(sample, 1.0)
    expected = laws.optimal_variance(moved.moved_query(query), moved.moved_key(key), coefficient)
    assert_variance(sample, expected)


def test_mixture_of_one_centre_has_the_law_of_the_shifted_pair():
    query, key, generator = pairs(scale=0.22)
    centre = (query + key)[:1] + 0.1
    sample = estimates(Mixture(centre), query, key, 1, generator)
    assert_mean(sample, 1.0)
    assert_variance(sample, (query + key - centre).square().sum(-1).expm1())
    exact = estimates(Mixture((query + key)[:1]), query, key, 1, generator, 50)[:, 0]
    assert torch.allclose(exact, torch.ones(50).double(), atol=1e-12)


def test_mixture_has_the_variance_of_its_integral():
    """One dimension, three centres: the integral of N(w; q + k)^2/p by quadrature."""
    query, key = torch.tensor([[0.5]]).double(), torch.tensor([[0.4]]).double()
    centres = torch.tensor([[-0.3], [0.8], [1.5]]).double()
    width = 1.2

    def integrand(w):
        p = stats.norm.pdf(w, centres.numpy(), width).mean()
        return stats.norm.pdf(w, 0.9) ** 2 / p

    expected = integrate.quad(integrand, -12, 14)[0] - 1
    generator = torch.Generator().manual_seed(1)
    feature_map = Mixture(centres, width)
    hidden = feature_map.draw(1, 1, generator, (REPEATS,), torch.float64)
    exponent = feature_map.read(query, hidden)[1] + feature_map.write(key, hidden)[1]
    sample = (exponent - 0.2).exp().squeeze(-1)
    assert_mean(sample, 1.0)
    assert_variance(sample, torch.tensor([expected]).double())


def test_sobol_points_are_unbiased_and_scatter_less():
    query, key, generator = pairs(scale=0.25)
    sample = estimates(maps.Positive().drawn(Sobol()), query, key, 256, generator, 200)
    assert_mean(sample, 1.0)
    bound = stats.chi2.ppf(1e-4, 199) / 199  # an independent draw falls below once in 10^4
    assert (sample.var(0) < bound * pair_variance(query, key, 256)).all()


BIASES = {
    "linear": (maps.Linear(), laws.linear_bias),
    "rectified": (maps.RectifiedCosine(), laws.rectified_cosine_bias),
    "low ceiling": (
        maps.TruncatedExponential(1.5),
        lambda query, key: laws.truncated_bias(query, key, 1.5),
    ),
    "ceiling below one": (
        maps.TruncatedExponential(0.8),
        lambda query, key: laws.truncated_bias(query, key, 0.8),
    ),
}


@pytest.mark.parametrize("name", BIASES)
def test_biased_maps_have_the_bias_of_the_closed_form(name):
    feature_map, law = BIASES[name]
    query, key, generator = pairs(scale=0.4)
    sample = estimates(feature_map, query, key, 1, generator, 100_000)
    assert_mean(sample, 1 + law(query, key))
    assert (law(query, key).abs() > 8 * sample.std(0) / math.sqrt(len(sample))).any()


def test_a_high_ceiling_leaves_no_bias():
    query, key, _ = pairs(scale=0.4)
    nothing = torch.zeros(4, dtype=torch.float64)
    assert torch.allclose(laws.truncated_bias(query, key, 1e12), nothing, atol=1e-12)


def test_taylor_map_has_its_bias_and_no_scatter():
    query, key, generator = pairs(scale=0.7)
    size = maps.Taylor.size(D)
    sample = estimates(maps.Taylor(), query, key, size, generator, 3)
    assert torch.allclose(sample, (1 + laws.taylor_bias(query, key)).expand(3, 4), atol=1e-12)
    score = torch.tensor([2.0]).double().sqrt().view(1, 1)
    more_than_two = stats.poisson.sf(2, 2.0)
    assert -laws.taylor_bias(score, score).item() == pytest.approx(more_than_two, abs=1e-12)


def test_laws_name_what_they_cannot_take():
    query, key, _ = pairs()
    with pytest.raises(ValueError, match="units"):
        laws.orthogonal_variance(query, key, D + 1)
    with pytest.raises(ValueError, match="query, key"):
        laws.linear_bias(query, key[:, :2])


def test_laws_of_fitted_maps_fall_with_every_step():
    """Mean log second moment over calibration pairs: round, optimal, dense; all unbiased."""
    generator = torch.Generator().manual_seed(2)
    mixing = torch.randn(2, D, D, generator=generator, dtype=torch.float64)
    query, key = torch.randn(2, 3, 1, 40, D, generator=generator, dtype=torch.float64) @ (
        0.4 * mixing.view(2, 1, 1, D, D)
    )
    logs = []
    for shape in ("round", "optimal", "dense"):
        moved = fit(query, key, shape)
        base = moved.base
        coefficient = base.coefficient if isinstance(base, Optimal) else torch.zeros(1, 1).double()
        every = [x.unsqueeze(-2).expand(3, 1, 40, 40, D) for x in (moved.moved_query(query),)]
        other = moved.moved_key(key).unsqueeze(-3).expand(3, 1, 40, 40, D)
        law = laws.optimal_variance(
            every[0].flatten(2, 3), other.flatten(2, 3), coefficient.expand(1, -1)
        )
        logs.append(law.log1p().mean().item())
    assert np.all(np.diff(logs) < 0)
