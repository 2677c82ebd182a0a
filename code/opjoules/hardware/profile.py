"""What a machine is to the estimate: the cost of each operation, and the memory it reads from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from opjoules import sources, units


@dataclass(frozen=True)
class Cost:
    """Energy of one operation in pJ: ``low <= central <= high``, with its source.

    Raises
    ------
    ValueError : the three are out of order, or one is negative.
    """

    low: float
    central: float
    high: float
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.central <= self.high:
            raise ValueError(
                f"cost: got low {self.low}, central {self.central}, high {self.high} pJ; "
                "needed is 0 <= low <= central <= high"
            )

    def scaled(self, factor: float, note: str = "") -> Cost:
        """The same cost times ``factor``, for instance for a narrower word."""
        return Cost(
            self.low * factor,
            self.central * factor,
            self.high * factor,
            self.source,
            note or self.note,
        )

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.low + other.low,
            self.central + other.central,
            self.high + other.high,
            sources.joined([self.source, other.source]),
        )


def nothing(source: str, note: str) -> Cost:
    """No energy of its own; ``note`` says where it is contained."""
    return Cost(0, 0, 0, source, note)


@dataclass(frozen=True)
class Profile:
    """One machine that could run the network.

    Attributes
    ----------
    mac, ac, neuron_update, comparison : pJ per operation; ``mac`` is None on a chip that has
        no multiplier in its synapses.
    weight_bits, activation_bits, state_bits : width of the words it stores.
    memory : pJ per access of one 64-bit word, by level, smallest first with its capacity in
        bytes (None: unlimited); None where the cost of an operation contains the memory.
    """

    name: str
    description: str
    ac: Cost
    neuron_update: Cost
    comparison: Cost
    mac: Cost | None = None
    weight_bits: int = 32
    activation_bits: int = 32
    state_bits: int = 32
    memory: Mapping[str, tuple[float | None, Cost]] | None = field(default=None)

    def level(self, elements: float, bits: int) -> str:
        """Name of the smallest memory that holds ``elements`` words of ``bits``.

        Raises
        ------
        ValueError : the profile has no memory of its own.
        """
        if self.memory is None:
            raise ValueError(f"profile: {self.name} counts memory inside its operations")
        size = elements * bits / 8
        fitting = (
            n for n, (capacity, _) in self.memory.items() if not capacity or size <= capacity
        )
        return next(fitting)

    def access(self, level: str, bits: int) -> Cost:
        """pJ to move one word of ``bits`` to or from ``level``: its share of a 64-bit access."""
        width = 64
        return self.memory[level][1].scaled(bits / width, f"{bits} of {width} bits, {level}")

    def as_dataframe(self) -> pd.DataFrame:
        """Every constant of the profile.

        Columns
        -------
        profile, operation : its name, and what is paid for; levels of memory by their names.
        word_bits : width of the words.
        low_pj, central_pj, high_pj : pJ per operation or access.
        source, note : where the constant comes from, and what to know.
        """
        operations = {
            "mac": (self.mac, self.weight_bits),
            "ac": (self.ac, self.weight_bits),
            "neuron update": (self.neuron_update, self.state_bits),
            "comparison": (self.comparison, self.state_bits),
        }
        rows = [(name, bits, cost) for name, (cost, bits) in operations.items() if cost]
        rows += [(level, 64, cost) for level, (_, cost) in (self.memory or {}).items()]
        return pd.DataFrame(
            {
                "profile": self.name,
                "operation": name,
                "word_bits": bits,
                "low_pj": cost.low,
                "central_pj": cost.central,
                "high_pj": cost.high,
                "source": cost.source,
                "note": cost.note,
            }
            for name, bits, cost in rows
        )


def in_unit(table: pd.DataFrame, name: str, unit: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A table of costs in one unit, each row converted from the unit that stands in it.

    Parameters
    ----------
    table, name : with a column ``unit``; its file, for errors.
    unit : the wanted one.
    columns : those to convert.

    Raises
    ------
    ValueError : a unit of another dimension, naming the table ``name``, the row and the unit.
    """
    converted = table.copy()
    for row, given in table["unit"].items():
        for column in columns:
            try:
                converted.loc[row, column] = units.convert(table.loc[row, column], given, unit)
            except ValueError as error:
                raise ValueError(f"{name}, row {row + 2}, {column}: {error}") from error
    return converted.assign(unit=unit)
