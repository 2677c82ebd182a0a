"""Measurements of limitations/counting: what is priced per image, per token and per scheme."""

import pytest

from brainbook.evidence.datasets import digits
from brainbook.pages.limitations.counting.measure import (
    HOST,
    NEUROMORPHIC,
    TOOLS,
    measure_hardware,
    scheme_factors,
    size_ratios,
)


def test_the_example_is_held_out(example):
    _, images = example
    assert images.numpy() == pytest.approx(digits(0).test_images)


def test_hardware_is_priced_per_image_and_per_token(measured):
    table = measure_hardware(measured.spiking, measured.language, measured.tokens)
    rows = table.set_index(["network", "hardware"])
    one, same = (rows.loc[name, "45nm_int8"] for name in ("MiniLM", "spiking network"))
    assert one["central"] * measured.tokens == pytest.approx(measured.language.joules.central)
    assert same["central"] == pytest.approx(measured.spiking.joules.central)
    assert (table["low"] <= table["central"]).all() and (table["central"] <= table["high"]).all()
    hosted = table["hardware"].isin(NEUROMORPHIC)
    assert (table["host"] == hosted.map({True: HOST, False: ""})).all()


def test_ratios_and_factors_are_those_of_each_seed(measured):
    joules = measured.schemes[measured.schemes["quantity"] == "J"]
    ratios, factors = size_ratios(measured.schemes), scheme_factors(measured.schemes)
    for seed, rows in joules.groupby("seed"):
        central = rows.set_index("scheme")
        assert factors[seed] == max(central["central"]) / min(central["central"])
        for scheme, row in central.iterrows():
            assert ratios.loc[seed, scheme] == row["central"] / row["dense_central"]


def test_no_other_tool_sees_every_case(measured):
    table = measured.seen.set_index("case")
    for tool in (*TOOLS, "PyTorch"):
        assert (table[tool] != table["closed form"]).any()
        # Each sees the plain linear layer, some with its bias.
        assert table.loc["linear layer", tool] >= table.loc["linear layer", "closed form"]
    fused = table.loc["scaled_dot_product_attention"]
    assert fused["SpikingJelly"] == 0 < fused["SpikingJelly FLOPs / 2"] == fused["closed form"]


def test_overhead_has_a_row_per_model(measured):
    costs = measured.costs.set_index("model")
    assert set(costs.index) == {"MiniLM", "spiking network"}
    assert (costs["ratio"] == costs["counting"] / costs["plain"]).all()
