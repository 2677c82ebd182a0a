"""Measurements of attention/memory: numbers of the prose, refusals."""

import pytest

from brainbook.pages.attention.memory import measure
from brainbook.pages.attention.memory.numbers import numbers


def test_numbers_are_those_of_the_tables(measured):
    found = numbers(measured)
    assert found["small"] == pytest.approx(measured.collapse.falls[200].mean())
    assert found["large"] < found["small"]
    assert found["slope3"] == pytest.approx(2, abs=0.2)
    assert found["heads"] == 72 and found["shortest"] == 16
    assert found["step2"] > found["step1"]
    assert found["exact"] < 1e-10


def test_a_collapse_outside_the_loads_is_refused(monkeypatch):
    monkeypatch.setattr(measure, "LOADS", (0.06, 0.10))
    with pytest.raises(ValueError, match="neurons"):
        measure.measure_collapse(400, (0, 1, 2))
