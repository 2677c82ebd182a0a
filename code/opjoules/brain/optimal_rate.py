"""How often should a neuron fire to say most per joule? Levy and Baxter (1996).

A neuron that fires in a time step with probability p says H(p) bits. If a step with a spike
costs r times as much as a silent one, the bits per unit of energy are H(p) / (1 + (r - 1) p).
Setting the derivative to zero gives ln p = r ln(1 - p), hence p = (1 - p)^r.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import bisect, brentq
from scipy.special import entr

from opjoules import sources
from opjoules.hardware.chips import CALIBRATED, SYNAPSE
from opjoules.pricing.break_even import layer_pair
from opjoules.pricing.estimate import Estimate, estimate

SMALLEST = 1e-300


class Ratio(NamedTuple):
    """Cost of a step with a spike over that of a silent one: low, central, high."""

    low: float
    central: float
    high: float


def spike_entropy(rate: float | np.ndarray) -> float | np.ndarray:
    """H(p) = -p log2 p - (1 - p) log2 (1 - p), in bits; 0 at p = 0 and p = 1."""
    probability = np.asarray(rate, dtype=float)
    return (entr(probability) + entr(1 - probability)) / np.log(2)


def bits_per_energy(rate: float | np.ndarray, ratio: float) -> float | np.ndarray:
    """Bits per cost of a silent step, Levy and Baxter (1996)."""
    return spike_entropy(rate) / (1 + (ratio - 1) * np.asarray(rate, dtype=float))


def optimal_rate(ratio: float) -> float:
    """The p that solves p = (1 - p)^r, spikes per neuron and step.

    Raises
    ------
    ValueError : r is not positive.
    """
    if not ratio > 0:
        raise ValueError(f"ratio: got {ratio}; must be positive")

    def excess(p: float) -> float:  # ln p - r ln(1 - p)
        return np.log(p) - ratio * np.log1p(-p)

    return float(brentq(excess, SMALLEST, 1 - 1e-16, xtol=1e-16, rtol=8.9e-16))


def optimum_by_search(ratio: float) -> float:
    """The same p, found without the formula: the zero of a numerical derivative.

    The derivative of the bits per energy is taken by a complex step, exact to machine
    precision, and its sign change is bisected.

    Raises
    ------
    ValueError : r is not positive.
    """
    if not ratio > 0:
        raise ValueError(f"ratio: got {ratio}; must be positive")

    def slope(rate: float) -> float:
        step = 1e-30
        p = complex(rate, step)
        entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p))
        return (entropy / (1 + (ratio - 1) * p)).imag / step

    return float(bisect(slope, 1e-12, 1 - 1e-12, xtol=1e-15, rtol=8.9e-16, maxiter=200))


def share_of_best(rates: np.ndarray, ratio: float) -> float:
    """Bits per energy of neurons with ``rates``, over those of equal neurons at the optimum."""
    rates = np.asarray(rates, dtype=float)
    found = np.sum(spike_entropy(rates)) / (1 + (ratio - 1) * rates).sum()
    return float(found / bits_per_energy(optimal_rate(ratio), ratio))


def cell_ratio(atp_per_spike: float, atp_at_rest: float, step: float) -> float:
    """r of a nerve cell: 1 + cost of a spike over the resting cost of one ``step`` (s).

    Raises
    ------
    ValueError : a step that is not positive.
    """
    if step <= 0:
        raise ValueError(f"step: got {step} s; must be positive")
    return 1 + atp_per_spike / (atp_at_rest * step)


def machine_ratio(hardware: str, neurons: int, fan_out: int, memory: bool) -> Ratio:
    """r of one of ``neurons`` that each reach ``fan_out`` others, from the library's costs.

    A silent step updates the neuron and compares it with its threshold. A spike adds an
    accumulate per synapse. Low and high let both costs vary on their own.

    Parameters
    ----------
    hardware : name of a profile.
    neurons, fan_out : of the layer, and synapses of each neuron.
    memory : a silent step also reads and writes the neuron's state; a spike is also written and
        read, and fetches a weight per synapse.

    Raises
    ------
    ValueError : sizes below 1, or unknown hardware.
    """
    table = layer_pair(neurons, fan_out, 1, 1.0)["spiking"].iloc[:1]  # the map, its neurons added:
    table = table.assign(
        neuron_updates=float(neurons),
        comparisons=float(neurons),
        state_size=neurons,
        state_reads=float(neurons),
        state_writes=float(neurons),
        activation_reads=float(neurons),
        activation_writes=float(neurons),
    )
    quiet = table.assign(acs=0.0, weight_reads=0.0, activation_reads=0.0, activation_writes=0.0)
    return _ratio(estimate(quiet, hardware, memory), estimate(table, hardware, memory))


def _ratio(silent: Estimate, active: Estimate) -> Ratio:
    """1 + the extra cost of activity over silence, each end with the other's opposite end."""
    zero, one = silent.joules, active.joules
    extra = [b - a for a, b in zip(zero, one, strict=True)]
    return Ratio(1 + extra[0] / zero.high, 1 + extra[1] / zero.central, 1 + extra[2] / zero.low)


def loihi_ratio(fan_out: int) -> Ratio:
    """r on Loihi: what a step with a spike costs, over a silent one.

    Centre: both steps update the neuron, as a leak asks for (profile ``loihi`` charges that for
    each step), and the spike adds an operation at each synapse, at published constants. Other
    readings: a silent neuron rests; a simulator's constants, with a spike that also leaves neuron
    and core. Low and high are the ends of all four.

    Raises
    ------
    ValueError : a fan-out below 1.
    """
    if fan_out < 1:
        raise ValueError(f"fan_out: got {fan_out}; must be at least 1")
    table = sources.table("energy_chips.csv")
    costs = table[table["chip"] == "Loihi"].drop_duplicates("quantity").set_index("quantity")
    costs = costs["value"].astype(float)
    out = costs["spike out of a neuron"] + costs["spike out of a core"]
    readings = [
        (costs[f"neuron update active{note}"] + leaves + fan_out * costs[f"{SYNAPSE}{note}"])
        / costs[f"neuron update {silent}{note}"]
        for note, leaves in (("", 0.0), (CALIBRATED, out))
        for silent in ("active", "inactive")
    ]
    return Ratio(min(readings), readings[0], max(readings))


def optimal_rate_curve(ratios: np.ndarray) -> pd.DataFrame:
    """The optimum for each cost ratio.

    Columns
    -------
    ratio : r.
    rate : p, spikes per neuron and step.
    bits : H(p).
    """
    rates = np.array([optimal_rate(ratio) for ratio in ratios])
    return pd.DataFrame({"ratio": ratios, "rate": rates, "bits": spike_entropy(rates)})
