"""Capacities: parts are counted as the page says, slopes are those of planted laws."""

from dataclasses import replace

import numpy as np
import pytest

from brainbook.pages.attention.memory.capacity import (
    doublings,
    part_slopes,
    per_part,
    single_bit_table,
)


def test_units_are_counted_as_the_page_says(capacity):
    row = per_part(capacity.powers).query("degree == 4 and neurons == 512").iloc[0]
    assert row["unit"] == pytest.approx(row["capacity"] / (512 + 2 * 512**2))
    assert row["connection"] == pytest.approx(row["capacity"] / 512**4)
    assert row["hidden"] == pytest.approx(row["capacity"] / (row["capacity"] + 512))


def test_slopes_of_a_planted_law(capacity):
    table = capacity.powers
    planted = replace(capacity, powers=table.assign(capacity=5.0 * table["neurons"] ** 2.5))
    assert np.allclose(planted.slopes(), 2.5)
    slopes = part_slopes(planted.powers)
    assert slopes["connection"] == pytest.approx(-1.5)
    assert slopes["unit"] == pytest.approx(0.5, abs=1e-3)  # N + 2 N^2 is not quite a power


def test_doublings_and_the_root_of_the_law(capacity):
    law = capacity.every.assign(patterns=2 ** (capacity.every["neurons"] / 2))
    assert np.allclose(doublings(law), 0.5)
    halves = replace(capacity, every=law.assign(patterns=law["patterns"] / law["neurons"] ** 0.5))
    assert np.allclose(doublings(halves.rooted()), 0.5)


def test_single_bits_of_the_exponential_memory_follow_their_law():
    table = single_bit_table([14, 20], [0, 1, 2], 20_000, 0.02)
    assert (table["patterns"] / table["law"]).mean() == pytest.approx(1, abs=0.08)
