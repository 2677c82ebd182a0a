"""The circuit on all heads of MiniLM: errors, blocks and traces."""

import numpy as np
import pandas as pd
import pytest

from brainbook.models.astrocyte.error import PARTS
from brainbook.models.astrocyte.sweep import (
    Sweep,
    block_errors,
    gaussian_sweep,
    log10_units,
    minilm_sweep,
    sizes,
)
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


def power_law(exponent: float) -> Sweep:
    """Errors m^exponent of three heads, larger for later heads and seeds."""
    rows = [
        ("made", "output", m, seed, head, (1 + seed) * m**exponent * (1 + 0.1 * head))
        for seed in range(2)
        for m in (10, 100, 1000)
        for head in range(3)
    ]
    frame = pd.DataFrame(rows, columns=["input", "part", "units", "seed", "head", "error"])
    return Sweep(frame, frame.head(0), frame.assign(log10_c=0.0))


def test_slopes_of_an_exact_power_law():
    assert np.allclose(power_law(-0.4).slopes("output", "made", 10), -0.4)
    with pytest.raises(ValueError, match="at_least: got 11, which leaves 2 sizes"):
        power_law(-0.4).slopes("output", "made", 11)


def test_closed_form_in_units_and_in_errors():
    sweep = power_law(-0.5)
    law = sweep.law("output", "made")  # c = 1
    assert np.allclose(law, law.index.to_numpy(float) ** -0.5)
    assert np.allclose(log10_units(np.log10(law), 1), np.log10(1 / law.index))
    assert sizes(6) == (16, 32, 64)


def test_sweep_follows_the_closed_form_where_it_applies():
    sweep = gaussian_sweep({"small": (8, 0.1)}, [512, 1024, 2048], range(4), 30)
    for part in PARTS:
        assert sweep.squares(part, "small", 512).mean() == pytest.approx(1, abs=0.25)
        assert sweep.slopes(part, "small", 512).mean() == pytest.approx(-0.5, abs=0.12)
    assert list(sweep.curve("output", "small").columns) == [512, 1024, 2048]
    assert set(sweep.frame["seed"]) == {0, 1, 2, 3}
