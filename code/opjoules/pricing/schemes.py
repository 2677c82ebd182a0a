"""One network, priced by each accounting scheme in use: how much the scheme decides.

Papers on spiking networks report energies that differ by the scheme more than by the network.
``compare_schemes`` sets them side by side: sums of operations, NeuroBench's effective
operations, the model of Lemaire et al. (2023), this library's own memory model (named *book*),
and the published break-even points, each with what it includes and leaves out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor, nn

from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import Profile, profile

from .break_even import equivalent_bits, thresholds
from .estimate import PICO, Joules, estimate
from .lemaire import estimate_lemaire, geometry
from .schedules import IN_ACCUMULATORS

LESS, MORE, OPEN = "spikes need less", "spikes need more", "undecided: the range allows both"
OUTSIDE = "not decided: outside the study's time steps"
NO_DENSE, NO_SPIKES = "no dense counterpart given", "no spike-driven layer"
COLUMNS = (
    "scheme",
    "quantity",
    "low",
    "central",
    "high",
    "dense_low",
    "dense_central",
    "dense_high",
    "ratio",
    "ratio_low",
    "ratio_high",
    "verdict",
    "includes",
    "leaves_out",
    "source",
)


class Priced(NamedTuple):
    """An energy with its interval, and its values under each set of constants, to be paired."""

    joules: Joules
    alike: tuple[float, ...]


class Scheme(NamedTuple):
    """A way to account for energy: what it includes, what it leaves out, and its source."""

    name: str
    quantity: str
    includes: str
    leaves_out: str
    source: str


OPERATIONS = Scheme(
    "operations",
    "J",
    "multiply-accumulates and accumulates",
    "memory, neuron updates, comparisons, addresses",
    "zhou2023spikformer horowitz2014computing",
)
LEMAIRE = Scheme(
    "Lemaire et al.",
    "J",
    "operations, leak and reset, memories sized layer by layer, addresses; 32-bit integers",
    "attention products, embeddings, pooling; memories above 1 MB cost as 1 MB in one reading",
    "lemaire2023analytical fang2023spikingjelly horowitz2014computing",
)
BOOK_BARE = Scheme(
    "book, no memory",
    "J",
    "operations, neuron updates, comparisons",
    "memory, addresses, control, leakage",
    "horowitz2014computing",
)
BOOK = Scheme(
    "book, with memory",
    "J",
    "operations, neuron updates, comparisons, one memory hierarchy, all layers step by step",
    "addresses, control, leakage",
    "horowitz2014computing",
)
BOOK_KEPT = Scheme(
    f"book, {IN_ACCUMULATORS}",
    "J",
    "as the row above, on the schedule that moves least: each weight once, no current, no membrane",
    "addresses, control, leakage, accumulators for all neurons of a layer",
    "horowitz2014computing",
)
EFFECTIVE = Scheme(
    "effective operations",
    "operations",
    "multiply-accumulates with a nonzero input, accumulates; no energy",
    "price of an operation, memory, neuron updates",
    "yik2025neurobench",
)


def compare_schemes(
    operations: pd.DataFrame,
    dense: pd.DataFrame | None = None,
    timesteps: int | None = None,
    hardware: str | Profile = "45nm_fp32",
    layers: pd.DataFrame | None = None,
    dense_layers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """A network by every scheme, and against a dense counterpart.

    Parameters
    ----------
    operations : table of ``count_operations``, or of an architecture with traffic.
    dense : the same for the network that it would replace, of the same task and accuracy.
    timesteps : time steps T; most calls of a spike-driven layer if not given.
    hardware : machine with multipliers for the schemes that take one; Lemaire et al. fix their
        own.
    layers, dense_layers : kernels for Lemaire et al., see ``lemaire.geometry``.

    Columns
    -------
    scheme, quantity : a row each; J per inference, operations, or spikes.
    low, central, high : of the network, in that quantity.
    dense_low, dense_central, dense_high : of ``dense``; for a break-even, its threshold.
    ratio, ratio_low, ratio_high : network over dense. Both run on one machine, so its constants
        are taken alike on both sides, both low or both high. For a break-even, the range is that
        of the threshold.
    verdict : which needs less; it takes the same answer at both ends.
    includes, leaves_out, source : of the scheme.

    Raises
    ------
    ValueError : tables that ``estimate`` or ``estimate_lemaire`` refuse, time steps below 1.
    """
    if timesteps is not None and timesteps < 1:
        raise ValueError(f"timesteps: got {timesteps}; allowed are integers of at least 1")
    machine = profile(hardware) if isinstance(hardware, str) else hardware
    tables = [(operations, layers)] + ([] if dense is None else [(dense, dense_layers)])
    priced = [_energies(table, machine, kernels) for table, kernels in tables]
    rows = []
    for scheme in (OPERATIONS, EFFECTIVE, BOOK_BARE, BOOK, BOOK_KEPT, LEMAIRE):
        mine = priced[0][scheme.name]
        other = priced[1][scheme.name] if dense is not None else None
        rows.append(_row(scheme, mine, other))
    rows += _break_evens(operations, timesteps)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def compare_models(
    model: nn.Module,
    dense: nn.Module,
    batch: Tensor,
    timesteps: int | None = None,
    hardware: str | Profile = "45nm_fp32",
) -> pd.DataFrame:
    """``compare_schemes`` of two models, counted on the same batch.

    Parameters
    ----------
    model, dense : the network, and the one that it would replace.
    batch : input of both.
    timesteps, hardware : see ``compare_schemes``.
    """
    counted, dense_counted = (count_operations(net, batch) for net in (model, dense))
    kernels, dense_kernels = (geometry(net) for net in (model, dense))
    return compare_schemes(counted, dense_counted, timesteps, hardware, kernels, dense_kernels)


def _energies(
    table: pd.DataFrame, machine: Profile, kernels: pd.DataFrame | None
) -> dict[str, Priced]:
    """The sums of one network, by name of the scheme."""
    macs, acs = table["macs"].sum(), table["acs"].sum()
    if machine.mac is None:
        raise ValueError(f"hardware: {machine.name} has no multiply-accumulate; take a 45nm one")
    sums = [
        PICO * (macs * getattr(machine.mac, end) + acs * getattr(machine.ac, end))
        for end in Joules._fields
    ]
    effective = float(table["effective_macs"].sum() + acs)
    lemaire = estimate_lemaire(table, kernels)
    found = {
        OPERATIONS.name: Joules(*sums),
        EFFECTIVE.name: Joules(effective, effective, effective),
        BOOK_BARE.name: estimate(table, machine, memory=False).joules,
        BOOK.name: estimate(table, machine).joules,
        BOOK_KEPT.name: estimate(table, machine, schedule=IN_ACCUMULATORS).joules,
    }
    priced = {name: Priced(joules, tuple(joules)) for name, joules in found.items()}
    return priced | {LEMAIRE.name: Priced(lemaire.joules, lemaire.readings)}


def _row(scheme: Scheme, mine: Priced, other: Priced | None) -> dict:
    """One scheme's row of ``compare_schemes``; ``other`` is the dense network's price."""
    blank = Joules(np.nan, np.nan, np.nan)
    against = other.joules if other else blank
    ratios = np.divide(mine.alike, other.alike) if other else np.array([np.nan])
    return {
        "scheme": scheme.name,
        "quantity": scheme.quantity,
        **mine.joules._asdict(),
        **{f"dense_{end}": value for end, value in against._asdict().items()},
        "ratio": mine.joules.central / against.central,
        "ratio_low": ratios.min(),
        "ratio_high": ratios.max(),
        "verdict": _verdict(ratios) if other else NO_DENSE,
        "includes": scheme.includes,
        "leaves_out": scheme.leaves_out,
        "source": scheme.source,
    }


def _verdict(ratios: np.ndarray) -> str:
    if ratios.max() < 1:
        return LESS
    return MORE if ratios.min() > 1 else OPEN


def spike_rates(operations: pd.DataFrame) -> dict[str, float]:
    """Spikes of the spike-driven layers; NaN if no layer is driven by spikes.

    Returns
    -------
    per_step : mean rate of an input in a time step.
    per_inference : spikes of an input in the whole inference.
    per_synapse : accumulates over connections, both of one inference; layers with many
        connections count more.
    """
    maps = operations[
        (operations["sites"] > 0) & operations["kind"].isin(["linear", "convolution"])
    ]
    if maps.empty:
        return dict.fromkeys(("per_step", "per_inference", "per_synapse"), np.nan)
    spikes, inputs = maps["spikes"].sum(), (maps["sites"] / maps["calls"]).sum()
    return {
        "per_step": spikes / maps["sites"].sum(),
        "per_inference": spikes / inputs,
        "per_synapse": maps["acs"].sum() / (maps["dense"] / maps["calls"]).sum(),
    }


def _break_evens(operations: pd.DataFrame, timesteps: int | None) -> list[dict]:
    """One row per published break-even point, its threshold in the columns of ``dense``."""
    rates = spike_rates(operations)
    driven = operations[(operations["sites"] > 0) & (operations["kind"] != "neuron")]
    steps = timesteps or (int(driven["calls"].max()) if len(driven) else 1)
    names = {
        "spikes per neuron and inference": "per_inference",
        "spikes per synapse and inference": "per_synapse",
        "spikes per neuron and time step": "per_step",
    }
    rows = []
    for study in thresholds().itertuples():
        value = rates[names[study.quantity]]
        limits = (study.low, study.high)
        covered = np.isnan(study.timesteps_low) or (
            study.timesteps_low <= steps <= study.timesteps_high
        )
        bits = f" ({equivalent_bits(steps)} bits here)" if "bits" in study.baseline else ""
        version = f", {study.version}" if isinstance(study.version, str) else ""
        rows.append(
            {
                "scheme": f"break-even: {study.study}{version}",
                "quantity": study.quantity,
                "low": value,
                "central": value,
                "high": value,
                "dense_low": limits[0],
                "dense_central": np.mean(limits),
                "dense_high": limits[1],
                "ratio": value / np.mean(limits),
                "ratio_low": value / limits[1],
                "ratio_high": value / limits[0],
                "verdict": _below(value, limits, covered),
                "includes": f"{study.scope}; against {study.baseline}{bits}",
                "leaves_out": "the network at hand: one threshold for all layers",
                "source": study.source,
            }
        )
    return rows


def _below(value: float, limits: tuple[float, float], covered: bool) -> str:
    if np.isnan(value):
        return NO_SPIKES
    if not covered:
        return OUTSIDE
    if value < limits[0]:
        return LESS
    return MORE if value > limits[1] else OPEN
