"""The numbers of the prose on spiking networks, on made-up energies."""

import pytest

from brainbook.pages.limitations.spiking.numbers import numbers


def test_the_largest_networks_are_compared(measured):
    told = numbers(measured)
    assert told["ratio_fp32"] == pytest.approx(1 / 2)
    assert told["ratio_loihi"] == pytest.approx(1 / 0.5)
    assert told["dense_fp32"] == pytest.approx(20 * 1.01)
    assert told["zeros"] == pytest.approx(50)


def test_rivals_are_the_small_perceptron(measured):
    told = numbers(measured)
    least, most = told["least_fp32"], told["most_fp32"]
    assert (least, most) == pytest.approx((5, 10)) and told["wins_fp32"] == 0
    assert told["typical_fp32"] == pytest.approx((least * most) ** 0.5)


def test_margins_are_a_share_of_the_held_out_images(measured):
    told = numbers(measured)
    assert told["margin"] == pytest.approx(100 / told["held_out"])


def test_steps_and_schemes_come_from_their_tables(measured):
    told = numbers(measured)
    assert told["most_steps"] == 4 and told["rate_least"] == pytest.approx(0.2)
    assert told["accuracy_most"] - told["accuracy_least"] == pytest.approx(2)
    ratio = measured.schemes[measured.schemes["seed"].isna()].set_index("scheme")["ratio"]
    assert told["by_operations"] * ratio["operations"] == pytest.approx(1)
    assert told["int8_min"] <= told["int8_max"]


def test_ratios_are_told_by_case_and_schedule(measured):
    told = numbers(measured)
    assert told["same_int8_steps"] == pytest.approx(1 / 1.5)
    assert told["same_int8_kept"] == pytest.approx(0.9**4 / 1.5)
    assert told["rival_fp32_free"] == pytest.approx(told["typical_fp32"])
    assert told["pair_fp32_kept"] < 1 < told["pair_fp32_fused"] < told["pair_fp32_steps"]
