"""The table of rules, and the numbers behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from brainbook.models.learning.rules import draw_net
from brainbook.pages.limitations.plausibility import measure
from brainbook.pages.limitations.plausibility.images import first_images, open_digits
from brainbook.pages.limitations.plausibility.settings import BASELINES, SETTINGS, SOURCES


def test_the_table_has_a_row_for_every_rule_and_a_source_for_every_published_one(rules):
    table = rules.table.set_index("rule")
    assert list(table.index) == list(SETTINGS) == list(SOURCES)
    assert set(table.index[table["source"] == ""]) == set(BASELINES)
    assert table["accuracy, %"].between(0, 100).all()
    assert table["change if weights above change"]["feedback alignment"] == 0
    errors_of_their_own = table["negative errors"].notna()
    assert not errors_of_their_own[["Hebbian features", "equilibrium, two-sided"]].any()
    assert errors_of_their_own[["backpropagation", "predictive coding", "e-prop, random"]].all()


def test_tuning_shows_every_rate_that_was_tried(rules):
    tuning = measure.measure_tuning(rules).set_index("rule")
    assert (tuning.groupby("rule")["learning rate"].count().drop("one-sided, patient") == 2).all()
    tried = tuning["validation accuracy, %"]
    assert list(tried.index[tried.isna()]) == ["one-sided, patient"]
    assert tried.dropna().between(0, 100).all()


def test_angles_and_last_cosines_are_of_the_history(rules):
    history = rules.history
    right = history.assign(cosine=0.0)
    assert replace(rules, history=right).angles["angle"].to_numpy() == pytest.approx(90)
    last = rules.last_cosine
    rows = history.query("rule == 'Kolen-Pollack' and epoch == 1 and layer == 1")
    assert last["Kolen-Pollack"].tolist() == rows["cosine"].tolist()
    assert last["backpropagation"].to_numpy() == pytest.approx(1)


def test_given_time_to_settle_equilibrium_propagation_is_the_gradient():
    batch = first_images(open_digits((0, 1)), 8)
    net = draw_net((0, 1), gain=0.3)
    assert measure.settled_cosine(net, *batch, sweeps=30) > 0.999
    assert measure.settled_cosine(net, *batch, beta=0.9, sweeps=2) < 0.999


def test_digits_come_split_by_seed_with_targets():
    digits = open_digits((0, 1), "validation")
    inputs, targets = first_images(digits, 5)
    assert inputs.shape == (2, 5, 64) and targets.shape == (2, 5, 10)
    assert torch.equal(targets.argmax(-1), digits.labels[:, :5])
    assert digits.images.shape[1] < open_digits((0, 1)).images.shape[1]
