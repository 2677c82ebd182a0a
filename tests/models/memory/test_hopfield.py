"""The Hopfield network against brute force, and its mean-field theory against its equations."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import erf

from brainbook.models.memory import hopfield as am


def test_settling_ends_in_a_stable_state_of_lower_energy():
    rng = np.random.default_rng(0)
    patterns = am.random_patterns(12, 60, rng)
    weights = am.hebbian_weights(patterns)
    begin = am.random_patterns(20, 60, rng)
    end = am.settle(weights, begin)
    assert set(np.unique(end)) == {-1, 1}
    assert (end * (end @ weights)).min() >= -1e-5  # zero up to rounding in float32
    before, after = am.network_energy(weights, begin), am.network_energy(weights, end)
    assert (after < before).all()


def test_every_single_flip_raises_the_energy_where_it_settled():
    rng = np.random.default_rng(1)
    weights = am.hebbian_weights(am.random_patterns(5, 30, rng))
    end = am.settle(weights, am.random_patterns(1, 30, rng))
    flipped = end * (1 - 2 * np.eye(30, dtype=np.float32))
    assert (am.network_energy(weights, flipped) >= am.network_energy(weights, end) - 1e-5).all()


def test_settling_leaves_its_input_alone_and_finds_a_damaged_memory():
    rng = np.random.default_rng(2)
    patterns = am.random_patterns(4, 200, rng)
    cue = patterns[:1].copy()
    cue[0, :20] *= -1
    kept = cue.copy()
    end = am.settle(am.hebbian_weights(patterns), cue)
    assert (cue == kept).all()
    assert (end == patterns[:1]).all()


def test_reduced_equation_solves_the_three_of_the_paper():
    for load in (0.06, 0.1, 0.13):
        m = am.mean_field_overlap(load)
        # r from m = erf(m / sqrt(2 alpha r)), by bisection on the other two equations
        r = 1.0
        for _ in range(500):
            c = np.sqrt(2 / (np.pi * load * r)) * np.exp(-(m**2) / (2 * load * r))
            r = (1 - c) ** -2
        assert m == pytest.approx(erf(m / np.sqrt(2 * load * r)), abs=1e-9)


def test_retrieval_ends_where_the_load_has_its_maximum():
    critical = am.critical_load()
    grid = am.load_of(np.linspace(0.3, 6, 200_001))
    assert critical == pytest.approx(grid.max(), abs=1e-9)
    assert np.isnan(am.mean_field_overlap(critical + 1e-6))
    near = am.mean_field_overlap(critical - 1e-9)
    assert 0.9 < near < am.mean_field_overlap(0.1) < am.mean_field_overlap(0.01) <= 1


def test_wrong_bits_of_a_single_network_follow_the_theory_and_the_collapse_comes():
    table = am.overlap_table([1000], [0.12, 0.2], [0, 1, 2], starts=24)
    overlap = table.groupby("load")["overlap"].mean()
    assert 1 - overlap[0.12] == pytest.approx(1 - am.mean_field_overlap(0.12), abs=0.01)
    assert overlap[0.2] < 0.6


def test_order_of_flips_hardly_matters_near_the_collapse():
    kept = {"worst first": [], "random": []}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        patterns = am.random_patterns(136, 800, rng)
        weights, begin = am.hebbian_weights(patterns), patterns[:16]
        worst = am.settle(weights, begin)
        states, fields, order = begin.copy(), begin @ weights, None
        while order is None or (states * fields < -1e-5).any():
            order = rng.permutation(800)
            for neuron in order:
                wrong = states[:, neuron] * fields[:, neuron] < 0
                fields[wrong] -= 2 * states[wrong, neuron, None] * weights[neuron]
                states[wrong, neuron] *= -1
        for name, end in (("worst first", worst), ("random", states)):
            kept[name].append(((end * begin).mean(1) > 0.7).mean())
    assert 0.2 < np.mean(kept["worst first"]) < 0.9
    assert np.mean(kept["random"]) == pytest.approx(np.mean(kept["worst first"]), abs=0.15)


def test_collapse_is_interpolated_and_nan_where_there_is_none():
    rows = {"neurons": 10, "seed": 0, "load": [0.1, 0.2, 0.3], "kept": [1.0, 0.75, 0.25]}
    assert am.collapse_load(pd.DataFrame(rows))[10, 0] == pytest.approx(0.25)
    rows["kept"] = [1.0, 0.9, 0.8]
    assert np.isnan(am.collapse_load(pd.DataFrame(rows))[10, 0])


def test_same_seed_same_table():
    first, again = (am.overlap_table([100], [0.1], [7], 5) for _ in range(2))
    assert first.equals(again)


@pytest.mark.parametrize("count, neurons", [(0, 10), (3, 1)])
def test_patterns_need_something_to_store(count, neurons):
    with pytest.raises(ValueError, match="count, neurons"):
        am.random_patterns(count, neurons, np.random.default_rng(0))


def test_load_must_be_positive():
    with pytest.raises(ValueError, match="load"):
        am.mean_field_overlap(0)
