"""What one operation costs: hardware profiles, in picojoules, a source behind every constant.

The constants stand in ``data/energy_operations.csv``, ``data/energy_memory.csv`` and
``data/energy_chips.csv``. A profile says how an operation of the table of counts is made of
them, and how wide a word is. Low and high differ where sources or sound assumptions differ; a
constant with one published value has an interval of width zero, which is no proof of precision.
Profiles of chips are in :mod:`opjoules.hardware.chips`.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from opjoules import sources

from . import chips
from .chips import CHIPS, IN_MEMORY, SURVEY
from .profile import Cost, Profile, in_unit

CMOS = "45 nm 0.9 V"
TECHNOLOGIES = {"45nm": CMOS, "7nm": "7 nm"}
DESCRIPTIONS = {"45nm": "45 nm CMOS at 0.9 V", "7nm": "7 nm CMOS"}
WORD_BITS = {"int8": 8, "fp16": 16, "fp32": 32}
STATE_BITS = {"int8": 16, "fp16": 16, "fp32": 32}
LOGIC = tuple(f"45nm_{width}" for width in WORD_BITS)
NEWER_LOGIC = ("7nm_int8", "7nm_fp32")


def profiles() -> tuple[str, ...]:
    """Names that ``profile`` knows."""
    return (*LOGIC, *CHIPS, SURVEY, *NEWER_LOGIC, IN_MEMORY)


@cache
def profile(name: str) -> Profile:
    """A hardware profile by name.

    Raises
    ------
    ValueError : another name than those of ``profiles()``.
    """
    if name not in profiles():
        raise ValueError(f"profile: got {name!r}; allowed are {profiles()}")
    if name in LOGIC + NEWER_LOGIC:
        return _logic(*name.split("_"))
    special = {SURVEY: chips.survey, IN_MEMORY: chips.in_memory}
    return special[name]() if name in special else chips.chip(name)


def operation_energy(operation: str, width: str, technology: str = CMOS) -> float:
    """pJ of one ``add`` or ``multiply`` at ``width`` (int8, int32, fp16, fp32 …).

    Raises
    ------
    ValueError : the table has no such operation at this width in this technology.
    """
    table = sources.table("energy_operations.csv")
    table = table[table["technology"] == technology]
    row = table[(table["operation"] == operation) & (table["format"] == width)]
    if len(row) != 1:
        known = sorted(table["operation"] + " " + table["format"])
        raise ValueError(f"operation: got {operation} {width} at {technology}; allowed are {known}")
    row = in_unit(row, "energy_operations.csv", "pJ / operation", ("energy",))
    return float(row["energy"].iloc[0])


def _logic(node: str, width: str) -> Profile:
    """Digital logic, multiplying and adding at ``width``: Horowitz (2014), Jouppi et al. (2021).

    The centre takes both at the stated width, as papers do. Sums of many narrow products
    overflow, so the high end adds into a 32-bit accumulator. A leaky neuron multiplies by its
    decay and adds its input; the low end shifts instead of multiplying, the high end adds the
    reset. A comparison is a subtraction.
    """
    technology, accumulator = TECHNOLOGIES[node], "int32" if width.startswith("int") else "fp32"
    multiply = operation_energy("multiply", width, technology)
    add, wide = (operation_energy("add", format, technology) for format in (width, accumulator))
    note = "high: 32-bit accumulator" if wide > add else "one published value"
    source = "horowitz2014computing" if technology == CMOS else "jouppi2021ten"
    return Profile(
        name=f"{node}_{width}",
        description=f"{DESCRIPTIONS[node]}, {width}",
        mac=Cost(multiply + add, multiply + add, multiply + wide, source, note),
        ac=Cost(add, add, wide, source, note),
        neuron_update=Cost(
            add, multiply + add, multiply + 2 * wide, source, "low: shift as decay; high: reset"
        ),
        comparison=Cost(add, add, wide, source, "a comparison is a subtraction"),
        weight_bits=WORD_BITS[width],
        activation_bits=WORD_BITS[width],
        state_bits=STATE_BITS[width],
        memory=_memory(technology),
    )


def _memory(technology: str) -> dict[str, tuple[float | None, Cost]]:
    """Levels of a memory hierarchy: capacity in bytes and pJ per 64-bit access."""
    table = sources.table("energy_memory.csv")
    table = table[table["technology"] == technology]
    if set(table["word_bits"]) != {64}:
        raise ValueError(
            f"energy_memory.csv: word_bits must be 64 in every row of {technology}, "
            f"got {sorted(set(table['word_bits']))}"
        )
    columns = ("energy_low", "energy", "energy_high")
    table = in_unit(table, "energy_memory.csv", "pJ / access", columns)
    return {
        row.level: (
            None if pd.isna(row.capacity_bytes) else float(row.capacity_bytes),
            Cost(row.energy_low, row.energy, row.energy_high, row.source, "per 64 bits"),
        )
        for row in table.itertuples()
    }
