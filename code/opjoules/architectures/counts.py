"""From an architecture to the counts of one inference, ready for ``estimate``.

``dense_counts`` runs every layer once on real numbers. ``from_rates`` runs it for some time
steps on spikes of given rates. Nothing is run: the counts follow from the definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from opjoules.counting.operations import COLUMNS

from .layers import positive

GEOMETRY = ("channels_out", "kernel", "windows", "bias")


def dense_counts(network: pd.DataFrame) -> pd.DataFrame:
    """Counts of one dense inference: operations and memory traffic, every layer once.

    Traffic follows ``count_operations``: each weight, input and output moves once. Softmax,
    normalisation and activation functions are not in a definition; ``attrs["uncounted"]``
    names them.
    """
    table = _counts(network, pd.Series(1, index=network.index), bias=False)
    lookups = table["kind"] == "embedding"
    table.loc[~lookups, ["macs", "effective_macs"]] = table["dense"]
    table.loc[lookups, "dense"] = 0.0
    table = _traffic(table, network)
    table.loc[lookups, "weight_reads"] = table["activation_writes"]
    table.loc[lookups, "activation_size"] = 0
    table.attrs["uncounted"] = {"softmax, normalisation, activation functions": 0}
    return table


def from_rates(
    network: pd.DataFrame,
    rates: Mapping[str, float] | float,
    timesteps: int,
    real: Iterable[str] = ("stem.0",),
    once: Iterable[str] = ("head",),
    bias: bool = True,
    traffic: bool = False,
    neurons: bool = False,
) -> pd.DataFrame:
    """Counts of one inference from a network's definition and its spike rates.

    ``acs = rate · timesteps · (macs + bias)`` for each spike-driven layer, as in the papers (a
    rate is a mean over the input, so borders count in full). What was not asked for stands in
    ``attrs["uncounted"]``.

    Parameters
    ----------
    network : table of an architecture.
    rates : spike rate of each spike-driven layer, or one for all.
    timesteps : T.
    real : layers that read real numbers at every step.
    once : layers that read them once, after the last step.
    bias : charge the additions of biases, too.
    traffic : add the words that move, by the rules of ``count_operations``.
    neurons : add a spiking neuron with one state behind every map but those in ``once`` and the
        inner product of attention; it fires at the mean rate of the inputs.

    Raises
    ------
    ValueError : a rate outside [0, 1], a missing or unknown layer, timesteps below 1.
    """
    positive(timesteps=timesteps)
    real, once, layers = set(real), set(once), set(network["layer"])
    driven = layers - real - once
    rates = dict(rates) if isinstance(rates, Mapping) else dict.fromkeys(driven, rates)
    _check(rates, driven, layers, real | once)
    steps = network["layer"].map(lambda layer: 1 if layer in once else timesteps)
    table = _counts(network, steps, bias)
    spiking = network["layer"].isin(driven)
    rate = network["layer"].map(rates)
    table.loc[~spiking, ["macs", "effective_macs"]] = table["dense"]
    table.loc[spiking, "acs"] = table["dense"] * rate
    if "inputs" in network:
        table.loc[spiking, "sites"] = network["inputs"] * steps
        table.loc[spiking, "spikes"] = table["sites"] * rate
    if traffic:
        table = _traffic(table, network)
    if neurons:
        table = _with_neurons(table, network, timesteps, once)
    asked = {"neuron updates": neurons, "memory traffic": traffic}
    table.attrs["uncounted"] = {name: 0 for name, counted in asked.items() if not counted}
    return table


def _check(rates: dict, driven: set, layers: set, others: set) -> None:
    if driven != set(rates) or not others <= layers:
        raise ValueError(
            f"rates: missing layers {sorted(driven - set(rates))}, unknown layers "
            f"{sorted((set(rates) | others) - layers | set(rates) & others)}; "
            "needed is one rate for each spike-driven layer"
        )
    wrong = {layer: rate for layer, rate in rates.items() if not 0 <= rate <= 1}
    if wrong:
        raise ValueError(f"rates: got {wrong}; allowed are spike rates from 0 to 1")


def _counts(network: pd.DataFrame, steps: pd.Series, bias: bool) -> pd.DataFrame:
    """Zeros in the columns of ``count_operations``, with what does not depend on the input."""
    table = pd.DataFrame(0.0, index=network.index, columns=list(COLUMNS[2:]))
    table.insert(0, "kind", network["kind"])
    table.insert(0, "layer", network["layer"])
    table["dense"] = (steps * (network["macs"] + (network["bias"] if bias else 0))).astype(float)
    table["calls"], table["weight_size"] = steps, network["weights"]
    return table


def _traffic(table: pd.DataFrame, network: pd.DataFrame) -> pd.DataFrame:
    """Words moved, as ``operations.Ledger.add_work`` counts them."""
    steps, driven = table["calls"], table["sites"] > 0
    hit = np.minimum(table["acs"] / steps, network["weights"]) * steps
    return table.assign(
        weight_reads=np.where(driven, hit, network["weights"] * steps),
        activation_reads=np.where(driven, table["spikes"], network["inputs"] * steps),
        activation_writes=(network["outputs"] * steps).astype(float),
        activation_size=np.maximum(network["inputs"], network["outputs"]),
    )


def _with_neurons(
    table: pd.DataFrame, network: pd.DataFrame, timesteps: int, once: set[str]
) -> pd.DataFrame:
    """The table with a row of spiking neurons below each map that has them."""
    inner = network["layer"].str.endswith("product 1")
    maps = network[~network["layer"].isin(once) & ~inner]
    rate = table["spikes"].sum() / max(table["sites"].sum(), 1)
    updates = (maps["outputs"] * timesteps).astype(float)
    rows = pd.DataFrame(0.0, index=maps.index, columns=table.columns).astype({"layer": object})
    rows["layer"], rows["kind"] = maps["layer"] + ":neurons", "neuron"
    for column in (
        "neuron_updates",
        "comparisons",
        "activation_reads",
        "state_reads",
        "state_writes",
        "sites",
    ):
        rows[column] = updates
    rows["spikes"] = rows["activation_writes"] = rate * updates
    rows["calls"] = timesteps
    rows["state_size"] = rows["activation_size"] = maps["outputs"]
    return pd.concat([table, rows]).sort_index(kind="stable", ignore_index=True)
