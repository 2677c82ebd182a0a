"""Summaries of known curves: units that a head needs, and what they save."""

import numpy as np
import pandas as pd

from brainbook.models.astrocyte.sweep import Sweep
from brainbook.models.features.landmarks import Landmarks
from brainbook.pages.attention.one_astrocyte.needed import (
    bootstrapped_median,
    measure_needed,
    measure_saved,
)
from brainbook.pages.attention.one_astrocyte.sweeps import TunedSweep


def small_with(curve: dict[int, float], seeds: int = 3) -> TunedSweep:
    """Every head of every document has the same error curve, times one plus the head's number."""
    rows = [
        (Landmarks.name, units, seed, layer, head, "output", "test", error * (1 + head))
        for units, error in curve.items()
        for seed in range(seeds)
        for layer in range(2)
        for head in range(2)
    ]
    columns = ["map", "units", "seed", "layer", "head", "part", "split", "error"]
    return TunedSweep(pd.DataFrame(rows, columns=columns), (), max(curve))


def published_with(error: float, seeds: int = 3) -> Sweep:
    rows = [
        ("MiniLM", "output", 1000, seed, layer, head, error * (1 + head))
        for seed in range(seeds)
        for layer in range(2)
        for head in range(2)
    ]
    columns = ["input", "part", "units", "seed", "layer", "head", "error"]
    frame = pd.DataFrame(rows, columns=columns)
    laws = frame.assign(log10_c=2.0 + frame["head"]).drop(columns=["units", "error"])
    return Sweep(frame, frame.head(0), laws)


def test_saved_reads_the_factor_off_a_known_power_law():
    curve = {units: 8 / units for units in (10, 40, 160)}
    table = measure_saved(published_with(0.1), small_with(curve), 1000)
    np.testing.assert_allclose(table["units"], 80)
    np.testing.assert_allclose(table["factor"], 1000 / 80)
    assert table["within"].all() and len(table) == 12


def test_saved_is_a_bound_at_both_ends_of_the_curve():
    curve = {units: 8 / units for units in (10, 40, 160)}
    easy = measure_saved(published_with(5.0), small_with(curve), 1000)
    assert (easy["factor"] == 100).all() and easy["within"].all()
    hard = measure_saved(published_with(1e-3), small_with(curve), 1000)
    assert (hard["factor"] == 1000 / 160).all() and not hard["within"].any()


def test_goal_per_head_and_what_random_units_would_need():
    curve = {units: 8 / units for units in (10, 40, 160)}
    table = measure_needed(published_with(1.0), small_with(curve), 0.1).set_index(["layer", "head"])
    np.testing.assert_allclose(table["units"].xs(0, level="head"), 80)
    np.testing.assert_allclose(table["units"].xs(1, level="head"), 160)
    np.testing.assert_allclose(table["closed_form"].xs(1, level="head"), 2 * (3 + 1))
    assert measure_needed(published_with(1.0), small_with(curve), 0.01)["units"].eq(np.inf).all()


def test_the_interval_covers_the_median_of_many_heads_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hit = 0
    for trial in range(60):
        table = pd.DataFrame(
            [(s, 0, h, v) for h, v in enumerate(rng.normal(size=40)) for s in range(4)],
            columns=["seed", "layer", "head", "value"],
        )
        middle, low, high = bootstrapped_median(table, "value", trial)
        assert low <= middle <= high
        hit += low <= 0 <= high
    assert hit >= 50  # 57 expected; fewer than 51 of 60 has a chance below one in a hundred
