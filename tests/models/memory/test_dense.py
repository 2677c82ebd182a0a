"""Exact draws of dense memories against memories that are really built, and closed forms."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

from brainbook.models.memory import dense as dc


def built_error(neurons: int, degree: int, patterns: int, trials: int) -> float:
    """Share of unstable first bits in memories whose patterns are all made."""
    rng = np.random.default_rng(3)
    energy = np.exp if degree == 0 else lambda x: x.astype(float) ** degree
    failed = 0
    for _ in range(trials):
        xi = rng.choice([-1, 1], (patterns, neurons))
        flipped = xi[0].copy()
        flipped[0] *= -1
        failed += energy(xi @ flipped).sum() > energy(xi @ xi[0]).sum()
    return failed / trials


@pytest.mark.parametrize("neurons, degree, patterns", [(20, 2, 12), (12, 3, 40), (9, 0, 200)])
def test_draws_agree_with_built_memories(neurons, degree, patterns):
    trials = 6000
    built = built_error(neurons, degree, patterns, trials)
    drawn = dc.bit_error(neurons, degree, patterns, 40_000, np.random.default_rng(0))
    assert 0.02 < built < 0.6
    spread = np.sqrt(built * (1 - built) * (1 / trials + 1 / 40_000))
    assert drawn == pytest.approx(built, abs=4 * spread)


@pytest.mark.parametrize("degree", [2, 3, 4])
def test_cost_of_a_flip_is_the_difference_of_energies(degree):
    rng = np.random.default_rng(1)
    xi = rng.choice([-1, 1], (7, 10))
    gap, kick = dc.gap_and_kick(10, degree)
    flipped = xi[0].copy()
    flipped[4] *= -1
    cost = ((xi @ xi[0]).astype(float) ** degree).sum() - (
        (xi @ flipped).astype(float) ** degree
    ).sum()
    agree = xi[1:, 4] * xi[0, 4]
    rest = xi[1:] @ xi[0] - agree
    # for even degrees the kick is odd in w, for odd ones even
    assert cost == pytest.approx(gap + (agree * kick(rest)).sum(), rel=1e-12)


def test_exponential_costs_against_energies_of_all_flips():
    rng = np.random.default_rng(2)
    xi = rng.choice([-1.0, 1.0], (30, 8))
    costs = dc.flip_costs(xi, xi)
    scale = np.exp(7) * (np.e - 1 / np.e)
    for pattern, bit in product((0, 11, 29), (0, 5)):
        flipped = xi[pattern].copy()
        flipped[bit] *= -1
        direct = np.exp(xi @ xi[pattern]).sum() - np.exp(xi @ flipped).sum()
        assert costs[pattern, bit] == pytest.approx(direct / scale, rel=1e-9)
    assert dc.flip_costs(xi[:1], xi[:1]) == pytest.approx(np.ones((1, 8)))


def test_cells_are_a_distribution_with_the_right_moments():
    for neurons in (9, 500):
        w, mass = dc.overlap_cells(neurons, fold=False)
        assert mass.sum() == pytest.approx(1) and mass @ w**2 == pytest.approx(neurons - 1)
        folded, half = dc.overlap_cells(neurons, fold=True)
        assert half.sum() == pytest.approx(1) and half @ folded**2 == pytest.approx(neurons - 1)
        assert half @ folded**6 == pytest.approx(mass @ w**6, rel=1e-9)
        assert (folded >= 0).all()


@pytest.mark.parametrize("degree", [2, 3, 4])
def test_gaussian_capacity_comes_to_the_law(degree):
    large = 200_000
    law = dc.law_capacity(large, degree, 0.005)
    assert dc.gaussian_capacity(large, degree, 0.005) == pytest.approx(law, rel=1e-3)
    small = dc.gaussian_capacity(20, degree, 0.005) / dc.law_capacity(20, degree, 0.005)
    assert abs(small - 1) > 0.01


def test_law_for_pairs_is_the_quantile_of_the_signal():
    # n = 2: signal 1, noise sqrt(K / N), hence K / N = 1 / z^2
    assert dc.law_capacity(1000, 2, 0.005) == pytest.approx(1000 / norm.isf(0.005) ** 2)


def test_perfect_rule_is_the_leading_logarithm():
    table = dc.perfect_table((2, 4), [100, 10**6])
    ratio = table.pivot(index="neurons", columns="degree", values="ratio")
    assert (ratio.loc[10**6] < ratio.loc[100]).all() and (ratio > 1).all().all()


def test_capacity_and_slope_of_a_short_run():
    table = dc.capacity_table((2, 4), [256, 1024, 4096], [0, 1], 4000, 0.02)
    slopes = dc.capacity_slopes(table, 256).mean()
    assert slopes[2] == pytest.approx(1, abs=0.1)
    assert slopes[4] == pytest.approx(3, abs=0.1)


def test_the_search_for_a_capacity_knows_no_law(monkeypatch):
    ordinary = dc.capacity_table((3,), [256], [0], 4000, 0.02)
    monkeypatch.setattr(dc, "gaussian_capacity", None)
    monkeypatch.setattr(dc, "law_capacity", lambda *_: 1.0)
    assert dc.capacity_table((3,), [256], [0], 4000, 0.02)["capacity"].equals(ordinary["capacity"])
    patterns, share = dc.overloaded(256, 3, np.random.default_rng(0))
    assert patterns / 256 in {4**n for n in range(10)} and share >= dc.OFTEN
    assert dc.bit_error(256, 3, patterns // 4, 4000, np.random.default_rng(1)) < 1.5 * dc.OFTEN


def test_first_failure_is_a_pair_that_differs_in_one_bit():
    rng = np.random.default_rng(5)
    count = dc.first_failure(10, rng, 1, 1000)
    rng = np.random.default_rng(5)
    xi = np.concatenate([rng.choice([-1.0, 1.0], (1, 10)) for _ in range(count)])
    distance = (10 - xi @ xi.T) / 2
    assert (distance[-1] == 1).any()
    assert not (distance[:-1, :-1] == 1).any()


def test_law_for_all_patterns_is_a_birthday():
    table = dc.failure_table([14, 18], [0, 1, 2], trials=60)
    ratio = (table["patterns"] / table["law"]).mean()
    assert ratio == pytest.approx(1, abs=0.15)
    assert dc.all_stable_law(20) == pytest.approx(np.sqrt(2 * np.log(2) * 2**20 / 20))


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda: dc.gap_and_kick(10, 1), "degree"),
        (lambda: dc.bit_error(10, 2, 1, 5, np.random.default_rng(0)), "patterns"),
        (lambda: dc.first_failure(10, np.random.default_rng(0), 0, 5), "block"),
    ],
)
def test_errors_name_the_parameter(call, named):
    with pytest.raises(ValueError, match=named):
        call()
