"""Landauer's bound against its constants, and the energy of ATP."""

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
