"""Counts of synapses against lists of every single one, for three units of width two."""

from collections import Counter
from functools import partial
from itertools import product

import pytest

from brainbook.models.astrocyte import synapses
from brainbook.models.astrocyte.synapses import PARTS, Wiring

M, D, HEADS = 3, 2, 2
UNITS, WIDTH, SIGNS = range(M), range(D), ("above", "below")
CELLS = list(product(UNITS, SIGNS))
INTERNEURONS = [("interneuron", number, sign) for number in range(2) for sign in SIGNS]  # two pairs


def into(units) -> list:
    """From the head's neurons to each unit."""
    return [("input", neuron, unit) for unit in units for neuron in WIDTH]


def out_of(cells) -> list:
    """From each cell that stores to the output neurons, and the astrocyte's contact with it."""
    stored = [("stored", cell, neuron) for cell in cells for neuron in WIDTH]
    return stored + [("trace", "astrocyte", cell) for cell in cells]


def among(cells) -> list:
    """From each cell to each cell, itself as well."""
    return [("lateral", *pair) for pair in product(cells, repeat=2)]


def reversed_by(cells) -> list:
    """To the interneuron through which each cell acts with the opposite sign."""
    return [("lateral", cell, "its interneuron") for cell in cells]


def relayed(units) -> list:
    """From a unit's input cell: one synapse to the cell above, two to the cell below."""
    kinds = (("above", "excites"), ("below", "excites"), ("below", "inhibits"))
    return [("relay", unit, *kind) for unit in units for kind in kinds]


def summed(cells) -> list:
    return [("sum", cell, "the sum") for cell in cells]


def positive() -> list:
    return into(UNITS) + out_of(UNITS)


def inhibited() -> list:
    """The reading cells are those that store; the output is divided by the sum of their rates."""
    return positive() + among(UNITS) + summed(UNITS)


def paired() -> list:
    lateral = among(CELLS) + reversed_by(CELLS)
    return into(UNITS) + out_of(CELLS) + lateral + relayed(UNITS) + summed(CELLS)


def one_membrane() -> list:
    """From each cell to the membrane of each unit."""
    lateral = [("lateral", *pair) for pair in product(CELLS, UNITS)] + reversed_by(CELLS)
    return into(UNITS) + out_of(CELLS) + lateral + relayed(UNITS) + summed(CELLS)


def around_baseline() -> list:
    """A unit has an input cell, one reading cell, and two cells that store."""
    relay = [
        ("relay", unit, *ends)
        for unit in UNITS
        for ends in (
            ("input", "reading"),
            ("input", "above"),
            ("input", "below"),
            ("reading", "below"),
            ("reading", "interneuron"),
            ("interneuron", "above"),
        )
    ]
    return into(UNITS) + out_of(CELLS) + among(UNITS) + relay + summed(UNITS)


def through_interneurons() -> list:
    there = [("lateral", *ends) for ends in product(CELLS, INTERNEURONS)]
    back = [("lateral", *ends) for ends in product(INTERNEURONS, CELLS)]
    lateral = there + back + reversed_by(CELLS)
    return into(UNITS) + out_of(CELLS) + lateral + relayed(UNITS) + summed(CELLS)


def shared() -> list:
    """All synapses of a layer: one reading network, and each head's own writing units."""
    network = [
        ("input", head, neuron, unit) for head in range(HEADS) for _, neuron, unit in into(UNITS)
    ]
    network += among(CELLS) + reversed_by(CELLS) + relayed(UNITS) + summed(CELLS)
    own = into(UNITS) + out_of(CELLS)
    own += [("relay", start, cell) for cell in CELLS for start in ("writing unit", "network")]
    return network + [(part, f"head {head}", *ends) for head in range(HEADS) for part, *ends in own]


LISTS = {
    "positive": (synapses.positive, positive, 1),
    "inhibited": (synapses.inhibited, inhibited, 1),
    "paired": (synapses.paired, paired, 1),
    "one_membrane": (synapses.one_membrane, one_membrane, 1),
    "around_baseline": (synapses.around_baseline, around_baseline, 1),
    "through_interneurons": (
        partial(synapses.through_interneurons, share=len(INTERNEURONS) / 2 / M),
        through_interneurons,
        1,
    ),
    "shared": (partial(synapses.shared, heads=HEADS), shared, HEADS),
}


@pytest.mark.parametrize("name", LISTS)
def test_every_synapse_is_counted_once(name):
    counts, listed, heads = LISTS[name]
    edges = listed()
    assert len(set(edges)) == len(edges)
    expected = {part: n / heads for part, n in Counter(part for part, *_ in edges).items()}
    assert set(expected) <= set(PARTS)
    assert counts(M, D) == pytest.approx(expected)


@pytest.mark.parametrize("name", LISTS)
def test_no_larger_circuit_fits_into_a_budget(name):
    wiring = Wiring(LISTS[name][0], cells=1)
    for budget in (1_000, 12_345, 2_000_000):
        units = wiring.units_within(budget, 32)
        assert wiring.total(units, 32) <= budget < wiring.total(units + 1, 32)
    exact = wiring.total(7, 32)
    assert wiring.units_within(exact, 32) == 7 and wiring.units_within(exact - 0.5, 32) == 6
    assert wiring.units_within(wiring.total(1, 32) - 0.5, 32) == 0


def test_the_astrocyte_reaches_what_is_stored():
    wiring = Wiring(synapses.paired, cells=2)
    assert wiring.ensheathed(M, D) == sum(part in ("stored", "trace") for part, *_ in paired())
