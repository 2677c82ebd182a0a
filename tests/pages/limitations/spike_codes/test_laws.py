"""How far the law of rounding may be off, from the densities that the reasons name."""

import numpy as np
import pandas as pd
import pytest

from brainbook.evidence.intervals import log_slope
from brainbook.pages.limitations.spike_codes import laws

STEPS = np.array([4, 8, 16, 32, 64])


@pytest.fixture(scope="module")
def ratios():
    """Mean square rounding error over the law's, exponential density of mean θ/5, by steps."""
    share = (np.arange(2_000_000) + 0.5) / 2_000_000
    values = -np.log1p(-share * (1 - np.exp(-5))) / 5  # quantiles of the density cut at one
    errors = [np.mean((np.floor(values * t + 0.5) / t - values) ** 2) for t in STEPS]
    return np.array(errors) * 12 * STEPS**2


def test_bias_of_an_exponential_density(ratios):
    assert ratios[1:] == pytest.approx(1 - 7 / 240 * (5 / STEPS[1:]) ** 2, abs=2e-3)
    assert 1 - ratios.mean() < laws.SPREAD


def test_tilt_by_that_bias(ratios):
    assert abs(log_slope(STEPS, np.sqrt(ratios))) < laws.TILT


def test_tilt_by_half_of_one_over_the_steps():
    assert abs(log_slope(STEPS, 1 + 0.5 / STEPS)) < laws.DEEP_TILT


def test_spread_of_squared_rounding_errors():
    errors = np.linspace(-0.5, 0.5, 100_001)
    relative = (errors**2).std() / (errors**2).mean()
    assert relative / np.sqrt(9 * 64) < laws.SHARED


def test_slopes_and_squares_by_hand():
    rows = pd.DataFrame({"seed": [0, 0, 1, 1], "steps": [4, 8, 4, 8]})
    rows["law"] = 1 / rows["steps"]
    rows["error"] = np.where(rows["seed"] == 1, 2, 1) / rows["steps"]
    assert laws.slopes(rows).to_dict() == pytest.approx({0: -1, 1: -1})
    assert laws.squares(rows).to_dict() == pytest.approx({0: 1, 1: 4})
    assert len(laws.settled(rows.assign(steps=[1, 4, 2, 8]))) == 2
