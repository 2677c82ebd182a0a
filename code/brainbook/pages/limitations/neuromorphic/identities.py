"""Where two ways to the same number meet: mapping, mesh, spikes and prices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from brainbook.evidence import facts
from opjoules import units
from opjoules.cores.mapping import Matrix
from opjoules.cores.traffic import Mesh
from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import IN_MEMORY, profile

from .events import Code, integrate_and_fire

SIDES = range(2, 13)  # of a square mesh
STEPS, BATCH, INPUTS, OUTPUTS = 15, 5, 8, 5


def identities(weights: Sequence[Matrix]) -> dict[str, float]:
    """Both sides of each identity, or the gap between them.

    ``weights``: weights of the block's matrices. ``distance_gap``: mean distance on k-by-k
    meshes, enumerated, against 2(k² − 1)/(3k). ``rounding_gap``: spikes of an
    integrate-and-fire neuron against rounding. ``spike_operations``, ``spike_outputs``:
    synaptic operations as counted, and spikes times outputs. ``hermes_high``,
    ``hermes_low``: pJ per multiply-accumulate of the crossbars, and from the published
    efficiencies ``hermes_slow``, ``hermes_fast``. ``hermes_central``, ``dram_byte``: pJ.
    """
    gaps = [abs(Mesh(k, k).distances.mean() - 2 * (k**2 - 1) / (3 * k)) for k in SIDES]
    crossbar = profile(IN_MEMORY).mac
    return {
        "weights": sum(matrix.weights for matrix in weights),
        "distance_gap": max(gaps),
        **_spikes(),
        "hermes_low": crossbar.low,
        "hermes_central": crossbar.central,
        "hermes_high": crossbar.high,
        "hermes_slow": _pj_per_mac("efficiency, four-phase read"),
        "hermes_fast": _pj_per_mac("efficiency, one-phase read"),
        "dram_byte": profile("45nm_int8").access("DRAM", 8).central,
    }


def _spikes() -> dict[str, float]:
    """Spikes of neurons with a drive each, against rounding and against the counter."""
    drive = torch.linspace(0.01, 0.98, BATCH * INPUTS, dtype=torch.float64).reshape(BATCH, INPUTS)
    spikes = integrate_and_fire(drive, STEPS)
    rounded = Code(STEPS)(drive, torch.ones(INPUTS, dtype=torch.float64))[1]
    ticks = torch.arange(1, STEPS + 1)[:, None, None]
    train = (
        ticks <= spikes
    ).float()  # (steps, batch, inputs): any order of the spikes adds the same
    batch = train.flatten(0, 1)  # (steps · batch, inputs)
    operations = count_operations(nn.Linear(INPUTS, OUTPUTS), batch)
    return {
        "rounding_gap": float((spikes - rounded).abs().max()),
        "spike_operations": float(operations["acs"].sum()) * len(batch),
        "spike_outputs": float(spikes.sum()) * OUTPUTS,
    }


def _pj_per_mac(quantity: str) -> float:
    """pJ of a multiply-accumulate, two operations, from a published efficiency."""
    row = facts.table("chips.csv").set_index("quantity").loc[quantity]
    return 2 / units.convert(row["value"], row["unit"], "operation / pJ")
