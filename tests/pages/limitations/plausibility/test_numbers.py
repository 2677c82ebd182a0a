"""The numbers of the prose."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.plausibility.numbers import numbers
from brainbook.pages.limitations.plausibility.result import gain


def test_numbers_are_those_of_the_tables(result):
    said = numbers(result)
    table = result.rules.table.set_index("rule")
    assert said["kolen_accuracy"] == table.loc["Kolen-Pollack", "accuracy, %"]
    assert said["backprop_angle"] == pytest.approx(0, abs=0.1) and said["chance"] == 25
    recall = result.attention.query("task == 'recall' and way == 'feedback alignment'")
    assert said["recall_fa"] == pytest.approx(100 * recall["accuracy"].mean())
    hebbian = gain(result.rules.accuracy, "Hebbian features", "random features", "rule")
    assert (said["hebbian_gain"], said["hebbian_margin"]) == (hebbian.mean, hebbian.half_width)
    assert said["more"] == 2 * result.rules.accuracy["seed"].nunique()
    assert said["context"] == 2 * 6 * 384 and 0 < said["active"] < 100
    assert said["held_out"] == 450 and said["ep_one_sided"] == 86
