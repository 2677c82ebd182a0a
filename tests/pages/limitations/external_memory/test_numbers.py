"""The numbers of the prose."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from brainbook.pages.limitations.external_memory.measure import COUNTS, NETWORK, TASKS, TUNED
from brainbook.pages.limitations.external_memory.numbers import numbers


def test_numbers_are_means_over_repetitions(memory):
    said = numbers(memory, pd.DataFrame({"ratio": [0.5, 0.25]}))
    assert (said["print_least"], said["print_most"]) == pytest.approx((np.log(2), np.log(4)))
    rows = memory[memory["task"] == TASKS[0]]
    assert said["known"] == pytest.approx(rows[NETWORK].mean())
    rows = memory[memory["task"] == TASKS[2]]
    assert said["trained"] == pytest.approx(rows[TUNED].mean())
    assert said["few_counts"] == pytest.approx(rows.loc[rows["fraction"] < 0.1, COUNTS].mean())
    assert said["many"] == rows["stored"].max() > said["few"]
