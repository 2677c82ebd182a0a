"""The measurements of what rules need see what they should, and nothing else."""

from __future__ import annotations

import pytest
import torch

from brainbook.models.learning.rules import (
    WIDTHS,
    Backpropagation,
    FeedbackAlignment,
    ReadoutOnly,
    draw_net,
)
from brainbook.pages.limitations.plausibility import needs
from brainbook.pages.limitations.plausibility.images import first_images, open_digits
from brainbook.pages.limitations.plausibility.settings import SETTINGS

SEEDS = (0, 1)
OUTPUTS = WIDTHS[-1]


@pytest.fixture(scope="module")
def batch():
    return first_images(open_digits(SEEDS), 16)


def drawn(seeds=SEEDS):
    return draw_net(seeds, dtype=torch.float64)


def test_transport_sees_copied_weights_only(batch):
    other = needs.reset_like(drawn(), (5, 6))
    assert torch.all(needs.transport(Backpropagation(), drawn(), other, *batch) > 0.5)
    assert torch.all(needs.transport(FeedbackAlignment(), drawn(), other, *batch) == 0)
    assert torch.all(needs.transport(Backpropagation(), drawn(), drawn(), *batch) == 0)


def test_a_frozen_layer_is_refused(batch):
    with pytest.raises(ValueError, match="depends on nothing"):
        needs.elsewhere(ReadoutOnly(), drawn(), *batch, 0, 20)


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("backpropagation", WIDTHS[2] + 2 * OUTPUTS),
        ("no hidden layer", 1),
        ("direct feedback alignment", 2 * OUTPUTS),
        ("equilibrium, two-sided", 0),
        ("predictive coding", 0),
        ("Hebbian features", 0),
        ("e-prop, random", 2 * OUTPUTS),
        ("through time", WIDTHS[1] - 1 + 2 * OUTPUTS),
    ],
)
def test_neurons_elsewhere_are_the_closed_form(name, outside, batch):
    assert needs.objections(SETTINGS[name], SEEDS, *batch)["elsewhere"] == outside


def test_only_the_gradient_through_time_waits_for_the_future(batch):
    assert needs.objections(SETTINGS["e-prop, random"], SEEDS, *batch)["hindsight"] == 0
    assert needs.objections(SETTINGS["through time"], SEEDS, *batch)["hindsight"] > 0.01
    assert "hindsight" not in needs.objections(SETTINGS["backpropagation"], SEEDS, *batch)


def test_the_mean_over_seeds_has_its_error(batch):
    row = needs.objections(SETTINGS["backpropagation"], SEEDS, *batch)
    net, other = drawn(), needs.reset_like(drawn(), [seed + needs.ELSE for seed in SEEDS])
    swapped = needs.transport(Backpropagation(), net, other, *batch)
    assert row["transport"] == pytest.approx(float(swapped.mean()))
    assert row["transport_error"] == pytest.approx(float((swapped[0] - swapped[1]).abs() / 2))
