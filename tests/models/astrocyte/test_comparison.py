"""The comparison of feature maps: what goes in, what comes out, what is read off."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import comparison
from brainbook.models.astrocyte import error as circuit_error
from brainbook.models.attention import softmax as attention
from brainbook.models.features.maps import Positive, Taylor


def problem(seed, *leading, d=6, tokens=30):
    """Heads with their own means and covariances, the same for every seed."""
    house = torch.Generator().manual_seed(0)
    mixing = 0.45 * torch.randn(2, 2, d, d, generator=house)
    shift = 0.4 * torch.randn(2, 2, 1, d, generator=house)
    generator = torch.Generator().manual_seed(seed)
    draw = torch.randn(2, *leading, 2, tokens, d, generator=generator)
    query, key = (draw[i] @ mixing[i] + shift[i] for i in range(2))
    return attention.Problem(query, key, torch.randn(query.shape, generator=generator))


@pytest.fixture(scope="module")
def frame():
    calibration = problem(10, 4)
    maps = comparison.published_maps() + comparison.fitted_maps(calibration, centres=64)
    return comparison.compare({s: problem(s) for s in range(5)}, maps, [32, 512])


def test_every_map_meets_every_head(frame):
    counts = frame.groupby("map").size()
    assert (counts.drop(Taylor.name) == 5 * 2 * 2 * 2).all() and counts[Taylor.name] == 5 * 2 * 2
    assert set(frame.query("map == @Taylor.name")["units"]) == {1 + 6 + 21}
    assert np.isfinite(frame["error"]).all() and frame["error"].gt(0).all()
    assert not frame.query("map == @Taylor.name")["unbiased"].any()
    assert frame.query("map != @Taylor.name")["unbiased"].all()


def test_numbers_are_those_of_the_curve(frame):
    curve, _ = circuit_error.curve(problem(3), [32, 512], seeded(81, 3))
    mine = frame.query("map == 'positive exponential' and seed == 3")
    keys = ["part", "units", "head"]
    assert np.array_equal(
        mine.sort_values(keys)["error"].to_numpy(), curve.sort_values(keys)["error"].to_numpy()
    )
    exact = problem(0).exact()[0]
    taylor = attention.taylor_attention(*problem(0).tensors)[0]
    rows = frame.query("map == @Taylor.name and part == 'output' and seed == 0")
    expected = attention.relative_error(taylor, exact)
    assert np.allclose(rows.sort_values("head")["error"], expected, rtol=1e-4)


def test_units_help_and_fitting_helps(frame):
    output = frame.query("part == 'output' and map != @Taylor.name")
    by_seed = output.groupby(["map", "units", "seed"])["error"].median().unstack("units")
    assert (by_seed.groupby("map").median().eval("`512` < `32`")).all()
    at_most = by_seed[512].unstack("map")  # in each seed, not only in the middle
    assert (at_most["balanced, dense, attended"] < at_most["positive exponential"]).all()


def test_crossings_are_read_off_power_laws():
    sizes = pd.Index([4, 64, 1024])
    # c m^(-1/2) = 0.1 at m = 100 c^2; below the first size, the first size; never, infinite
    for c, expected in ((1.0, 100), (2.0, 400), (0.1, 4), (100.0, math.inf)):
        line = pd.Series(c * sizes.to_numpy() ** -0.5, index=sizes)
        assert comparison.crossing(line, 0.1) == pytest.approx(expected)


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="maps"):
        comparison.compare({0: problem(0)}, [Positive(), Positive()], [4])
