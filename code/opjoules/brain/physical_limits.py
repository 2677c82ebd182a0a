"""Landauer's bound, and how far above it the smallest steps of machines and brains are.

Landauer (1961): to erase one bit, a machine at temperature T must give off at least k T ln 2
as heat. It bounds erasure. It is no budget for a computation: logic that erases nothing has no
such bound, and a step that must be fast and must not fail costs far more.
"""

from __future__ import annotations

import math

import pandas as pd
from scipy import constants

from opjoules import sources
from opjoules.hardware.catalogue import operation_energy, profile

PICO = 1e-12
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


def ladder(temperature: float = BODY) -> pd.DataFrame:
    """Steps of machines and of nerve cells in joules and in Landauer's bounds.

    Columns ``step``, ``what`` (``machine``, ``chip`` or ``brain``), ``low``, ``central``,
    ``high`` (J), ``bounds`` (central over k T ln 2), ``source``.
    """
    rows = []
    for width, text in (("int8", "8-bit addition"), ("fp32", "32-bit addition")):
        joules = operation_energy("add", width) * PICO
        rows.append((f"{text}, 45 nm", "machine", *[joules] * 3, "horowitz2014computing"))
    for width, text in (("int8", "8-bit"), ("fp32", "32-bit")):
        cost = profile(f"45nm_{width}").mac
        energies = (cost.low * PICO, cost.central * PICO, cost.high * PICO)
        rows.append((f"{text} multiply-accumulate, 45 nm", "machine", *energies, cost.source))
    for chip in ("loihi", "truenorth"):
        cost = profile(chip).ac
        energies = (cost.low * PICO, cost.central * PICO, cost.high * PICO)
        name = {"loihi": "Loihi", "truenorth": "TrueNorth"}[chip]
        rows.append((f"synaptic operation, {name}", "chip", *energies, cost.source))
    for key, step in (
        ("synapse_atp_per_bit", "one bit through a synapse"),
        ("vesicle_atp", "one vesicle at a synapse"),
        ("attwell_atp_per_potential", "one action potential, rodent"),
        ("lennie_atp_per_spike", "one spike with all it causes, human"),
    ):
        joules = atp_joules(sources.value("energy_brain.csv", key))
        table = sources.table("energy_brain.csv").set_index("key")
        rows.append((step, "brain", *[joules] * 3, table.loc[key, "source"]))
    names = ["step", "what", "low", "central", "high", "source"]
    found = pd.DataFrame(rows, columns=names)
    found["bounds"] = found["central"] / landauer(temperature)
    return found[["step", "what", "low", "central", "high", "bounds", "source"]]
