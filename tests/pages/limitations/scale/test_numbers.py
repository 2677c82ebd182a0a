"""The numbers of the prose."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.scale.numbers import numbers


def test_numbers_are_those_of_the_tables(result):
    said = numbers(result)
    assert said["most_share"] == pytest.approx(100 * 2 * 512 / (12 * 384 + 2 * 512))
    assert said["crossover_256"] == result.linear.crossover["256"]
    assert said["soft"] == result.exponents.loc["softmax", "time"]
    state = result.collapse.query("followed == 'state' and weights == 'MiniLM' and depth == 6")
    skips = state.loc[state["parts"] == "attention, norm, skip", "residual"]
    assert said["skips_6"] == skips.median() and said["whole_6"] != said["skips_6"]
    random = result.sharpness.query("weights == 'random' and gain == 16")
    assert said["strong"] == random["layers"].median() > said["mild"]
