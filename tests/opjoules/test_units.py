"""Units are checked, and energies per different things do not mix."""

import pytest

from opjoules.units import THINGS, convert, quantity


def test_known_conversions():
    assert convert(1, "kWh", "J") == pytest.approx(3.6e6, rel=1e-15)
    assert convert(0.24, "watt_hour / query", "joule / query") == pytest.approx(864, rel=1e-15)
    assert convert(1287, "MWh", "GJ") == pytest.approx(1287 * 3.6, rel=1e-15)
    assert convert(13.3, "nJ / operation", "pJ / operation") == pytest.approx(13300, rel=1e-12)


def test_operations_per_second_and_watt_are_operations_per_joule():
    each = 1 / quantity(2.48, "TOPS / W")
    assert each.to("pJ / operation").magnitude == pytest.approx(1 / 2.48, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "to", "words"),
    [
        ("W", "kWh", "a power"),
        ("joule / token", "joule / query", "an energy per token"),
        ("pJ / spike", "pJ", "an energy per spike"),
        ("s", "m", "a time"),
        ("kg", "m", "mass"),
    ],
)
def test_category_errors_are_named(unit, to, words):
    with pytest.raises(ValueError, match="the one is not the other") as error:
        convert(20, unit, to)
    assert words in str(error.value) and "20" in str(error.value)


@pytest.mark.parametrize("unit", ["jouls", "pJ per", "J )", "J +", " "])
def test_unknown_units_are_named(unit):
    with pytest.raises(ValueError, match="unit: got"):
        quantity(1, unit)


def test_things_are_dimensions_of_their_own():
    dimensions = {str(quantity(1, thing).dimensionality) for thing in THINGS}
    assert len(dimensions) == len(THINGS)
