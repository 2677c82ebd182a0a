"""Levy and Baxter's optimum against a brute search and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from opjoules.brain.optimal_rate import (
    bits_per_energy,
    cell_ratio,
    loihi_ratio,
    machine_ratio,
    optimal_rate,
    optimal_rate_curve,
    optimum_by_search,
    share_of_best,
    spike_entropy,
)
from opjoules.hardware.catalogue import profile

RATIOS = (0.5, 1.0, 2.0, 6.1, 60.0, 700.0)


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_optimum_solves_the_equation_and_is_one(ratio):
    best = optimal_rate(ratio)
    assert best == pytest.approx((1 - best) ** ratio, abs=1e-14)
    grid = np.linspace(1e-6, 1 - 1e-6, 200_001)
    assert bits_per_energy(grid, ratio).max() <= bits_per_energy(best, ratio)
    assert optimum_by_search(ratio) == pytest.approx(best, abs=1e-12)
    assert bits_per_energy(best, ratio) == pytest.approx(-np.log2(1 - best), abs=1e-13)


def test_known_optima():
    assert optimal_rate(1.0) == pytest.approx(0.5, abs=1e-14)
    assert optimal_rate(2.0) == pytest.approx((3 - 5**0.5) / 2, abs=1e-14)


def test_bits_are_shannons():
    for rate in (0.0, 0.1, 0.5, 1.0):
        assert spike_entropy(rate) == pytest.approx(entropy([rate, 1 - rate], base=2), abs=1e-14)


@pytest.mark.parametrize("rate", [1e-4, 0.03, 0.5])
def test_a_rate_has_the_ratio_that_makes_it_best(rate):
    ratio = np.log(rate) / np.log1p(-rate)
    assert optimal_rate(ratio) == pytest.approx(rate, rel=1e-10)


def test_equal_neurons_at_the_optimum_are_best_and_unequal_ones_are_not():
    best = optimal_rate(20.0)
    assert share_of_best(np.full(7, best), 20.0) == pytest.approx(1.0, abs=1e-12)
    unequal = np.array([0.0, 2 * best])
    assert share_of_best(unequal, 20.0) < 0.9
    assert share_of_best(np.zeros(3), 20.0) == 0.0


def test_ratio_of_a_cell():
    assert cell_ratio(8.0, 2.0, 0.5) == pytest.approx(9.0)


def test_ratio_on_logic_without_memory_by_hand():
    machine = profile("45nm_int8")
    silent = machine.neuron_update.central + machine.comparison.central
    found = machine_ratio("45nm_int8", 128, 10, memory=False)
    assert found.central == pytest.approx((silent + 10 * machine.ac.central) / silent)
    assert found.low <= found.central <= found.high


def test_memory_makes_a_spike_dear():
    bare, full = (machine_ratio("45nm_int8", 128, 128, m).central for m in (False, True))
    assert full > bare
    machine = profile("45nm_int8")
    state = machine.access(machine.level(128, machine.state_bits), machine.state_bits).central
    weight = machine.access(machine.level(128 * 128, 8), 8).central
    spike = machine.access(machine.level(128, 8), 8).central
    silent = machine.neuron_update.central + machine.comparison.central + 2 * state
    extra = 128 * (machine.ac.central + weight) + 2 * spike
    assert full == pytest.approx(1 + extra / silent)


def test_ratio_on_loihi_by_hand():
    found = loihi_ratio(128)
    assert found.central == pytest.approx((81 + 128 * 23.6) / 81)
    assert found.high == pytest.approx((72.8 + 69.3 + 111 + 128 * 35.5) / 51.2)
    assert found.low <= found.central < found.high


@pytest.mark.parametrize(
    "call,word",
    [
        (lambda: optimal_rate(0.0), "ratio"),
        (lambda: optimum_by_search(-1.0), "ratio"),
        (lambda: cell_ratio(1.0, 1.0, 0.0), "step"),
        (lambda: loihi_ratio(0), "fan_out"),
    ],
)
def test_nonsense_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_the_curve_falls():
    curve = optimal_rate_curve(np.geomspace(1, 1000, 20))
    assert (curve["rate"].diff().dropna() < 0).all() and curve["rate"].iloc[0] == pytest.approx(0.5)
