"""Trials of the circuits: energies that rise are seen, cues are damaged as said."""

import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

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


def test_circuit_recalls_from_the_published_start_and_then_leaves_the_dense_memory():
    table = circuits.recall_table([0, 2], time=30)
    last = table[table["time"] == 30].set_index(["system", "seed"])
    published, dense = last.loc[circuits.PUBLISHED], last.loc[circuits.DENSE]
    assert (published["agreement"] == 1).all() and (published["overlap"] > 0.99).all()
    assert (published["membrane"] > 3 * dense["membrane"]).all()
    assert (last.loc[circuits.NEUTRAL, "overlap"] < 0.95).all()


def test_what_a_start_sets_and_what_one_product_gives(started):
    circuit, cue = circuits.cued(0)
    told = circuits.start(circuit, cue, circuits.PUBLISHED)
    _, synapse, process = circuit.drives(told)
    assert max(np.abs(synapse).max(), np.abs(process).max()) < 1e-12  # both stand still
    for name, zeros in ((circuits.NEUTRAL, (1, 2)), (circuits.SYNAPSES, (2,))):
        state = circuits.start(circuit, cue, name)
        assert [n for n in (1, 2) if not state[n].any()] == list(zeros)
    by_start = started.groupby("start")
    assert by_start["at_once"].mean()[circuits.NEUTRAL] == 0
    assert by_start["at_once"].mean()[circuits.PUBLISHED] > 0.95
    assert (started["cue"] < 1).all() and started["end"].between(-1, 1).all()


def test_from_a_neutral_start_one_pattern_is_not_completed_by_an_independent_integrator():
    """The equations of the module, written out for scipy's solver."""
    circuit, cue = circuits.cued(1, neurons=10, stored=1)
    n, xi = 10, circuit.patterns[0]

    def change(_time, flat):
        x, s, p = flat[:n], flat[n : n + n * n].reshape(n, n), flat[n + n * n :].reshape(n, n)
        phi, g, psi = np.tanh(5 * x), np.tanh(5 * s), np.tanh(5 * p)
        tensor = np.outer(xi, xi) * (xi @ psi @ xi) / n**3
        parts = -x + g @ phi, np.outer(phi, phi) + psi, tensor + g
        return np.concatenate([part.ravel() for part in parts])

    cue = xi * np.where(np.arange(n) == 3, -1, 1)
    start = np.concatenate([cue, np.zeros(2 * n * n)])
    end = solve_ivp(change, (0, 60), start, rtol=1e-8, atol=1e-10).y[:n, -1]
    assert (np.sign(end) == cue).all()


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
