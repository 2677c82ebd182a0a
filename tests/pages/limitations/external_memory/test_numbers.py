"""The numbers of the prose."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.external_memory.measure import COUNTS, NETWORK, TASKS, TUNED
from brainbook.pages.limitations.external_memory.numbers import numbers


def test_numbers_are_means_over_repetitions(memory):
    said = numbers(memory)
    rows = memory[memory["task"] == TASKS[0]]
    assert said["known"] == pytest.approx(rows[NETWORK].mean())
    rows = memory[memory["task"] == TASKS[2]]
    assert said["trained"] == pytest.approx(rows[TUNED].mean())
    assert said["few_counts"] == pytest.approx(rows.loc[rows["fraction"] < 0.1, COUNTS].mean())
    assert said["many"] == rows["stored"].max() > said["few"]
