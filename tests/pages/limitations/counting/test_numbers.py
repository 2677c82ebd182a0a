"""The numbers of the prose are those of the tables."""

import pytest

from brainbook.pages.limitations.counting.measure import measure_hardware, size_ratios
from brainbook.pages.limitations.counting.numbers import (
    listed_hardware,
    listed_schemes,
    numbers,
)
from opjoules.counting.coverage import cases


def test_numbers_by_hand(measured):
    found = numbers(measured)
    layers, tokens, width = 6, measured.tokens, 384
    products = layers * 2 * tokens**2 * width
    everything = layers * 12 * tokens * width**2 + products + width**2
    assert found["product_share"] == pytest.approx(100 * products / everything)
    assert found["energy"] == pytest.approx(1e9 * measured.spiking.joules.central)
    assert found["per_token"] * tokens == pytest.approx(1e6 * measured.language.joules.central)
    means = size_ratios(measured.schemes).mean()
    assert (found["ratio_least"], found["ratio_most"]) == (means.min(), means.max())
    seen = measured.seen
    assert found["missed"] == sum(seen["PyTorch"] < seen["closed form"]) and found["cases"] == len(
        cases()
    )
    assert "softmax" in found["no_count"] and "aten" not in found["no_count"]


def test_tables_are_shown_in_their_units(measured):
    hardware = measure_hardware(measured.spiking, measured.language, measured.tokens)
    shown = listed_hardware(hardware)
    assert shown["central, µJ"].to_numpy() == pytest.approx(1e6 * hardware["central"].to_numpy())
    schemes = listed_schemes(measured.schemes)
    assert schemes["scheme"].is_unique
    assert set(schemes["scheme"]) == set(measured.schemes["scheme"])
