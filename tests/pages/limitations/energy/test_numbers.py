"""The numbers of the prose on energy are those of the tables."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.energy.numbers import brain_numbers, published_numbers
from opjoules.brain import budget
from opjoules.published import transformers as published


def test_published_numbers_take_the_extremes():
    above = published.above_floor()
    found = published_numbers(published.training_runs(), published.inference_energies(), above)
    metered = above[above["evidence"] == "metered"].set_index("kind")
    assert found["train_least"] == metered.loc["training", "ratio_45nm"].min()
    assert found["token_most"] == metered.loc["token", "ratio_7nm"].max()
    assert found["widening"] == pytest.approx(2.4) and found["metered"] == 6
    assert found["gemini_sum"] == 58 + 25 + 10 + 8


def test_brain_numbers_hold_the_extremes():
    rates = budget.mean_rates()
    found = brain_numbers(rates)
    assert found["slowest"] == rates["rate"].min() and found["fastest"] == rates["rate"].max()
    assert found["atp"] < found["more_atp"] < found["watts"] < found["more_watts"]
