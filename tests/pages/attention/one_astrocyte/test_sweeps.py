"""Sweeps over tuned units: the shape of the frames, and what the summaries make of known curves."""

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.sweep import Sweep
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.pages.attention.one_astrocyte.noise import Noisy, robustness
from brainbook.pages.attention.one_astrocyte.sweeps import Small, goal, interval, saved, tuned_sweep


def small_with(curve: dict[int, float], seeds: int = 3) -> Small:
    """Every head of every document has the same error curve, times one plus the head's number."""
    rows = [
        (Landmarks.name, units, seed, layer, head, "output", "test", error * (1 + head))
        for units, error in curve.items()
        for seed in range(seeds)
        for layer in range(2)
        for head in range(2)
    ]
    columns = ["map", "units", "seed", "layer", "head", "part", "split", "error"]
    return Small(pd.DataFrame(rows, columns=columns), (), max(curve))


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
    table = saved(published_with(0.1), small_with(curve), 1000)
    np.testing.assert_allclose(table["units"], 80)
    np.testing.assert_allclose(table["factor"], 1000 / 80)
    assert table["within"].all() and len(table) == 12


def test_saved_is_a_bound_at_both_ends_of_the_curve():
    curve = {units: 8 / units for units in (10, 40, 160)}
    easy = saved(published_with(5.0), small_with(curve), 1000)
    assert (easy["factor"] == 100).all() and easy["within"].all()
    hard = saved(published_with(1e-3), small_with(curve), 1000)
    assert (hard["factor"] == 1000 / 160).all() and not hard["within"].any()


def test_goal_per_head_and_what_random_units_would_need():
    curve = {units: 8 / units for units in (10, 40, 160)}
    table = goal(published_with(1.0), small_with(curve), 0.1).set_index(["layer", "head"])
    np.testing.assert_allclose(table["units"].xs(0, level="head"), 80)
    np.testing.assert_allclose(table["units"].xs(1, level="head"), 160)
    np.testing.assert_allclose(table["closed_form"].xs(1, level="head"), 2 * (3 + 1))
    assert goal(published_with(1.0), small_with(curve), 0.01)["units"].eq(np.inf).all()


def test_the_interval_covers_the_median_of_many_heads_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hit = 0
    for trial in range(60):
        table = pd.DataFrame(
            [(s, 0, h, v) for h, v in enumerate(rng.normal(size=40)) for s in range(4)],
            columns=["seed", "layer", "head", "value"],
        )
        middle, low, high = interval(table, "value", trial)
        assert low <= middle <= high
        hit += low <= 0 <= high
    assert hit >= 50  # 57 expected; fewer than 51 of 60 has a chance below one in a hundred


def texts(seeds):
    """Held-out passages by seed, and a few to fit to, all of them short."""
    return held_out_passages(seeds, 24), calibration_passages(24, 8)[:12]


def test_a_sweep_covers_all_heads_documents_and_sizes():
    small = tuned_sweep((4, 16), (32,), (16,), *texts(range(3)), draws=2)
    heads = small.errors().groupby(["map", "units", "draw", "seed"])["head"].count()
    assert (heads == 72).all()
    assert set(heads.index.droplevel(["draw", "seed"])) == {
        (Landmarks.name, 4), (Landmarks.name, 16), (Landmarks.name, 32), (Gated.name, 16),
    }  # fmt: skip
    own = small.frame.query("units < 32")
    assert (own["draw"] == own["seed"]).all()
    assert len(small.frame.query("units == 32").groupby(["draw", "seed"])) == 2 * 3
    assert [trace.title.split(":")[0] for trace in small.traces] == ["best", "median", "worst"]
    assert set(small.traces[0].log_p) == {32} and len(small.traces[0].log_z) == 24
    table = small.medians()
    assert list(table.columns) == [4, 16, 32] and len(table.loc[Landmarks.name]) == 3


def test_sizes_must_not_overlap():
    with pytest.raises(ValueError, match="large: got"):
        tuned_sweep((4, 16), (16,), (), {}, ())


def test_noise_of_zero_changes_nothing_and_noise_costs():
    frame = robustness(16, (0.01, 0.1), (0, 0.3), *texts(range(2)), per_layer=1)
    assert len(frame) == 2 * 2 * 2 * 6
    by = frame.groupby(["ridge", "noise"])["error"].median()
    assert (by[:, 0.3] > by[:, 0]).all()
    total = frame.groupby("ridge")["total"].median()
    assert total[0.01] > total[0.1]
    assert frame["negative"].between(0, 1).all()


def test_noise_follows_its_first_order_variance():
    """Var[sum_r rho_r (1 + e z_r) a_r] = e^2 sum_r (rho_r a_r)^2, over many draws."""
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 4, 1, 30, 3, generator=generator, dtype=torch.float64)
    base = Landmarks.fitted(query, key, 10, generator, ridge=0.1)
    rates = base.read(query[0], base.units)[0][0, 0]
    drawn = torch.stack(
        [Noisy(base, 0.2, generator).read(query[0], base.units)[0][0, 0] for _ in range(4000)]
    )
    variance = drawn.sum(-1).var()
    expected = 0.04 * rates.square().sum()
    assert abs(variance / expected - 1) < 4 * (2 / 4000) ** 0.5
    with pytest.raises(ValueError, match="noise: got -1"):
        Noisy(base, -1, generator)


def test_seeds_keep_the_streams_of_experiments_apart():
    assert not torch.equal(
        torch.randn(3, generator=seeded(91, 0, 0)), torch.randn(3, generator=seeded(92, 0, 0))
    )
