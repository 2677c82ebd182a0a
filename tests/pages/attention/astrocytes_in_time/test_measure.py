"""Numbers of the page, its clock, and its table of everything at once."""

import pytest

from brainbook.pages.attention.astrocytes_in_time import measure
from brainbook.pages.attention.astrocytes_in_time.circuits import EXACT, GATED
from brainbook.pages.attention.astrocytes_in_time.numbers import numbers
from brainbook.pages.attention.astrocytes_in_time.together import ALL, ONE


def test_numbers_are_those_of_the_tables(measured):
    found = numbers(measured, 48)
    assert found["heads"] == 72 and found["duration"] == pytest.approx(48 * 0.5)
    assert found["at_slow"] > found["at_soma"]  # a faster leak costs more
    assert found["need_low"] < found["need"] < found["need_high"]
    rows = measured.limits.noise.query("size == 0.1 and place == 'each trace'")
    by_seed = rows[rows["circuit"] == GATED].groupby("seed")["error"].median()
    assert found["tenth_traces_gated"] == by_seed.median()


def test_the_clock_is_published_words_over_counted_tokens():
    cells = measure.measure_published()
    clocks = measure.measure_clocks(cells)
    rates = cells["reading_words_per_minute"], cells["aloud_words_per_minute"]
    assert clocks["aloud"] / clocks["reading"] == pytest.approx(rates[0] / rates[1])
    per_word = 60 / rates[0] / clocks["reading"]
    assert 1 < per_word < 4  # a word is at least one token
    assert clocks["one per rise"] == cells["process_rise_high"]


def test_the_table_is_in_order_and_holds_medians(measured):
    table = measure.summary(measured.limits).set_index("limits")
    assert list(table.index[: len(ONE)]) == list(ONE) and not table.isna().any(axis=None)
    rows = measured.limits.at_once.query("circuit == @EXACT and limits == @ALL[0]")
    assert table.loc[ALL[0], EXACT] == rows.groupby("seed")["error"].median().median()
