"""The energy model of Lemaire et al. (2023): operations, memory and addresses, layer by layer.

``E = E_mem + E_ops + E_addressing`` at 45 nm with 32-bit integers (arXiv:2210.13107, equations
1 to 20; read in two public implementations, since the paper's own code is not published). With
``θ`` input spikes of one inference, ``θ'`` output spikes, ``T`` steps, per layer:

===================  =======================================  ===============================
term                 dense layer                              spiking layer
===================  =======================================  ===============================
operations           MAC per product, AC per bias             AC per ``θ · fan-out`` and bias,
                                                              AC per ``θ'``, MAC per leak
parameters read      one per product and bias                 one per ``θ · fan-out`` and bias
input read           per product (convolution) or input       ``θ``, from a queue
output written       one per output                           ``θ'``, to a queue
potentials           none                                     read and written
                                                              ``θ · fan-out + T · neurons`` times
addresses            AC per input, output and kernel element  AC per ``θ · fan-out``, and two
                                                              MAC per ``θ`` in a convolution
===================  =======================================  ===============================

The fan-out is that of a fully connected layer, ``N_out``, or ``C_out · K²``; a stride divides it
for the operations, ``C_out · ⌈K/S⌉²``. The paper's equation 2 multiplies a fully connected
fan-out by ``N_in`` once more, against its own definitions; both implementations drop that.

A memory costs by its size. The implementations differ: ``equations`` interpolates between the
three memories of Horowitz (2014), from zero, and stays at the largest; ``line`` takes the least
squares line through them, at a thousand bytes a kilobyte. They differ, too, in the addresses of
a dense fully connected layer: ``N_in + N_out`` or ``N_in · N_out``. Both are computed and span
the interval. Both charge the energy of a 64-bit access for one 32-bit word; ``estimate`` charges
half.

Attention, embeddings, pooling and comparisons are not in the model: ``left_out`` names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

import numpy as np
import pandas as pd
from torch import nn

from opjoules import sources
from opjoules.hardware.catalogue import operation_energy, profile

from .estimate import PICO, Joules

READINGS = ("equations", "line")
MODELLED = ("linear", "convolution", "neuron")
GEOMETRY = ("channels_out", "kernel", "windows", "bias", "groups")


@dataclass(frozen=True)
class LemaireEstimate:
    """Energy of one inference: ``joules``, its parts per layer, and what was left out.

    Attributes
    ----------
    joules : bounded by the readings, ``equations`` in the middle.
    readings : J after each of ``READINGS``.
    layers : table of ``layer_energies`` after the reading ``equations``.
    left_out : layers of the count that the model does not know.
    """

    joules: Joules
    readings: tuple[float, ...]
    layers: pd.DataFrame
    left_out: tuple[str, ...]


def memory_energy(words: np.ndarray | float, reading: str = READINGS[0]) -> np.ndarray:
    """pJ of one access to a memory of ``words`` 32-bit words.

    Raises
    ------
    ValueError : an unknown reading.
    """
    _known(reading)
    bits = np.asarray(words, dtype=float) * sources.value("energy_lemaire.csv", "word_bits")
    if reading == "line":
        slope = sources.value("energy_lemaire.csv", "memory_slope")
        return slope * bits + sources.value("energy_lemaire.csv", "memory_intercept")
    points = memories()
    return np.interp(bits / 8, [0, *points["capacity_bytes"]], [0, *points["energy_pj"]])


def memories() -> pd.DataFrame:
    """The three 45 nm memories between which the paper interpolates, smallest first.

    Columns
    -------
    level, capacity_bytes : the memory.
    energy_pj, source : of one access.
    """
    levels = profile("45nm_fp32").memory.items()
    rows = [(name, size, cost.central, cost.source) for name, (size, cost) in levels if size]
    columns = ["level", "capacity_bytes", "energy_pj", "source"]
    return pd.DataFrame(rows, columns=columns).sort_values("capacity_bytes")


def geometry(model: nn.Module) -> pd.DataFrame:
    """Kernels of a PyTorch model's layers: what ``count_operations`` does not say.

    Columns
    -------
    layer : its name.
    channels_out, groups : of the map.
    kernel : elements of a kernel in one channel.
    windows : ``Π ⌈K/S⌉``, kernel windows that one input element lies in.
    bias : numbers that are added.
    """
    rows = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            shape = (module.out_features, 1, 1, 1)
        elif isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            pairs = zip(module.kernel_size, module.stride, strict=True)
            windows = prod(ceil(size / stride) for size, stride in pairs)
            shape = (module.out_channels, prod(module.kernel_size), windows, module.groups)
        else:
            continue
        channels, kernel, windows, groups = shape
        bias = 0 if module.bias is None else channels
        rows.append((name, channels, kernel, windows, bias, groups))
    return pd.DataFrame(rows, columns=["layer", *GEOMETRY])


def estimate_lemaire(
    operations: pd.DataFrame, layers: pd.DataFrame | None = None, leaky: bool = True
) -> LemaireEstimate:
    """Energy of one inference after Lemaire et al. (2023).

    Parameters
    ----------
    operations : table of ``count_operations``, or of an architecture with traffic.
    layers : kernels, from ``geometry(model)`` or an architecture's table. Without them, the
        fan-out of spikes is the one counted, inside the borders, and neither biases nor the
        kernel elements' addresses are charged.
    leaky : neurons multiply by a decay at each step.

    Raises
    ------
    ValueError : a table without the traffic that the model needs.
    """
    parts = {r: layer_energies(operations, layers, r, leaky) for r in READINGS}
    totals = [float(table["total"].sum()) for table in parts.values()]
    known = operations["kind"].isin(MODELLED)
    return LemaireEstimate(
        joules=Joules(min(totals), totals[0], max(totals)),
        readings=tuple(totals),
        layers=parts[READINGS[0]],
        left_out=tuple(operations.loc[~known, "layer"]),
    )


def layer_energies(
    operations: pd.DataFrame,
    layers: pd.DataFrame | None = None,
    reading: str = READINGS[0],
    leaky: bool = True,
) -> pd.DataFrame:
    """Joules per layer after one reading; parameters as ``estimate_lemaire``.

    Columns
    -------
    layer : its name.
    memory, operations, addressing, total : J per inference.

    Raises
    ------
    ValueError : an unknown reading, or a table without traffic.
    """
    _known(reading)
    table = _joined(operations[operations["kind"].isin(MODELLED)], layers)
    maps = table["kind"] != "neuron"
    if (table.loc[maps & (table["dense"] > 0), "activation_writes"] <= 0).any():
        raise ValueError(
            "operations: no memory traffic in the table; pass count_operations' table, or build "
            "it with traffic=True"
        )
    add, multiply = operation_energy("add", "int32"), operation_energy("multiply", "int32")
    work, memory = _work(table, reading, leaky), _memory(table, reading)
    parts = {
        "memory": memory,
        "operations": work["ac"] * add + work["mac"] * (multiply + add),
        "addressing": work["address_ac"] * add + work["address_mac"] * (multiply + add),
    }
    joules = pd.DataFrame({"layer": table["layer"]} | {k: v * PICO for k, v in parts.items()})
    return joules.assign(total=joules[list(parts)].sum(axis=1))


def _known(reading: str) -> None:
    if reading not in READINGS:
        raise ValueError(f"reading: got {reading!r}; allowed are {READINGS}")


def _joined(table: pd.DataFrame, layers: pd.DataFrame | None) -> pd.DataFrame:
    """The counts with the kernels beside them, and the quantities that the equations name.

    Columns, besides those of both
    -------
    driven, real, convolution : whether spikes drive the layer, real numbers, and its kind.
    biases : numbers added to an output.
    inputs : real numbers read.
    visits, additions : ``θ · fan-out`` of spikes, without and with the stride.
    """
    if layers is None:
        layers = pd.DataFrame(columns=["layer", *GEOMETRY], dtype=float)
    known = layers.set_index("layer").reindex(columns=GEOMETRY).fillna({"groups": 1})
    known = known.assign(bias=np.where(known["bias"] > 0, known["channels_out"], 0))
    table = table.reset_index(drop=True).join(known.astype(float), on="layer")
    driven, real = table["sites"] > 0, table["macs"] > 0
    convolution = table["kind"] == "convolution"
    fan_out = table["channels_out"] / table["groups"]
    given = fan_out.notna()
    return table.assign(
        driven=driven & (table["kind"] != "neuron"),
        real=real,
        convolution=convolution,
        biases=table["bias"].fillna(0),
        inputs=np.where(real, table["activation_reads"] - np.where(driven, table["spikes"], 0), 0),
        visits=np.where(given, table["spikes"] * fan_out * table["kernel"], table["acs"]),
        additions=np.where(given, table["spikes"] * fan_out * table["windows"], table["acs"]),
    )


def _work(table: pd.DataFrame, reading: str, leaky: bool) -> dict[str, pd.Series]:
    """Operations and address operations per layer."""
    neuron, driven, real = table["kind"] == "neuron", table["driven"], table["real"]
    biased = table["activation_writes"].where(table["biases"] > 0, 0)
    kernels = (table["calls"] * table["channels_out"] * table["kernel"]).fillna(0)
    swept = table["inputs"] + table["activation_writes"]
    dense = np.where(table["convolution"], swept + kernels, swept)
    if reading == "line":
        dense = np.where(table["convolution"], dense, table["macs"])
    return {
        "mac": table["macs"] + leaky * table["neuron_updates"],
        "ac": table["additions"].where(driven, 0) + biased + table["spikes"].where(neuron, 0),
        "address_ac": table["visits"].where(driven, 0) + np.where(real, dense, 0),
        "address_mac": 2 * table["spikes"].where(driven & table["convolution"], 0),
    }


def _memory(table: pd.DataFrame, reading: str) -> pd.Series:
    """pJ of every access of a layer, each memory sized by what it holds."""

    def access(words):
        return memory_energy(words, reading)

    neuron, driven, real = table["kind"] == "neuron", table["driven"], table["real"]
    queue = float(access(sources.value("energy_lemaire.csv", "fifo_words")))
    held = access(table["activation_writes"] / table["calls"])
    biased = table["activation_writes"].where(table["biases"] > 0, 0)
    parameters = table["macs"] + table["visits"].where(driven, 0) + biased
    total = parameters * access(table["weight_size"] + table["biases"])
    reads = table["macs"].where(table["convolution"], table["inputs"]).where(real, 0)
    total += reads * access(table["inputs"] / table["calls"])
    total += queue * (table["spikes"].where(driven | neuron, 0))
    total += 2 * table["visits"].where(driven, 0) * held
    total += 2 * table["neuron_updates"] * access(table["neuron_updates"] / table["calls"])
    written = table["activation_writes"].where(real & ~neuron.any(), 0)
    return total + written * held
