"""Residuals by depth, in one layer, and with sharper scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from brainbook.models.attention import rank_collapse as rc
from brainbook.pages.limitations.scale import collapse

SHAPE = {"width": 16, "heads": 2, "tokens": 6}


def test_one_network_is_followed_as_it_is_and_on_its_own():
    network = collapse.random_network(0, 3, **SHAPE)
    table = collapse.residuals(network, 3)
    assert set(table["parts"]) == set(rc.VARIANTS)
    wide = table.pivot(index=["parts", "depth"], columns="followed", values="residual").dropna()
    assert wide["residual"].to_numpy() == pytest.approx(wide["state"].to_numpy(), abs=1e-12)
    again = collapse.residuals(collapse.random_network(0, 3, **SHAPE), 3)
    assert table.equals(again)


def test_skips_keep_what_attention_loses(result):
    state = result.collapse.query("followed == 'state' and depth == 6")
    left = state.groupby(["weights", "parts"])["residual"].median()
    for weights in (collapse.RANDOM, collapse.MINILM):
        assert left[weights, "attention, norm"] < 1e-10 < 0.1 < left[weights, "whole block"]


def known(logs: list[float], run: str = "0") -> pd.DataFrame:
    """Decimal places lost by depth, one run."""
    rows = {"weights": "random", "parts": "attention", "followed": "residual", "run": run}
    return pd.DataFrame({**rows, "depth": range(len(logs)), "residual": 10.0 ** np.array(logs)})


def test_growth_of_a_known_curve():
    table = known([-1, -2, -6, -18, -54, -162, -400]).assign(followed="residual")
    growth = collapse.measure_growth(table)
    assert growth.factors["factor"].tolist() == pytest.approx([3])
    assert growth.lost["depth"].max() == 5  # beyond, float64 has no digits
    assert growth.tripled["lost"].tolist() == pytest.approx([2, 6, 18, 54, 162])


def test_what_one_run_cannot_resolve_is_not_drawn():
    table = pd.concat([known([-1, -2, -6, -18]), known([-1, -3, -9, -300], run="1")])
    growth = collapse.measure_growth(table)
    assert growth.lost["depth"].max() == 2 and len(growth.followed) == 8


def test_a_small_residual_is_cubed():
    network = collapse.random_network(1, 1, **SHAPE)
    table = collapse.one_layer(network.blocks[0], network.x)
    last, before = table.iloc[-1], table.iloc[-2]
    assert before["after"] / last["after"] == pytest.approx(1000, rel=1e-3)
    assert last["after"] == pytest.approx(last["leading"], rel=1e-6)


def test_sharper_scores_last_longer_in_random_blocks():
    networks = [collapse.random_network(seed, 8, 32, 2, 16) for seed in range(3)]
    table = collapse.sharpness(networks, (1, 16), 8)
    middle = table.groupby("gain")["layers"].median()
    assert middle[1] < middle[16] <= 9


def test_blocks_and_split_coordinates_are_minilms(result):
    assert result.gaps["blocks"] < 1e-12 and result.gaps["split"] < 1e-10
