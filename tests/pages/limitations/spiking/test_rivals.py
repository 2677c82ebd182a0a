"""Ratios against perceptrons of the same size, and against the cheapest as accurate, by hand."""

import pandas as pd
import pytest

from brainbook.pages.limitations.spiking.rivals import (
    LARGEST,
    network_name,
    rival_ratios,
    rivals,
    size_ratios,
)
from opjoules.pricing.schedules import STEP_BY_STEP

LARGE = network_name(LARGEST)


def table(rows: list[tuple]) -> pd.DataFrame:
    seeds = [(*row, seed) for row in rows for seed in (0, 1)]
    names = ["scenario", "family", "network", "accuracy", "central", "seed"]
    frame = pd.DataFrame(seeds, columns=names)
    frame["schedule"] = STEP_BY_STEP
    doubled = (frame["seed"] == 1) & (frame["family"] == "spiking")
    return frame.assign(central=frame["central"].mask(doubled, 2 * frame["central"]))


NETWORKS = table(
    [
        ("fp32", "perceptron", "small", 0.96, 2.0),
        ("fp32", "perceptron", LARGE, 0.98, 8.0),
        ("fp32", "spiking", "small", 0.95, 1.0),
        ("fp32", "spiking", LARGE, 0.97, 4.0),
    ]
)


def test_same_size_by_seed():
    assert network_name((16, 8)) == "64-16-8-10"
    assert size_ratios(NETWORKS)["fp32"].to_dict() == {0: 0.5, 1: 1.0}


def test_a_rival_is_the_cheapest_that_is_as_accurate():
    assert rivals(NETWORKS, 0.0)["rival"].to_dict() == {
        ("fp32", "small"): "small",
        ("fp32", LARGE): LARGE,
    }
    assert rivals(NETWORKS, 0.02)["rival"]["fp32", LARGE] == "small"


def test_rivals_by_seed_are_a_geometric_mean_over_sizes():
    ratios = rival_ratios(NETWORKS, 0.02)["fp32"]  # 1/2 and 4/2, then twice that
    assert ratios.to_dict() == pytest.approx({0: 1.0, 1: 2.0})


def test_without_rivals_the_error_says_so():
    rows = [("fp32", "perceptron", "a", 0.5, 1.0), ("fp32", "spiking", "a", 0.9, 1.0)]
    with pytest.raises(ValueError, match="in fp32, no perceptron is as accurate"):
        rivals(table(rows), 0.0)
