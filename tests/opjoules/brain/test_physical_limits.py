"""Landauer's bound against its constants, and the energy of ATP."""

from __future__ import annotations

import math

import pytest
from scipy import constants

from opjoules.brain.physical_limits import atp_joules, landauer, physical_constant


def test_landauer_is_k_t_ln_2():
    assert landauer(310.0) * 1e21 == pytest.approx(
        physical_constant("boltzmann") * 310 * math.log(2) * 1e21, abs=1e-10
    )
    assert landauer(620.0) == pytest.approx(2 * landauer(310.0), rel=1e-14)


def test_the_data_hold_the_defining_constants():
    assert physical_constant("boltzmann") == constants.Boltzmann
    assert physical_constant("avogadro") == constants.Avogadro


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_no_temperature_at_or_below_zero(temperature):
    with pytest.raises(ValueError, match="temperature"):
        landauer(temperature)


def test_a_mole_of_atp_gives_its_energy():
    assert atp_joules(constants.Avogadro) == pytest.approx(50e3)
