"""Mapping weight matrices onto the cores of a chip: how many cores, and what sits where.

A core keeps weights beside the neurons that they feed, so the whole fan-in of a neuron must be
where the neuron is, or its sum is split and the parts are added elsewhere. Two kinds of core:

- *crossbar*: ``rows`` inputs by ``columns`` outputs of cells. A matrix is cut into tiles.
- *memory*: weights in a common memory of so many bytes; ``neurons`` and ``inputs`` are limited.

The count is of weights alone: neuron states, routing tables and spare parts come on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd

from opjoules import sources, units

PIECES = ("matrix", "core", "row", "rows", "column", "columns")


@dataclass(frozen=True)
class Matrix:
    """A weight matrix: ``inputs`` rows feed ``outputs`` columns."""

    name: str
    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        """Number of weights."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Core:
    """Limits of one core of ``chip``, from ``data/chips.csv``; zero means no published limit.

    Attributes
    ----------
    cores : on one chip.
    weight_bits : width of a mapped weight.
    rows, columns : inputs and outputs of a crossbar, in weights; zero for a core with memory.
    memory : bytes of synapse memory; zero for a crossbar.
    neurons, inputs : greatest numbers on a core with memory.
    per_tile : cores that share a router of the network on the chip.
    """

    chip: str
    cores: int
    weight_bits: int
    rows: int = 0
    columns: int = 0
    memory: int = 0
    neurons: int = 0
    inputs: int = 0
    per_tile: int = 1

    @property
    def crossbar(self) -> bool:
        """Whether the core is a crossbar."""
        return self.rows > 0

    @property
    def capacity(self) -> int:
        """Weights that fit if nothing is wasted."""
        return self.rows * self.columns if self.crossbar else self.memory * 8 // self.weight_bits


def core(chip: str, weight_bits: int = 8) -> Core:
    """Limits of a chip for weights of at most ``weight_bits`` (less where the chip has less).

    A weight of several bits on a crossbar of narrower cells takes as many rows.

    Raises
    ------
    ValueError : no weights, or the data lack the number of cores or a synapse memory.
    """
    if weight_bits < 1:
        raise ValueError(f"weight_bits: got {weight_bits}; must be at least 1")
    table = sources.table("chips.csv")
    rows = table[table["chip"] == chip].set_index("quantity")
    known = {"cores", "weight width"} <= set(rows.index)
    if not known or not {"crossbar rows", "synapse memory per core"} & set(rows.index):
        raise ValueError(f"chip: got {chip!r}; allowed are {mappable()}")

    def limit(quantity: str, unit: str = "dimensionless") -> int:
        if quantity not in rows.index:
            return 0
        return round(units.convert(rows.loc[quantity, "value"], rows.loc[quantity, "unit"], unit))

    bits = min(weight_bits, limit("weight width", "bit"))
    cell = limit("bits per cell", "bit") or bits
    crossbar = "crossbar rows" in rows.index
    return Core(
        chip=chip,
        cores=limit("cores"),
        weight_bits=bits,
        rows=limit("crossbar rows") // ceil(bits / cell),
        columns=limit("crossbar columns"),
        memory=0 if crossbar else limit("synapse memory per core", "byte"),
        neurons=limit("neurons per core"),
        inputs=limit("inputs per core"),
        per_tile=limit("cores per tile") or 1,
    )


def two_lines(matrices: Sequence[Matrix]) -> tuple[Matrix, ...]:
    """The same matrices for spikes without a sign: a line for each sign, so twice the inputs."""
    return tuple(Matrix(m.name, 2 * m.inputs, m.outputs) for m in matrices)


def mappable() -> tuple[str, ...]:
    """Chips of ``data/chips.csv`` whose limits suffice for a mapping."""
    table = sources.table("chips.csv")
    have = table.groupby("chip", sort=False)["quantity"].agg(set)
    memory = {"crossbar rows", "synapse memory per core"}
    fit = [chip for chip, q in have.items() if {"cores", "weight width"} <= q and memory & q]
    return tuple(fit)


def lower_bound(matrices: Sequence[Matrix], on: Core) -> int:
    """Least number of cores: all weights over the weights that one core holds, rounded up."""
    return ceil(sum(matrix.weights for matrix in matrices) / on.capacity)


def spread(matrices: Sequence[Matrix], on: Core) -> pd.DataFrame:
    """Each core holds a piece of one matrix only; the mapping that a compiler starts from.

    Columns
    -------
    matrix, core : the piece's matrix, and where it sits.
    row, rows : its first input, and how many.
    column, columns : its first output, and how many.

    Raises
    ------
    ValueError : a neuron's fan-in does not fit on one core with memory.
    """
    pieces = pd.concat([_cut(matrix, on) for matrix in matrices], ignore_index=True)
    return pieces.assign(core=np.arange(len(pieces)))[list(PIECES)]


def pack(matrices: Sequence[Matrix], on: Core) -> pd.DataFrame:
    """Cores are shared, largest fan-in first; a shared crossbar is read piece by piece.

    Returns pieces as ``spread`` does.

    Raises
    ------
    ValueError : a neuron's fan-in does not fit on one core with memory.
    """
    ordered = sorted(matrices, key=lambda matrix: -matrix.inputs)
    return _pack_tiles(ordered, on) if on.crossbar else _pack_neurons(ordered, on)


def count(pieces: pd.DataFrame) -> int:
    """Cores in use."""
    return int(pieces["core"].nunique())


def utilisation(pieces: pd.DataFrame, on: Core) -> float:
    """Share of the capacity of the used cores that holds weights, 0 to 1."""
    return float((pieces["rows"] * pieces["columns"]).sum() / (count(pieces) * on.capacity))


def _neurons_per_core(inputs: int, on: Core) -> int:
    """Neurons of a fan-in that an empty core with memory takes."""
    if on.inputs and inputs > on.inputs:
        raise ValueError(f"inputs: got a fan-in of {inputs}; a core of {on.chip} takes {on.inputs}")
    fitting = on.capacity // inputs
    if not fitting:
        raise ValueError(
            f"inputs: got a fan-in of {inputs} weights; a core of {on.chip} holds {on.capacity}"
        )
    return min(fitting, on.neurons) if on.neurons else fitting


def _cut(matrix: Matrix, on: Core) -> pd.DataFrame:
    """The pieces of one matrix on cores of its own."""
    height = on.rows if on.crossbar else matrix.inputs
    width = on.columns if on.crossbar else _neurons_per_core(matrix.inputs, on)
    rows, columns = np.meshgrid(
        np.arange(0, matrix.inputs, height), np.arange(0, matrix.outputs, width), indexing="ij"
    )
    row, column = rows.ravel(), columns.ravel()
    return pd.DataFrame(
        {
            "matrix": matrix.name,
            "row": row,
            "rows": np.minimum(height, matrix.inputs - row),
            "column": column,
            "columns": np.minimum(width, matrix.outputs - column),
        }
    )


def _pack_neurons(matrices: Sequence[Matrix], on: Core) -> pd.DataFrame:
    """First fit: neurons go to the first core with weights, neurons and inputs to spare."""
    free: list[list[int]] = []  # weights, neurons, inputs still free, by core
    pieces = []
    for matrix in matrices:
        full, done = _neurons_per_core(matrix.inputs, on), 0
        while done < matrix.outputs:
            sizes = [_room(place, matrix.inputs, on) for place in free]
            place = next((i for i, room in enumerate(sizes) if room), len(free))
            if place == len(free):
                free.append([on.capacity, on.neurons, on.inputs])
            room = _room(free[place], matrix.inputs, on)
            taken = min(room, full, matrix.outputs - done)
            used = (taken * matrix.inputs, taken, matrix.inputs)
            free[place] = [have - use for have, use in zip(free[place], used, strict=True)]
            pieces.append((matrix.name, place, 0, matrix.inputs, done, taken))
            done += taken
    return pd.DataFrame(pieces, columns=list(PIECES))


def _room(free: Sequence[int], inputs: int, on: Core) -> int:
    """Neurons of a fan-in that a partly filled core still takes."""
    weights, neurons, axons = free
    if on.inputs and axons < inputs:
        return 0
    return min(weights // inputs, neurons) if on.neurons else weights // inputs


def _pack_tiles(matrices: Sequence[Matrix], on: Core) -> pd.DataFrame:
    """Tiles go into the first free rectangle that takes them, largest first (guillotine cuts)."""
    tiles = pd.concat([_cut(matrix, on) for matrix in matrices], ignore_index=True)
    order = (tiles["rows"] * tiles["columns"]).sort_values(ascending=False, kind="stable").index
    free: list[tuple[int, int, int]] = []  # core, rows, columns of each free rectangle
    place = np.zeros(len(tiles), dtype=int)
    cores = 0
    for index in order:
        height, width = int(tiles["rows"][index]), int(tiles["columns"][index])
        fits = [
            i for i, (_, rows, columns) in enumerate(free) if rows >= height and columns >= width
        ]
        if not fits:
            free.append((cores, on.rows, on.columns))
            fits, cores = [len(free) - 1], cores + 1
        home, rows, columns = free.pop(min(fits, key=lambda i: free[i][1] * free[i][2]))
        place[index] = home
        below, beside = (home, rows - height, columns), (home, height, columns - width)
        free += [rest for rest in (below, beside) if rest[1] and rest[2]]
    return tiles.assign(core=place)[list(PIECES)]
