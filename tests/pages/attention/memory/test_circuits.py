"""Trials of the circuits: energies that rise are seen, cues are damaged as said."""

import numpy as np
import pandas as pd

from brainbook.pages.attention.memory import circuits


def test_a_planted_rise_is_found():
    table = pd.DataFrame({"system": "x", "order": "a", "seed": 0, "time": range(4)})
    assert circuits.largest_rise(table.assign(energy=[4.0, 2, 1, 0]), "x") == 0
    assert circuits.largest_rise(table.assign(energy=[4.0, 0, 1, 0]), "x") == 0.25


def test_cues_are_damaged_copies_of_the_first_memory():
    shares = [np.mean(cue != circuit.patterns[0]) for circuit, cue in map(circuits.cued, range(40))]
    spread = (circuits.FLIPPED * (1 - circuits.FLIPPED) / circuits.NEURONS / 40) ** 0.5
    assert abs(np.mean(shares) - circuits.FLIPPED) < 4 * spread


def test_identities_and_energies_of_a_short_run(gaps):
    assert max(gaps.values()) < 1e-10


def test_elimination_gives_the_dense_memory_of_degree_four():
    for seed in range(3):
        assert max(circuits.elimination_gaps(seed).values()) < 1e-12


def test_circuit_recalls_and_then_leaves_the_dense_memory():
    table = circuits.recall_table([0, 2], time=30)
    last = table[table["time"] == 30].set_index(["system", "seed"])
    assert (last["agreement"] == 1).all()
    assert (last["overlap"] > 0.99).all()
    assert (last["membrane"]["circuit"] > 3 * last["membrane"]["dense memory"]).all()


def test_eliminated_state_is_a_saddle():
    # With phi = g = psi' small coupling the block of one synapse and its process is
    # [[0, psi'], [g', T psi']]: its determinant is negative, so one eigenvalue is positive.
    assert circuits.growth_rate(0) > 0.1


def test_energies_of_trajectories_never_rise():
    table = circuits.descent_table([0], time=3)
    assert circuits.largest_rise(table, "two layers") < 1e-12
    assert circuits.largest_rise(table, "circuit") < 1e-12
    rising = table.copy()
    rising.loc[rising.index[50], "energy"] += 5
    assert circuits.largest_rise(rising, "two layers") > 0.01
