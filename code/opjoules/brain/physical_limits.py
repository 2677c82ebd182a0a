"""Landauer's bound, and the energy of ATP.

Landauer (1961): to erase one bit, a machine at temperature T must give off at least k T ln 2
as heat. It bounds erasure. It is no budget for a computation: logic that erases nothing has no
such bound, and a step that must be fast and must not fail costs far more.
"""

from __future__ import annotations

import math

from scipy import constants

from opjoules import sources

KILO = 1e3
BODY = 310.0  # K, about 37 degrees Celsius


def physical_constant(key: str) -> float:
    """One number of ``data/energy_physical_constants.csv``, in the unit that stands there."""
    return sources.value("energy_physical_constants.csv", key)


def landauer(temperature: float = BODY) -> float:
    """Least heat for the erasure of one bit, J: k T ln 2.

    Raises
    ------
    ValueError : a temperature that is not above absolute zero.
    """
    if not temperature > 0:
        raise ValueError(f"temperature: got {temperature} K; must be above 0")
    return constants.Boltzmann * temperature * math.log(2)


def atp_joules(count: float) -> float:
    """Energy that the hydrolysis of ``count`` molecules of ATP sets free in a cell, J."""
    return count * physical_constant("atp_energy") * KILO / constants.Avogadro
