"""How far above Landauer's bound the smallest steps of machines and of nerve cells are."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence import facts
from opjoules.brain.physical_limits import BODY, atp_joules, landauer
from opjoules.hardware.catalogue import operation_energy, profile
from opjoules.pricing.estimate import PICO

CELLS = {
    "synapse_atp_per_bit": "one bit through a synapse",
    "vesicle_atp": "one vesicle at a synapse",
    "attwell_atp_per_potential": "one action potential, rodent",
    "lennie_atp_per_spike": "one spike with all it causes, human",
}
CHIPS = {"loihi": "Loihi", "truenorth": "TrueNorth"}


def measure_ladder(temperature: float = BODY) -> pd.DataFrame:
    """Page limitations/energy, figure draw_ladder: steps in J and in Landauer's bounds.

    Columns
    -------
    step, what : in words; ``machine``, ``chip`` or ``brain``.
    low, central, high : J.
    bounds : central over k T ln 2.
    source : of the energy.
    """
    rows = []
    for width, text in (("int8", "8-bit addition"), ("fp32", "32-bit addition")):
        joules = operation_energy("add", width) * PICO
        rows.append((f"{text}, 45 nm", "machine", *[joules] * 3, "horowitz2014computing"))
    costs = [
        (f"{text} multiply-accumulate, 45 nm", "machine", profile(f"45nm_{width}").mac)
        for width, text in (("int8", "8-bit"), ("fp32", "32-bit"))
    ]
    costs += [(f"synaptic operation, {t}", "chip", profile(c).ac) for c, t in CHIPS.items()]
    for step, what, cost in costs:
        energies = (cost.low * PICO, cost.central * PICO, cost.high * PICO)
        rows.append((step, what, *energies, cost.source))
    cells = facts.table("energy_brain.csv").set_index("key")
    for key, step in CELLS.items():
        joules = atp_joules(float(cells.loc[key, "value"]))
        rows.append((step, "brain", *[joules] * 3, cells.loc[key, "source"]))
    table = pd.DataFrame(rows, columns=["step", "what", "low", "central", "high", "source"])
    table.insert(5, "bounds", table["central"] / landauer(temperature))
    return table
