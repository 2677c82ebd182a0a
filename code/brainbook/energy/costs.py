"""What one operation costs: hardware profiles, in picojoules, a source behind every constant.

The constants stand in ``data/energy_operations.csv``, ``data/energy_memory.csv`` and
``data/energy_chips.csv``. A profile says how an operation of the table of counts is made of
them, and how wide a word is. Low and high differ where sources or sound assumptions differ; a
constant with one published value has an interval of width zero, which is no proof of precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..evidence import facts

CMOS = "45 nm 0.9 V"
WORD_BITS = {"int8": 8, "fp16": 16, "fp32": 32}
STATE_BITS = {"int8": 16, "fp16": 16, "fp32": 32}
CHIPS = {"loihi": "Loihi", "truenorth": "TrueNorth", "spinnaker": "SpiNNaker"}
SURVEY = "neuromorphic_survey"


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
            self.low * factor, self.central * factor, self.high * factor, self.source,
            note or self.note,
        )  # fmt: skip

    def __add__(self, other: Cost) -> Cost:
        sources = " ".join(dict.fromkeys(f"{self.source} {other.source}".split()))
        return Cost(
            self.low + other.low, self.central + other.central, self.high + other.high, sources
        )


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
        """Every constant of the profile in pJ, with its word size, source and note."""
        operations = {
            "mac": (self.mac, self.weight_bits), "ac": (self.ac, self.weight_bits),
            "neuron update": (self.neuron_update, self.state_bits),
            "comparison": (self.comparison, self.state_bits),
        }  # fmt: skip
        rows = [(name, bits, cost) for name, (cost, bits) in operations.items() if cost]
        rows += [(level, 64, cost) for level, (_, cost) in (self.memory or {}).items()]
        return pd.DataFrame(
            {
                "profile": self.name, "operation": name, "word_bits": bits, "low_pj": cost.low,
                "central_pj": cost.central, "high_pj": cost.high, "source": cost.source,
                "note": cost.note,
            }
            for name, bits, cost in rows
        )  # fmt: skip


def profiles() -> tuple[str, ...]:
    """Names that ``profile`` knows."""
    return (*(f"45nm_{width}" for width in WORD_BITS), *CHIPS, SURVEY)


def profile(name: str) -> Profile:
    """A hardware profile by name.

    Raises
    ------
    ValueError : another name than those of ``profiles()``.
    """
    if name not in profiles():
        raise ValueError(f"profile: got {name!r}; allowed are {profiles()}")
    if name.startswith("45nm_"):
        return _cmos(name.removeprefix("45nm_"))
    return _survey() if name == SURVEY else _chip(name)


def operation_energy(operation: str, width: str) -> float:
    """pJ of one ``add`` or ``multiply`` at 45 nm and ``width`` (int8, int32, fp16, fp32 …).

    Raises
    ------
    ValueError : the table has no such operation at this width.
    """
    table = facts.table("energy_operations.csv")
    row = table[(table["operation"] == operation) & (table["format"] == width)]
    if len(row) != 1:
        known = sorted(table["operation"] + " " + table["format"])
        raise ValueError(f"operation: got {operation} {width}; allowed are {known}")
    return float(row["energy_pj"].iloc[0])


def _cmos(width: str) -> Profile:
    """45 nm digital logic after Horowitz (2014), multiplying and adding at ``width``.

    The centre takes both at the stated width, as papers do. Sums of many narrow products
    overflow, so the high end adds into a 32-bit accumulator. A leaky neuron multiplies by its
    decay and adds its input; the low end shifts instead of multiplying, the high end adds the
    reset. A comparison is a subtraction.
    """
    source = "horowitz2014computing"
    multiply, add = operation_energy("multiply", width), operation_energy("add", width)
    wide = operation_energy("add", "int32" if width.startswith("int") else "fp32")
    note = "high: 32-bit accumulator" if wide > add else "one published value"
    return Profile(
        name=f"45nm_{width}",
        description=f"45 nm CMOS at 0.9 V, {width}",
        mac=Cost(multiply + add, multiply + add, multiply + wide, source, note),
        ac=Cost(add, add, wide, source, note),
        neuron_update=Cost(
            add, multiply + add, multiply + 2 * wide, source, "low: shift as decay; high: reset"
        ),
        comparison=Cost(add, add, wide, source, "a comparison is a subtraction"),
        weight_bits=WORD_BITS[width],
        activation_bits=WORD_BITS[width],
        state_bits=STATE_BITS[width],
        memory=_cmos_memory(),
    )


def _cmos_memory() -> dict[str, tuple[float | None, Cost]]:
    """Levels of the 45 nm memory hierarchy: capacity in bytes and pJ per 64-bit access."""
    table = facts.table("energy_memory.csv")
    if set(table["word_bits"]) != {64}:
        raise ValueError("energy_memory.csv: word_bits must be 64 in every row")
    return {
        row.level: (
            None if pd.isna(row.capacity_bytes) else float(row.capacity_bytes),
            Cost(row.energy_pj_low, row.energy_pj, row.energy_pj_high, row.source, "per 64 bits"),
        )
        for row in table.itertuples()
    }


def _spread(rows: pd.DataFrame, note: str) -> Cost:
    """Least, median (on a log scale) and greatest of several published values."""
    values = rows["value"].astype(float)
    centre = float(np.exp(np.median(np.log(values))))
    sources = " ".join(dict.fromkeys(" ".join(rows["source"]).split()))
    return Cost(values.min(), min(max(centre, values.min()), values.max()), values.max(), sources,
                note)  # fmt: skip


def _chip(name: str) -> Profile:
    """A neuromorphic chip: pJ per synaptic operation and neuron update, memory inside.

    Sources that disagree give the interval. Where only whole-chip figures exist, the neuron
    update is inside the synaptic operation and costs nothing extra here.
    """
    table = facts.table("energy_chips.csv")
    rows = table[(table["chip"] == CHIPS[name]) & (table["unit"] == "pJ")]
    synapse = rows[rows["quantity"] == "synaptic operation"]
    updates = rows[rows["quantity"].str.startswith("neuron update")]
    inside = Cost(0, 0, 0, str(synapse["source"].iloc[0]), "inside the synaptic operation")
    neuron = inside
    if len(updates):
        spread = _spread(updates, "low: inactive neuron" if len(updates) > 1 else "")
        # Clocked cores update every neuron; the centre is the price of an active one.
        neuron = Cost(spread.low, spread.high, spread.high, spread.source, spread.note)
    note = "; ".join(dict.fromkeys(synapse["evidence"] + ", " + synapse["caveat"].fillna("")))
    return Profile(
        name=name, description=f"{CHIPS[name]}, energy per synaptic operation as published",
        ac=_spread(synapse, note), neuron_update=neuron,
        comparison=Cost(0, 0, 0, inside.source, "inside the neuron update"),
        weight_bits=8, activation_bits=8, state_bits=16,
    )  # fmt: skip


def _survey() -> Profile:
    """Digital neuromorphic chips together: least, median, greatest pJ per synaptic operation.

    SpiNNaker is left out: it simulates neurons in software on general processors.
    """
    table = facts.table("energy_chips.csv")
    rows = table[(table["quantity"] == "synaptic operation") & ~table["chip"].isin(["SpiNNaker"])]
    updates = table[(table["chip"] == "Loihi") & table["quantity"].str.startswith("neuron update")]
    source = str(updates["source"].iloc[0])
    inside = Cost(0, 0, 0, source, "inside the neuron update")
    neuron = Cost(0, 0, updates["value"].max(), source, "high: Loihi's; else in the synaptic one")
    return Profile(
        name=SURVEY, description="Range over digital neuromorphic chips, definitions differ",
        ac=_spread(rows, "least, median, greatest over chips"), neuron_update=neuron,
        comparison=inside, weight_bits=8, activation_bits=8, state_bits=16,
    )  # fmt: skip
