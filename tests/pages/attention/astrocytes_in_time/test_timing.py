"""Sweeps of the circuit in time on MiniLM: what each frame says, checked by other means."""

import math

import numpy as np
import pandas as pd
import pytest

from brainbook.models.attention.minilm_text import held_out_passages
from brainbook.models.attention.softmax import relative_error
from brainbook.pages.attention.astrocytes_in_time import circuits
from brainbook.pages.attention.astrocytes_in_time import timing as trials
from brainbook.pages.attention.astrocytes_in_time.circuits import EXACT, GATED, LATERAL
from brainbook.pages.attention.astrocytes_in_time.measure import measure_published

TOKENS = 32


@pytest.fixture(scope="module")
def passage():
    return circuits.passage(document(0), 0)


def document(seed):
    return held_out_passages([seed], TOKENS)[seed]


def of(rows, **where):
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows.sort_values("head")["error"].to_numpy()


def test_leak_is_a_position_bias_and_vanishes_for_slow_decay(passage):
    rows = trials.over([passage], trials.leak, (8.0, 1e7))
    query, key, value = passage.problem.tensors
    scores = query @ key.mT
    bias = np.arange(TOKENS) / 8.0
    expected = relative_error(
        (scores + scores.new_tensor(bias)).softmax(-1) @ value, passage.exact[0]
    )
    np.testing.assert_allclose(of(rows, decay=8.0, leak="both"), expected, rtol=1e-3)
    for leak in ("both", "trace alone", "trace alone, rescaled"):
        assert of(rows, decay=1e7, leak=leak).max() < 1e-4
    assert len(rows) == 2 * 3 * 72 and set(rows["circuit"]) == {EXACT}


def test_a_finite_circuit_forgets_with_its_tokens(first):
    part = first[LATERAL]
    rows = trials.over([part], trials.leaking, (1.0, 1e9))
    alone = relative_error(part.cell.output(), part.exact)
    np.testing.assert_allclose(of(rows, decay=1e9), alone, rtol=1e-3)
    assert np.median(of(rows, decay=1.0)) > 2 * np.median(alone)


def test_a_late_divisor_harms_and_one_in_time_does_not(first):
    part = first[GATED]
    rows = trials.over([part], trials.late, (1e-3, 30.0))
    alone = relative_error(part.cell.output(), part.exact)
    np.testing.assert_allclose(of(rows, rise=1e-3), alone, rtol=1e-3)
    assert np.median(of(rows, rise=30.0)) > np.median(alone)


def test_needed_decay_gives_the_error_asked_for():
    found = trials.needed_decay(document(1), 1, 0.1)
    passage = circuits.passage(document(1), 1)
    for head in (0, 40, 71):
        decay = float(found["decay"][head])
        error = of(trials.over([passage], trials.leak, (decay,)), leak="both")[head]
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


def test_interpolation_refuses_decays_that_were_not_measured(measured):
    rows = measured.limits.leak.query("circuit == @EXACT")
    with pytest.raises(ValueError, match="seconds: got 10000"):
        trials.at_decay(rows, 10000.0)
    known = rows[rows["leak"] == "both"]
    at = known["seconds"].unique()[1]
    expected = known[known["seconds"] == at].groupby("seed")["error"].median()
    np.testing.assert_allclose(trials.at_decay(known, at), expected)


def test_clocks_scale_the_decay_needed(measured):
    table = trials.clocked(measured.needed, pd.Series({"one": 1.0, "three": 3.0}))
    by = table.set_index(["clock", "tokens"])
    np.testing.assert_allclose(by.loc["three"], 3 * by.loc["one"])
    assert (table["low"] <= table["middle"]).all() and (table["middle"] <= table["high"]).all()
