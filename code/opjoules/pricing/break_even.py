"""When a spiking layer costs less than the dense layer that it replaces.

Arithmetic alone: a dense layer pays one MAC per synapse, a spiking one an AC per synapse and
spike, so it wins while ``rate · T < E_MAC / E_AC``. Memory, the schedule and the neurons' own
updates move that point; ``break_even_rate`` finds it for a given layer and machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, log2

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from opjoules import sources
from opjoules.counting.operations import COLUMNS
from opjoules.hardware.catalogue import Cost, profile

from .estimate import estimate
from .schedules import IN_ACCUMULATORS, STEP_BY_STEP

CASES = ((False, STEP_BY_STEP), (True, STEP_BY_STEP), (True, IN_ACCUMULATORS))


def thresholds() -> pd.DataFrame:
    """Published break-even points, each with its quantity, baseline and source.

    Behind the columns of ``data/energy_thresholds.csv`` stand those named here.

    Columns
    -------
    low_per_inference, high_per_inference : in spikes per inference, a rate per time step taken
        times its numbers of steps.
    """
    table = sources.table("energy_thresholds.csv")
    rate = table["quantity"].str.endswith("time step")
    for side in ("low", "high"):
        steps = table[f"timesteps_{side}"].where(rate, 1)
        table[f"{side}_per_inference"] = table[side] * steps
    return table


def arithmetic_ratio(hardware: str) -> Cost:
    """``E_MAC / E_AC``: spikes per synapse and inference at which arithmetic breaks even.

    Both costs are taken at the same end of their interval: the low ratio of int8 is that of a
    32-bit accumulator on both sides.

    Raises
    ------
    ValueError : an unknown profile, or one without MACs.
    """
    machine = profile(hardware)
    if machine.mac is None:
        raise ValueError(f"hardware: {hardware} has no multiply-accumulate to compare with")
    ratios = [
        getattr(machine.mac, end) / getattr(machine.ac, end) for end in ("low", "central", "high")
    ]
    return Cost(min(ratios), ratios[1], max(ratios), machine.mac.source, "MAC over AC")


def equivalent_bits(timesteps: int) -> int:
    """``⌈log2(T + 1)⌉``: bits of an activation with as many values as T steps of rate coding.

    Yan, Bai and Wong (arXiv:2409.08290), abstract.
    """
    if timesteps < 1:
        raise ValueError(f"timesteps: got {timesteps}; allowed are integers of at least 1")
    return ceil(log2(timesteps + 1))


def layer_pair(inputs: int, outputs: int, timesteps: int, rate: float) -> dict[str, pd.DataFrame]:
    """A fully connected layer as counts: ``dense`` (one pass) and ``spiking`` (T steps).

    The spiking one has a leaky neuron per output with one state, in a row of its own. Its traffic
    follows the rules of ``count_operations``: one word read per spike and at most one weight per
    AC and step.

    Parameters
    ----------
    inputs, outputs : of the layer.
    timesteps : T.
    rate : spikes per step of an input, taken for its outputs, too.

    Raises
    ------
    ValueError : a size below 1 or a rate outside [0, 1].
    """
    for name, size in (("inputs", inputs), ("outputs", outputs), ("timesteps", timesteps)):
        if size < 1:
            raise ValueError(f"{name}: got {size}; allowed are integers of at least 1")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate: got {rate}; allowed are spike rates from 0 to 1")
    weights, spikes, updates = inputs * outputs, rate * inputs * timesteps, outputs * timesteps
    dense = {
        "macs": weights,
        "comparisons": outputs,
        "weight_reads": weights,
        "activation_reads": inputs,
        "activation_writes": outputs,
        "weight_size": weights,
        "activation_size": max(inputs, outputs),
    }
    spiking = {
        "acs": spikes * outputs,
        "weight_reads": spikes * outputs,
        "activation_reads": spikes,
        "activation_writes": updates,
        "weight_size": weights,
        "activation_size": max(inputs, outputs),
        "calls": timesteps,
    }
    neurons = {
        "neuron_updates": updates,
        "comparisons": updates,
        "activation_reads": updates,
        "activation_writes": rate * updates,
        "state_reads": updates,
        "state_writes": updates,
        "activation_size": outputs,
        "state_size": outputs,
        "calls": timesteps,
    }
    return {
        "dense": _table({"dense": dense}),
        "spiking": _table({"spiking": spiking, "neuron": neurons}),
    }


def _table(layers: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    rows: list[dict[str, float | str]] = [
        {
            **dict.fromkeys(COLUMNS, 0.0),
            **counts,
            "layer": name,
            "kind": "neuron" if name == "neuron" else "linear",
        }
        for name, counts in layers.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def energy_ratio(
    inputs: int,
    outputs: int,
    timesteps: int,
    rate: float,
    hardware: str,
    memory: bool = True,
    schedule: str = STEP_BY_STEP,
) -> float:
    """Energy of the spiking layer over that of the dense one; below 1 the spikes win.

    Parameters
    ----------
    inputs, outputs, timesteps, rate : see ``layer_pair``.
    hardware : name of a profile with multipliers.
    memory : whether the words that move are paid for.
    schedule : which of them move, see :mod:`opjoules.pricing.schedules`.
    """
    pair = layer_pair(inputs, outputs, timesteps, rate)
    cost = {
        name: estimate(table, hardware, memory, schedule=schedule).joules.central
        for name, table in pair.items()
    }
    return cost["spiking"] / cost["dense"]


def break_even_rate(
    inputs: int,
    outputs: int,
    timesteps: int,
    hardware: str,
    memory: bool = True,
    schedule: str = STEP_BY_STEP,
) -> float:
    """Spike rate at which both layers cost the same, between 0 and 1.

    1.0 if the spiking layer wins at every rate, 0.0 if it loses even without a spike (its
    neurons are updated at every step).

    Parameters
    ----------
    inputs, outputs, timesteps : see ``layer_pair``.
    hardware, memory, schedule : see ``energy_ratio``.
    """

    def excess(rate: float) -> float:
        return energy_ratio(inputs, outputs, timesteps, rate, hardware, memory, schedule) - 1

    if excess(0.0) >= 0:
        return 0.0
    return 1.0 if excess(1.0) <= 0 else float(brentq(excess, 0.0, 1.0, xtol=1e-12))


def with_memory(
    hardware: str, timesteps: Sequence[int], sizes: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """Break-even spike rates of layers of ``sizes`` (inputs, outputs).

    Without memory, and with it on the two schedules that save least and most.

    Columns
    -------
    hardware, inputs, outputs, timesteps, memory, schedule : the case.
    rate, spikes : at break-even, per step, and per input and inference (rate · T).
    """
    rows = [
        (
            hardware,
            inputs,
            outputs,
            int(step),
            memory,
            schedule,
            break_even_rate(inputs, outputs, int(step), hardware, memory, schedule),
        )
        for inputs, outputs in sizes
        for step in _steps(timesteps)
        for memory, schedule in CASES
    ]
    names = ["hardware", "inputs", "outputs", "timesteps", "memory", "schedule", "rate"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(spikes=table["rate"] * table["timesteps"])


def _steps(timesteps: Sequence[int]) -> np.ndarray:
    steps = np.asarray(list(timesteps), dtype=int)
    if not steps.size or (steps < 1).any():
        raise ValueError(f"timesteps: got {list(timesteps)}; needed are integers of at least 1")
    return steps
