"""The measurements of what rules need see what they should, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.models.learning import training as trials
from brainbook.models.learning.rules import Backpropagation, FeedbackAlignment, ReadoutOnly
from brainbook.pages.limitations.plausibility import laws, needs

SEEDS = (0, 1)
OUTPUTS = 10


@pytest.fixture(scope="module")
def task():
    return laws.batch(SEEDS, 16)


def drawn(seeds=SEEDS):
    return trials.fresh("backpropagation", seeds, torch.float64)


def test_transport_sees_copied_weights_only(task):
    other = needs.reset_like(drawn(), (5, 6))
    assert torch.all(needs.transport(Backpropagation(), drawn(), other, *task) > 0.5)
    assert torch.all(needs.transport(FeedbackAlignment(), drawn(), other, *task) == 0)
    assert torch.all(needs.transport(Backpropagation(), drawn(), drawn(), *task) == 0)


def test_a_frozen_layer_is_refused(task):
    with pytest.raises(ValueError, match="depends on nothing"):
        needs.elsewhere(ReadoutOnly(), drawn(), *task, 0, 20)


@pytest.mark.parametrize(
    ("name", "outside"),
    [("backpropagation", trials.WIDTHS[2] + 2 * OUTPUTS), ("no hidden layer", 1),
     ("direct feedback alignment", 2 * OUTPUTS), ("equilibrium, two-sided", 0),
     ("predictive coding", 0), ("Hebbian features", 0), ("e-prop, random", 2 * OUTPUTS),
     ("through time", trials.WIDTHS[1] - 1 + 2 * OUTPUTS)],
)  # fmt: skip
def test_neurons_elsewhere_are_the_closed_form(name, outside):
    assert needs.objections(name, SEEDS)["elsewhere"] == outside


def test_only_the_gradient_through_time_waits_for_the_future():
    assert needs.objections("e-prop, random", SEEDS)["hindsight"] == 0
    assert needs.objections("through time", SEEDS)["hindsight"] > 0.01


def test_laws_hold_on_few_seeds():
    decay = laws.kolen_pollack_decay((0,), 5)
    assert decay["gap"].to_numpy() == pytest.approx(decay["law"].to_numpy(), abs=1e-12)
    assert laws.fixed_prediction_gap((0,)) < 1e-12
    bias = laws.nudging_bias((0,), (0.01, 0.02))
    slopes = bias.groupby("symmetric").apply(
        lambda rows: float(laws.slope(rows, "beta").iloc[0]), include_groups=False
    )
    assert slopes[False] == pytest.approx(1, abs=0.05) and slopes[True] == pytest.approx(
        2, abs=0.05
    )


def test_best_rates_prefer_accuracy_then_the_smaller_rate():
    table = pd.DataFrame({"seed": [0, 0, 1, 1], "rate": [0.1, 0.2, 0.1, 0.2],
                          "accuracy": [0.5, 0.5, 0.1, 0.9]})  # fmt: skip
    assert trials.best_rates(table).to_dict() == {0: 0.1, 1: 0.2}


def test_training_learns_and_repeats():
    first, again = (
        trials.train("feedback alignment", SEEDS, (0.4, 0.4), epochs=3, watch=True) for _ in "ab"
    )
    assert np.array_equal(first.accuracy, again.accuracy) and first.accuracy.min() > 0.5
    assert first.history.groupby("layer")["cosine"].last()[3] == pytest.approx(1, abs=1e-5)


def test_adam_takes_steps_of_the_rate_at_first():
    step = trials.Adam()([torch.tensor([[[2.0, -5.0]]])])[0]
    assert step.flatten().tolist() == pytest.approx([1, -1], abs=1e-5)


@pytest.mark.parametrize(("name", "rates", "named"), [("magic", (1,), "name"),
                         ("backpropagation", (1, 2), "rates")])  # fmt: skip
def test_wrong_settings_are_named(name, rates, named):
    with pytest.raises(ValueError, match=named):
        trials.train(name, (0,), rates)
