"""Schedules: what stays where between the time steps of a spiking network.

A count says which words an inference needs, a schedule how often they move. One rule holds for
all: what the schedule keeps at hand does not move, all else goes out to memory and comes back.

step by step
    All layers run, then the next time step: the count as it is. A weight is fetched again in
    every step that uses it. The membranes of all layers wait in one memory, as large as they
    need together. A map writes its sums, the currents of the neurons, and the neurons read them.
layer by layer
    All time steps of a layer run before the next layer. A weight is fetched once. Only this
    layer's membranes are live, in a memory of their own size. The spikes of all steps wait for
    the next layer as bits, in the room of its activations while T is at most a word's width.
neuron fused
    Step by step, but a neuron is updated where its current is summed: no current moves, except
    one that is computed once and held for all steps.
layer by layer, fused
    Both; a held current stays, too.
membranes in accumulators
    Both, and the membrane stays where its current is summed. This needs an accumulator for each
    neuron of the layer and, while a weight is held for T steps, T sums in each.

The rival without time gets the same. Its one pass fetches each weight once; the count leaves its
sums in accumulators and its rectifiers fused, as the last schedule does, with every schedule.
What it can still save is the scores between the two products of attention: where neurons are
fused, so are the products, on both sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

MAPS = ("linear", "convolution", "product")


class Schedule(NamedTuple):
    """What a schedule of this module's docstring keeps at hand."""

    layer_by_layer: bool = False
    fused: bool = False
    in_accumulators: bool = False


STEP_BY_STEP, IN_ACCUMULATORS = "step by step", "membranes in accumulators"
SCHEDULES = {
    STEP_BY_STEP: Schedule(),
    "neuron fused": Schedule(fused=True),
    "layer by layer": Schedule(layer_by_layer=True),
    "layer by layer, fused": Schedule(layer_by_layer=True, fused=True),
    IN_ACCUMULATORS: Schedule(layer_by_layer=True, fused=True, in_accumulators=True),
}


def named(name: str) -> Schedule:
    """A schedule by name.

    Raises
    ------
    ValueError : another name than those of ``SCHEDULES``.
    """
    if name not in SCHEDULES:
        raise ValueError(f"schedule: got {name!r}; allowed are {tuple(SCHEDULES)}")
    return SCHEDULES[name]


def scheduled(operations: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table of ``count_operations`` with the words that still move on this schedule.

    A row of neurons belongs to the map in the row above it.

    Raises
    ------
    ValueError : an unknown schedule.
    """
    kept = named(name)
    if not any(kept):
        return operations
    table = operations.reset_index(drop=True)
    table.attrs = {}  # pandas would copy them with each of the columns below
    if kept.layer_by_layer:
        table["weight_reads"] = table[["weight_reads", "weight_size"]].min(axis=1)
    if kept.fused:
        table = _scores_kept(_currents_kept(table, held=kept.layer_by_layer))
    if kept.in_accumulators:
        table[["state_reads", "state_writes"]] = 0.0
    return table


def _currents_kept(table: pd.DataFrame, held: bool) -> pd.DataFrame:
    """Without the currents between maps and neurons; ``held``: nor those held over the steps."""
    fed = (table["kind"] == "neuron") & table["kind"].shift().isin(MAPS)
    if not held:
        fed &= table["calls"] == table["calls"].shift()
    feeding = fed.shift(-1, fill_value=False)
    return table.assign(
        activation_reads=table["activation_reads"].mask(fed, 0.0),
        activation_writes=table["activation_writes"].mask(feeding, 0.0),
    )


def _scores_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Without what the first product of an attention layer writes and its second reads."""
    if not (table["kind"] == "product").any():
        return table
    part = table["layer"].astype(str).str.extract(r"^(?P<layer>.*)product (?P<place>\d+)$")
    second = (part["place"] == "2") & (part["place"].shift() == "1")
    second &= part["layer"] == part["layer"].shift()
    first = second.shift(-1, fill_value=False)
    scores = table["activation_writes"].shift()
    sent = np.where(table["sites"] > 0, table["spikes"] / table["sites"].clip(lower=1), 1.0)
    rest = (table["activation_reads"] - scores * sent).clip(lower=0)
    reads = table["activation_reads"].mask(second, rest)
    writes = table["activation_writes"].mask(first, 0.0)
    # what is kept needs no room in the memory either; spikes are fewer words than their tensor
    room = table["activation_size"].clip(upper=np.maximum(reads, writes))
    dense = (first | second) & ~(table["sites"] > 0)
    return table.assign(
        activation_reads=reads,
        activation_writes=writes,
        activation_size=table["activation_size"].mask(dense, room),
    )
