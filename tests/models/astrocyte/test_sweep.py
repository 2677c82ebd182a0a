"""The circuit on all heads of MiniLM: errors, blocks and traces."""

import numpy as np
import pytest

from brainbook.models.astrocyte.sweep import block_errors, minilm_sweep
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.attention.minilm_text import held_out_passages


@pytest.fixture(scope="module")
def sweep():
    return minilm_sweep(held_out_passages([0, 1], 24), [16, 64], (32, 128))


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


def test_block_error_is_zero_with_exact_heads_and_not_with_others():
    heads = heads_on(held_out_passages([0], 24)[0])
    exact, _ = heads.problem.flatten(0, 1).exact()
    rows = block_errors(heads, {"exact": exact, "nothing": exact * 0})
    rows = rows.set_index(["name", "layer"])["error"]
    assert (rows["exact"] < 1e-5).all()
    assert (rows["nothing"] > 0.1).all()
