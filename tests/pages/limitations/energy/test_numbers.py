"""The numbers of the prose on energy are those of the tables."""

import pytest

from brainbook.pages.limitations.energy.numbers import brain_numbers, numbers, published_numbers
from opjoules.brain import budget
from opjoules.published import transformers as published


def test_published_numbers_take_the_extremes():
    above = published.above_floor()
    found = published_numbers(published.training_runs(), published.inference_energies(), above)
    metered = above[above["evidence"] == "metered"].set_index("kind")
    assert found["train_least"] == metered.loc["training", "ratio_45nm"].min()
    assert found["token_most"] == metered.loc["token", "ratio_7nm"].max()
    assert found["widening"] == pytest.approx(2.4) and found["metered"] == 5
    assert found["gemini_sum"] == 58 + 25 + 10 + 8


def test_brain_numbers_hold_the_extremes():
    rates = budget.mean_rates()
    found = brain_numbers(rates)
    assert found["slowest"] == rates["rate"].min() and found["fastest"] == rates["rate"].max()
    assert found["atp"] < found["more_atp"] < found["watts"] < found["more_watts"]


def test_layers_are_means_over_seeds(measured):
    told = numbers(measured)
    assert told["rate_1"] == pytest.approx(0.03 * 1.01) and told["free_2"] == pytest.approx(0.303)
    assert told["ratio_1"] > told["ratio_2"]


def test_floor_comparisons_and_ladder_in_their_units(measured):
    told = numbers(measured)
    assert told["fp32"] == pytest.approx(told["counted"] * 4.6)
    assert told["shared"] < told["alone"]
    assert told["life"] == pytest.approx(20 * 20 * 365.25 * 24 / 1e6)
    assert told["prompt_seconds"] == pytest.approx(0.24 * 3600 / 20)
    assert told["addition"] == pytest.approx(0.03e-12 / (told["zepto"] * 1e-21) / 1e6)
    assert told["wide"] == pytest.approx(21) and told["vit"] == pytest.approx(46)
