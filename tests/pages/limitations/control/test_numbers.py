"""The numbers of the prose."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.control.erasing import FRESH, LEAST
from brainbook.pages.limitations.control.numbers import numbers


def test_numbers_are_means_of_what_is_drawn(erased, text, depth, steered):
    said = numbers(erased, text, depth, steered)
    least = erased[erased["eraser"] == LEAST]
    assert said["fresh"] == pytest.approx(least[FRESH].mean())
    assert said["change"] == pytest.approx(100 * least["size"].mean())
    assert said["many"] == text.loc[text["share"] == 1, "passages"].mean() > said["few"]
    assert said["end_middle"] == pytest.approx(depth.query("layer == 3")["end"].mean())
    top = steered.table.query("strength == 8 and layer == 6 and direction == 'random'")
    assert said["lost_noise"] == pytest.approx(1 - top["kept"].mean())
    gentle = steered.table.query("strength == 1 and layer == 0 and direction == 'means'")
    assert said["lost_gently_first"] == pytest.approx(1 - gentle["kept"].mean())
    assert said["turned_noise"] == pytest.approx(100 * top["share"].mean())
