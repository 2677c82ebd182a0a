"""Laws on few seeds and few images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.pages.limitations.plausibility import laws
from brainbook.pages.limitations.plausibility.images import first_images, open_digits

SEEDS = (0, 1)


@pytest.fixture(scope="module")
def batch():
    return first_images(open_digits(SEEDS), 16)


def test_both_ways_meet_geometrically(batch):
    decay = laws.kolen_pollack_decay(SEEDS, batch, 5, decay=0.1)
    assert decay["gap"].to_numpy() == pytest.approx(decay["law"].to_numpy(), abs=1e-12)
    assert decay["law"].iloc[-1] == pytest.approx(0.9**5)


def test_slopes_of_the_nudge(batch):
    bias = laws.nudging_bias(SEEDS, batch, (0.01, 0.02), settling=100)
    one, two = (laws.slope(bias[bias["symmetric"] == side], "beta") for side in (False, True))
    assert one.to_numpy() == pytest.approx(1, abs=0.05)
    assert two.to_numpy() == pytest.approx(2, abs=0.05)
    assert list(one.index) == list(SEEDS)


def test_predictive_coding_departs_in_proportion(batch):
    gap = laws.prediction_gap(SEEDS, batch, (0.001, 0.002), settling=150)
    assert laws.slope(gap, "precision").to_numpy() == pytest.approx(1, abs=0.05)
    assert laws.fixed_prediction_gap(SEEDS, batch) < 1e-12


def test_eprop_is_the_gradient_only_without_recurrence(batch):
    gaps = laws.eprop_gaps(SEEDS, batch)
    assert gaps["feedforward"] < 1e-12
    assert 0.5 < gaps["recurrent"] < 0.999


def test_oja_on_a_known_covariance():
    generator = torch.Generator().manual_seed(0)
    scales = torch.tensor([1.0, 3.0, 2.0, 0.5], dtype=torch.float64)
    images = torch.randn(2, 500, 4, generator=generator, dtype=torch.float64) * scales
    run = laws.oja_run(SEEDS, images, 400)
    assert run.norm == pytest.approx(np.ones(2)) and run.overlap == pytest.approx(np.ones(2))
    assert run.shrink == pytest.approx(run.law, abs=1e-6)


def test_powers_start_at_the_first_mean_error():
    bias = pd.DataFrame(
        {"beta": [0.1, 0.2] * 4, "symmetric": [False] * 4 + [True] * 4,
         "error": [1.0, 9, 3, 9, 1, 9, 1, 9]}
    )  # fmt: skip
    gap = pd.DataFrame({"precision": [1.0, 3.0], "error": [0.5, 9]})
    lines = laws.power_lines(bias, gap).set_index(["law_of", "symmetric"])["error"]
    assert lines["bias", False].tolist() == [2, 4] and lines["bias", True].tolist() == [1, 4]
    assert lines["gap", False].tolist() == [0.5, 1.5]


def test_the_data_of_the_figure_name_their_law(proved):
    parts = proved.frame.groupby("law_of").size()
    assert parts.to_dict() == {
        "decay": len(proved.decay), "bias": len(proved.bias), "gap": len(proved.gap)
    }  # fmt: skip
    assert proved.first.shape == (12,) and abs(proved.first.mean()) < 0.1
