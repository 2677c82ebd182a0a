"""The brain's budgets rebuilt by hand from their inputs."""

from __future__ import annotations

import pytest

from opjoules.brain import budget

AVOGADRO = 6.02214076e23


def test_shares_are_all_of_it():
    shares = budget.signalling_shares()
    assert shares.shape == (5, 2) and (shares.sum() == 100).all()
    assert shares.loc["receptors", "Howarth et al. 2012"] == 50


def test_the_watts_of_glucose_by_hand():
    power = budget.glucose_power().set_index("source")
    moles = 0.077 / 180
    assert power.loc["lennie2003cost", "glucose_watts"] == pytest.approx(moles * 2.803e6 / 60)
    assert power.loc["lennie2003cost", "free_watts"] == pytest.approx(moles * 3e6 / 60)
    assert power.loc["lennie2003cost", "atp_watts"] == pytest.approx(moles * 30 * 5e4 / 60)
    micromoles = power.loc["herculano2011scaling", "moles"] * 1e6
    per_neuron = micromoles / budget.brain_constant("brain_neurons")
    assert per_neuron == pytest.approx(5.44e-9, abs=0.005e-9), "as printed in its Table 1"


def test_attwell_and_laughlin_by_hand():
    found = budget.attwell_spike()
    assert found["potential_percent"] == pytest.approx(100 * 4 * 3.84e8 / 3.29e9)
    assert found["atp_per_spike"] * 4 + found["atp_at_rest"] == pytest.approx(3.29e9)
    assert found["atp_at_rest"] == pytest.approx(0.13 * 3.29e9)


def test_lennie_by_hand():
    found = budget.lennie_budget()
    assert found["cortex_atp"] == pytest.approx(0.034 / 180 * 30 * AVOGADRO)
    assert found["spike_percent"] == pytest.approx(100 * 3.36e9 * 2.4e9 * 60 / 3.4e21)
    assert found["rate"] == pytest.approx(1 / 6)
    brain = 0.077 / 180 * 30 * AVOGADRO
    rest = 3.4e21 - 3.36e9 * 2.4e9 * 60
    assert found["ceiling"] == pytest.approx((brain - rest) / (3.36e9 * 6 * 2.4e9 * 60))


def test_each_input_moves_the_rate_its_way():
    rates = budget.mean_rates().set_index("changed")["rate"]
    assert len(rates) == 8 and rates.idxmin() == "none"
    assert rates["none"] == pytest.approx(1 / 6, rel=0.01), "his own rounding of the supply"
    assert rates["neurons"] / rates["none"] == pytest.approx(20.16 / 16.35)
    everything = rates["cost of a spike, neurons, glucose"]
    assert everything == rates.max()
    product = rates["cost of a spike"] * rates["neurons"] * rates["glucose"] / rates["none"] ** 2
    assert everything == pytest.approx(product)


def test_cells_in_longer_steps():
    cells = budget.cortical_cells((0.001, 0.002)).set_index(["study", "step"])
    study = "Attwell and Laughlin 2001"
    short, long = cells.loc[(study, 0.001)], cells.loc[(study, 0.002)]
    assert long["rate"] == pytest.approx(2 * short["rate"]) == pytest.approx(0.008)
    assert short["ratio"] - 1 == pytest.approx(2 * (long["ratio"] - 1))
