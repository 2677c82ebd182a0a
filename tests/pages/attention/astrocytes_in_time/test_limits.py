"""What cells lack, on MiniLM: each frame checked by other means."""

import numpy as np
import pandas as pd
import torch

from brainbook.models.attention.softmax import mean_of_values, relative_error
from brainbook.pages.attention.astrocytes_in_time import limits, timing
from brainbook.pages.attention.astrocytes_in_time.circuits import FINITE, GATED, LATERAL, RANDOM
from brainbook.pages.attention.astrocytes_in_time.timing import over


def of(rows, **where):
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows.sort_values("head")["error"].to_numpy()


def alone(part):
    return relative_error(part.cell.output(), part.exact).numpy()


def test_baselines_are_uniform_attention_and_the_best_constant(passages):
    passage = passages[0]
    rows = over([passage], timing.baselines)
    output, log_z = passage.exact
    uniform = relative_error(mean_of_values(passage.problem.value), output)
    np.testing.assert_allclose(rows["uniform"], uniform, rtol=1e-5)
    head = 17
    drive = output[head] * (log_z[head] - log_z[head].max()).exp().unsqueeze(-1)
    gains = torch.logspace(-1, 4, 4001)
    errors = ((gains[:, None, None] * drive - output[head]).square().sum((1, 2))).sqrt()
    best = errors.min() / output[head].norm()
    np.testing.assert_allclose(rows["constant"][head], best, rtol=1e-4)


def test_profiles_count_units_signs_and_what_a_constant_leaves(first):
    rows = over([first[name] for name in FINITE], limits.profile).set_index(["circuit", "head"])
    medians = rows.groupby("circuit").median()
    assert (medians["cancelled"][[RANDOM, GATED]] - 1).abs().max() < 1e-4
    assert medians["cancelled"][LATERAL] > 1.5
    assert medians["negative"][LATERAL] > 0.1 and medians["negative"][GATED] == 0
    assert (rows["constant"][RANDOM] <= 1).all()
    np.testing.assert_allclose(rows["alone"][GATED], alone(first[GATED]), rtol=1e-5)


def test_noise_that_vanishes_leaves_the_circuit_as_it_is(first):
    part = first[LATERAL]
    rows = over([part], limits.noise, (1e-6, 0.3))
    for place in ("each trace", "each rate"):
        np.testing.assert_allclose(of(rows, place=place, size=1e-6), alone(part), rtol=1e-2)
        assert np.median(of(rows, place=place, size=0.3)) > np.median(alone(part))
    pd.testing.assert_frame_equal(rows, over([part], limits.noise, (1e-6, 0.3)))


def test_wide_ranges_and_fine_levels_are_no_limits(first):
    part = first[GATED]
    rows = over([part], limits.ranges, (4, 30), (1e5,))
    best = relative_error(limits.limits.best_gain(part.cell.output(), part.exact), part.exact)
    for how, size in (("floor", 30), ("levels", 1e5)):
        np.testing.assert_allclose(of(rows, how=how, size=size), best, rtol=1e-3)
    assert (of(rows, how="ceiling", size=4) > best.numpy()).mean() > 0.5


def test_full_coverage_is_the_circuit_in_every_reading(first):
    for name in FINITE:
        rows = over([first[name]], limits.coverage, (1.0,))
        assert rows["reading"].nunique() == 4
        for _, one in rows.groupby("reading"):
            np.testing.assert_allclose(one["error"], alone(first[name]), rtol=1e-3)


def test_one_pool_is_the_whole_cell(first):
    rows = over([first[GATED]], limits.pools, (1, 25))
    np.testing.assert_allclose(of(rows, pools=1), alone(first[GATED]), rtol=1e-3)
    assert np.median(of(rows, pools=25)) > np.median(of(rows, pools=1))
