"""Numbers of the page, its clock, and its table of measured values taken together."""

import pytest

from brainbook.pages.attention.astrocytes_in_time import measure
from brainbook.pages.attention.astrocytes_in_time.numbers import numbers
from brainbook.pages.attention.astrocytes_in_time.timing import EXACT, LEARNED


def test_numbers_are_those_of_the_tables(measured):
    found = numbers(measured, 48)
    assert found["heads"] == 72 and found["duration"] == pytest.approx(48 * 0.12)
    assert found["at_slow"] > found["at_soma"]  # a faster leak costs more
    assert found["need_low"] < found["need"] < found["need_high"]
    noise = measured.noise.query("size == 0.1 and place == 'each trace'")
    assert found["noise_unit"] == noise.loc[noise["circuit"] == LEARNED, "error"].median()
    assert found["widest"] >= found["p_span"]


def test_the_clock_is_published_words_over_counted_tokens():
    cells = measure.measure_published()
    clocks = measure.measure_clocks(cells)
    rates = cells["reading_words_per_minute"], cells["aloud_words_per_minute"]
    assert clocks["aloud"] / clocks["reading"] == pytest.approx(rates[0] / rates[1])
    per_word = 60 / rates[0] / clocks["reading"]
    assert 1 < per_word < 4  # a word is at least one token
    assert clocks["one per rise"] == cells["process_rise_high"]


def test_the_kind_end_of_published_ranges_is_kinder(measured):
    by = measured.cell.set_index(["compartment", "ends", "circuit"])["median"]
    for where in ("process", "soma"):
        assert by[where, "kind", EXACT] < by[where, "unkind", EXACT]
    assert (measured.cell["min"] <= measured.cell["median"]).all()
    assert (measured.cell["median"] <= measured.cell["max"]).all()
