"""Units: every constant has one, and joules per different things do not mix.

Pint checks the dimensions. Besides the SI it knows the things that energies are spent on, each
as a dimension of its own, so that joules per token never turn into joules per query.
"""

from __future__ import annotations

from functools import cache
from tokenize import TokenError

import pint

THINGS = (
    "token",
    "query",
    "inference",
    "operation",
    "spike",
    "access",
    "update",
    "training",
    "image",
    "event",
    "hop",
    "neuron",
    "ATP",
    "nat",
)


@cache
def registry() -> pint.UnitRegistry:
    """Pint's registry, with each of ``THINGS`` as a base unit of its own."""
    units = pint.UnitRegistry(case_sensitive=True)
    for thing in THINGS:
        units.define(f"{thing} = [{thing}]")
    units.define("tera_operations_per_second = 1e12 operation / second = TOPS")
    return units


def quantity(value: float, unit: str) -> pint.Quantity:
    """``value`` with its unit, for instance ``quantity(0.24, "watt_hour / query")``.

    Raises
    ------
    ValueError : a unit that nobody knows.
    """
    try:
        if unit.strip():
            return registry().Quantity(value, unit)
        reason: Exception | str = "empty"
    except (pint.PintError, AssertionError, SyntaxError, TokenError) as error:
        reason = error
    raise ValueError(
        f"unit: got {unit!r} ({reason}); allowed are SI units with their prefixes, and {THINGS}"
    )


def convert(value: float, unit: str, to: str) -> float:
    """``value`` in another unit of the same dimension, for instance kWh in J.

    Raises
    ------
    ValueError : an unknown unit, or two units of different dimensions: a power is no energy,
        and joules per token are not joules per query.
    """
    given, wanted = quantity(value, unit), quantity(1.0, to)
    try:
        return float(given.to(wanted.units).magnitude)
    except pint.DimensionalityError as error:
        raise ValueError(
            f"unit: got {value} {unit}, which is {_spelled(given)}; {to} is {_spelled(wanted)}, "
            "and the one is not the other"
        ) from error


def _spelled(value: pint.Quantity) -> str:
    """Dimension in words where there is one: energy, power, or pint's own formula."""
    units = registry()
    known = {"an energy": "joule", "a power": "watt", "a time": "second"}
    known |= {f"an energy per {thing}": f"joule / {thing}" for thing in THINGS}
    for words, unit in known.items():
        if value.dimensionality == units.Quantity(1.0, unit).dimensionality:
            return words
    return f"of dimension {value.dimensionality}"
