"""Pushing passages, on a tiny encoder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from brainbook.models.language.steering import unit
from brainbook.pages.limitations.control import steering
from brainbook.pages.limitations.control.measure import Passages
from brainbook.pages.limitations.control.steering import DIRECTION, STEERED, STRENGTHS


def test_at_the_last_layer_the_probe_moves_as_calculated(steered):
    slope = steered.table.query("layer == 6 and direction == @DIRECTION")
    slope = slope.groupby("seed")["slope"].first()
    rates = steered.rates.xs(6, level="layer")
    assert rates.div(slope, axis=0).to_numpy() == pytest.approx(1, abs=1e-4)


def test_without_a_push_nothing_moves(steered):
    still = steered.table[steered.table["strength"] == 0]
    assert (still.groupby("seed")["logit"].nunique() == 1).all()
    assert still["kept"].to_numpy() == pytest.approx(1)
    assert len(still) == steered.table["seed"].nunique() * len(STEERED) * 2


def test_a_reader_reads_by_hand():
    known = unit(np.array([[1.0, 0.1], [0.1, 1.0]]))
    probe = LogisticRegression().fit(known, [0, 1])
    nothing = np.zeros(2)
    reader = steering.Reader(probe, Passages(nothing, np.array([0, 1]), nothing, known))
    before = np.array([[2.0, 0.0], [3.0, 0.5], [1.0, 0.4]])
    after = before[:, ::-1] * 2
    vectors = np.stack([before, *[after] * (len(STRENGTHS) - 1)])
    rows = reader.read(vectors, np.array([1.0, 2.0]))
    assert rows["share"].tolist() == [0] + [1] * (len(STRENGTHS) - 1)
    assert rows["kept"].to_numpy() == pytest.approx(1)
    assert rows["slope"].to_numpy() == pytest.approx(probe.coef_[0] @ [1, 2])
    assert rows["logit"][0] == pytest.approx(probe.decision_function(before).mean())


def test_the_closed_form_is_a_line():
    table = pd.DataFrame(
        {"layer": [0, 6, 6, 6], "direction": [DIRECTION] * 3 + ["random"], "strength": [0, 0, 1, 1],
         "logit": [-2.0, -2.0, 9.0, 9.0], "slope": [7.0, 3.0, 3.0, 8.0]}
    )  # fmt: skip
    assert steering.closed_form(table)["logit"].tolist() == [-2 + 3 * s for s in STRENGTHS]
