"""Training with rounding: the gradient passes, and the network has the levels it promises."""

from __future__ import annotations

import pytest
import torch

from brainbook.models.digits.perceptron import PerceptronShape
from brainbook.models.spiking.clip_floor_shift import (
    RoundedPerceptron,
    straight_floor,
    train_rounded,
)
from brainbook.models.spiking.conversion import QuantisedPerceptron


def test_floor_with_the_identity_as_derivative():
    values = torch.tensor([0.2, 1.7, -0.4], requires_grad=True)
    rounded = straight_floor(values)
    rounded.sum().backward()
    assert rounded.tolist() == pytest.approx([0, 1, -1], abs=1e-6)
    assert values.grad.tolist() == [1, 1, 1]


def test_forward_is_the_quantised_network():
    torch.manual_seed(0)
    model = RoundedPerceptron(PerceptronShape((6, 5)), levels=3).requires_grad_(False)
    images = torch.rand(9, 8, 8)
    thetas = [float(theta) for theta in model.thresholds]
    word = QuantisedPerceptron(model, thetas, 3)(images)
    assert torch.allclose(model(images).double(), word, atol=1e-5)


def test_a_trained_network_keeps_its_weights_and_thresholds():
    found = train_rounded(0, hidden=(8,), levels=2, epochs=2)
    (theta,) = found.model().largest()
    assert theta > 0
    assert found.test_accuracy > 0.3 and found.model().shape.hidden == (8,)


def test_no_level_is_refused():
    with pytest.raises(ValueError, match="levels"):
        RoundedPerceptron(PerceptronShape((4,)), levels=0)
