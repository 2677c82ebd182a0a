"""Landauer's bound against its constants, and the ladder of steps above it."""

from __future__ import annotations

import math

import pytest
from scipy import constants

from opjoules.brain import physical_limits as limits


def test_landauer_is_k_t_ln_2():
    assert limits.landauer(310.0) * 1e21 == pytest.approx(
        limits.physical_constant("boltzmann") * 310 * math.log(2) * 1e21, abs=1e-10
    )
    assert limits.landauer(620.0) == pytest.approx(2 * limits.landauer(310.0), rel=1e-14)


def test_the_data_hold_the_defining_constants():
    assert limits.physical_constant("boltzmann") == constants.Boltzmann
    assert limits.physical_constant("avogadro") == constants.Avogadro


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_no_temperature_at_or_below_zero(temperature):
    with pytest.raises(ValueError, match="temperature"):
        limits.landauer(temperature)


def test_a_mole_of_atp_gives_its_energy():
    assert limits.atp_joules(constants.Avogadro) == pytest.approx(50e3)


def test_every_step_lies_above_the_bound():
    table = limits.ladder(310.0)
    assert (table["bounds"] > 1e5).all() and table["step"].is_unique
    assert (table["low"] <= table["central"]).all() and (table["central"] <= table["high"]).all()
    addition = table.set_index("step").loc["8-bit addition, 45 nm"]
    assert addition["bounds"] == pytest.approx(0.03e-12 / limits.landauer(310.0))
    assert table["source"].str.len().min() > 0


def test_a_colder_machine_has_a_lower_bound():
    warm, cold = limits.ladder(310.0), limits.ladder(31.0)
    assert cold["bounds"].to_numpy() == pytest.approx(10 * warm["bounds"].to_numpy())
