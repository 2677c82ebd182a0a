"""Sweeps of the circuit in time on MiniLM: what each frame says, checked by other means."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.evidence.datasets import CALIBRATION_TEXTS
from brainbook.models.attention.minilm_text import held_out_passages, passages_of
from brainbook.models.attention.softmax import relative_error, softmax_attention
from brainbook.pages.attention.astrocytes_in_time import cell as limits
from brainbook.pages.attention.astrocytes_in_time import timing as trials
from brainbook.pages.attention.astrocytes_in_time.measure import measure_published

TOKENS = 32


@pytest.fixture(scope="module")
def passage():
    learned = trials.learned_units(passages_of(CALIBRATION_TEXTS, TOKENS, 2), 32, 5, 0)
    return trials.passage(document(0), 0, 64, learned)


def document(seed):
    return held_out_passages([seed], TOKENS)[seed]


def of(rows, **where):
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows.sort_values("head")["error"].to_numpy()


def test_a_passage_holds_three_circuits_for_all_heads(passage):
    assert passage.kernel.weight.shape == (72, TOKENS, TOKENS)
    assert {name: len(cells) for name, cells in passage.cells.items()} == {
        trials.LEARNED: 6,
        trials.RANDOM: 6,
    }
    output, _ = softmax_attention(*passage.problem.tensors)
    read = passage.kernel.read(passage.problem.value).output
    torch.testing.assert_close(read, output, atol=1e-5, rtol=1e-4)
    assert passage.cells[trials.RANDOM][0].trace.shape == (12, 64)


def test_leak_is_a_position_bias_and_vanishes_for_slow_decay(passage):
    rows = trials.over([passage], trials.leak, (8.0, 1e7))
    query, key, value = passage.problem.tensors
    scores = query @ key.mT
    bias = torch.arange(TOKENS) / 8.0
    expected = relative_error((scores + bias).softmax(-1) @ value, passage.exact[0])
    found = of(rows, decay=8.0, circuit=trials.EXACT, leak="both")
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    for leak in ("both", "trace alone", "trace alone, rescaled"):
        assert of(rows, decay=1e7, circuit=trials.EXACT, leak=leak).max() < 1e-4
    assert len(rows) == 2 * 3 * 3 * 72


def test_needed_decay_gives_the_error_asked_for():
    found = trials.needed_decay(document(1), 1, 0.1)
    learned = trials.learned_units(passages_of(CALIBRATION_TEXTS, TOKENS, 1), 8, 1, 0)
    passage = trials.passage(document(1), 1, 8, learned)
    for head in (0, 40, 71):
        decay = float(found["decay"][head])
        rows = trials.over([passage], trials.leak, (decay,))
        error = of(rows, circuit=trials.EXACT, leak="both")[head]
        assert error == pytest.approx(0.1, rel=0.02)
    with pytest.raises(ValueError, match="target: got 1e-09"):
        trials.needed_decay(document(1), 1, 1e-9)


def test_fast_calcium_does_no_harm_and_slow_calcium_does(passage):
    rows = trials.over([passage], trials.rise, (1e-3, 5.0))
    for part in ("reading", "writing, trace", "writing, synapses"):
        assert of(rows, rise=1e-3, part=part).max() < 0.01
        assert (of(rows, rise=5.0, part=part) > of(rows, rise=1e-3, part=part)).all()


def test_slopes_are_the_interval_over_published_decays():
    cells = measure_published()
    slopes = trials.slopes(cells, 0.5).set_index("what")
    row = slopes.loc["calcium, process"]
    assert row["steep"] == pytest.approx(0.5 / cells["process_decay_low"])
    assert row["flat"] == pytest.approx(0.5 / cells["process_decay_high"])
    assert slopes.loc["trained models (ALiBi)"].tolist() == [1 / 2, 1 / 256]


def test_fading_starts_from_plain_attention(passage):
    fading = trials.fading([passage], 0.1, (math.inf, 25, 4), bins=8)
    kept = fading[np.isinf(fading["decay"])]
    assert kept["weight"].tolist() == [1.0] * 8
    weight = passage.kernel.weight
    share = (weight / weight.sum(-1, keepdim=True)).mean((0, 1)).unflatten(0, (8, -1)).mean(-1)
    np.testing.assert_allclose(kept["share"], share, rtol=1e-4)
    leaking = fading[fading["decay"] == 4]
    assert leaking["weight"].is_monotonic_increasing and leaking["weight"].iloc[0] < 0.6


def test_measured_cell_without_limits_is_the_transformer(passage):
    free = measure_published()
    free[["process_decay_low", "process_decay_high"]] = math.inf
    free[["process_rise_low", "process_rise_high"]] = 0.0
    free["covered_share"] = 1.0
    rows = trials.over([passage], trials.measured_cell, 0.1, free)
    ideal = of(rows, compartment="process", ends="kind", circuit=trials.EXACT)
    assert ideal.max() < 1e-4
    finite = of(rows, compartment="process", ends="kind", circuit=trials.LEARNED)
    output = torch.cat([cell.output for cell in passage.cells[trials.LEARNED]])
    np.testing.assert_allclose(finite, relative_error(output, passage.exact[0]), rtol=1e-3)
    free["covered_share"] = 0.0
    rows = trials.over([passage], trials.measured_cell, 0.1, free)
    none = of(rows, compartment="process", ends="kind", circuit=trials.EXACT)
    np.testing.assert_allclose(none, limits.constant(passage), rtol=1e-3, atol=1e-5)


def test_summary_takes_the_median_head_and_the_range_of_seeds():
    rows = pd.DataFrame(
        [("process", "kind", "x", seed, seed * head) for seed in (1, 2, 5) for head in (1, 2, 9)],
        columns=["compartment", "ends", "circuit", "seed", "error"],
    )
    assert trials.over_seeds(rows).iloc[0, 3:].tolist() == [4, 2, 10]


def test_interpolation_refuses_decays_that_were_not_measured(measured):
    rows = measured.leak[measured.leak["circuit"] == trials.EXACT]
    with pytest.raises(ValueError, match="seconds: got 1000"):
        trials.at_decay(rows, 1000.0)
    known = rows[rows["leak"] == "both"]
    at = known["seconds"].unique()[1]
    expected = known[known["seconds"] == at].groupby("seed")["error"].median()
    np.testing.assert_allclose(trials.at_decay(known, at), expected)


def test_clocks_scale_the_decay_needed(measured):
    table = trials.clocked(measured.needed, pd.Series({"one": 1.0, "three": 3.0}))
    by = table.set_index(["clock", "tokens"])
    np.testing.assert_allclose(by.loc["three"], 3 * by.loc["one"])
    assert (table["low"] <= table["middle"]).all() and (table["middle"] <= table["high"]).all()
