"""The circuit on the heads of MiniLM: sweeps, blocks, fitted units, other maps."""

import numpy as np
import pytest
import torch

from brainbook.models.astrocyte import (
    error as circuit_error,
)
from brainbook.models.astrocyte import (
    sweep as circuit_sweep,
)
from brainbook.models.astrocyte import (
    trials as circuit_trials,
)
from brainbook.models.features import maps as feature_maps
from brainbook.models.features.learned import Recipe


@pytest.fixture(scope="module")
def sweep():
    return circuit_sweep.minilm_sweep([16, 64], (32, 128), [0, 1], tokens=24)


def test_sweep_covers_all_heads_and_blocks(sweep):
    counts = sweep.frame.groupby(["part", "units", "seed"]).size().unstack("part")
    assert (counts["output"] == 72).all() and (counts["trace"] == 72).all()
    assert (counts["block"] == 6).all()
    assert set(sweep.frame["units"]) == {16, 32, 64, 128}
    assert sweep.frame["error"].gt(0).all() and np.isfinite(sweep.frame["error"]).all()
    assert len(sweep.laws.query("part == 'output' and seed == 0")) == 72


def test_traces_are_best_median_and_worst(sweep):
    assert [trace.title.split()[1] for trace in sweep.traces] == ["best:", "median:", "worst:"]
    errors = []
    for trace in sweep.traces:
        assert set(trace.log_p) == {32, 128} and len(trace.log_z) == 24
        frame = trace.frame()
        assert frame["Z"].max() == 1
        errors.append(np.linalg.norm(frame["p_128"] - frame["Z"]) / np.linalg.norm(frame["Z"]))
    of_first = sweep.frame.query("part == 'trace' and units == 128 and seed == 0")["error"]
    assert errors[0] == pytest.approx(of_first.min(), rel=1e-3)
    assert errors[1] == pytest.approx(of_first.quantile(0.5, interpolation="lower"), rel=1e-3)
    assert errors[2] == pytest.approx(of_first.max(), rel=1e-3)


def test_seeds_take_other_documents_none_of_them_for_calibration():
    first, second = (circuit_trials.minilm_input(seed, 24) for seed in (0, 1))
    assert not torch.equal(first.hidden, second.hidden)
    assert not set(circuit_trials.LONG_TEST_TEXTS) & set(circuit_trials.CALIBRATION_TEXTS)


def test_block_error_is_zero_with_exact_heads_and_not_with_others():
    heads = circuit_trials.minilm_input(0, 24)
    exact, _ = circuit_trials.as_problem(heads).exact()
    rows = circuit_trials.block_errors(heads, {"exact": exact, "nothing": exact * 0})
    rows = rows.set_index(["name", "layer"])["error"]
    assert (rows["exact"] < 1e-5).all()
    assert (rows["nothing"] > 0.1).all()


def test_fit_trials_tell_known_from_held_out():
    frame = circuit_trials.fit_trials((1, 2), 16, [0, 1], 40, Recipe(steps=60), 1, 32, per_text=1)
    methods = frame.groupby("method")["units"].unique()
    assert set(methods["random"]) == {16, 32} and set(methods["learned"]) == {16}
    median = frame.groupby(["method", "units", "fitted_on", "split"])["error"].median()
    assert median["learned", 16, 1, "calibration"] < 0.8 * median["learned", 16, 1, "test"]
    counts = frame.query("method == 'learned' and split == 'calibration' and seed == 0")
    assert counts.groupby("fitted_on").size().to_dict() == {1: 1, 2: 2}


def test_map_trials_give_every_map_the_same_heads():
    problem = circuit_error.gaussian_problem(2, 12, 8, 0.1, circuit_error.seeded(0))
    maps = [kind() for kind in feature_maps.MAPS]
    frame = circuit_trials.map_trials(problem, maps, [8, 2048], [0, 1])
    error = frame.groupby(["map", "units"])["error"].median().unstack()
    for kind in maps:
        if kind.unbiased:
            assert error.loc[kind.name, 2048] < 0.2 * error.loc[kind.name, 8]
        assert error.loc[kind.name, 2048] < error.loc[kind.name, 8]
    assert error[2048].idxmin() in {"cosine", "positive exponential", "truncated exponential"}
