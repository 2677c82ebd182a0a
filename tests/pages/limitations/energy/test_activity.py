"""Active units counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from brainbook.evidence.datasets import digits
from brainbook.models.digits import classifiers as digit_classifiers
from brainbook.models.digits.vision_transformer import VisionTransformer, VitShape
from brainbook.pages.limitations.energy import activity as unit_activity


@pytest.fixture
def briefly(monkeypatch, tmp_path):
    """Few epochs and a store of its own."""
    monkeypatch.setenv("BRAINBOOK_STORE", str(tmp_path))

    def made(family, seed, **settings):
        return digit_classifiers.trained(family, seed, epochs=1, **settings)

    monkeypatch.setattr(unit_activity, "trained", made)
    return made


def test_rates_of_neurons_average_to_the_layers(briefly):
    accuracy, rates = unit_activity.neuron_rates(0, 4e-4, hidden=(6, 5))
    network = briefly("spiking", 0, hidden=(6, 5), spike_price=4e-4)
    assert [rate.shape for rate in rates] == [(6,), (5,)]
    assert [rate.mean() for rate in rates] == pytest.approx(network.rates, abs=1e-6)
    assert accuracy == network.test_accuracy


def test_share_on_counts_positive_outputs():
    layer = nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
        layer.bias.zero_()
    model = nn.Sequential(nn.Flatten(), layer)
    found = unit_activity.share_on(model, [layer], np.array([[1.0, -1.0], [2.0, 3.0]], np.float32))
    assert found == pytest.approx([3 / 6])
    assert not layer._forward_hooks, "hooks are taken off"


def test_rectifiers_of_a_transformer_are_its_wide_layers():
    model = VisionTransformer(VitShape(width=8, layers=2, heads=2))
    assert [layer.out_features for layer in unit_activity.rectifiers(model)] == [16, 16]


def test_active_units_before_and_after(briefly):
    table = unit_activity.active_units((0, 1), (4, 16))
    assert table["network"].value_counts().to_dict() == {
        "perceptron, 4 units": 2, "perceptron, 16 units": 2, "vision transformer": 4,
    }  # fmt: skip
    assert table[["trained", "untrained"]].stack().between(0, 1).all()
    made = briefly("perceptron", 1, hidden=(16,))
    images = torch.as_tensor(digits(1).test_images).flatten(1)
    by_hand = (made.model().layers[0](images) > 0).double().mean()
    row = table.query("network == 'perceptron, 16 units' and seed == 1")
    assert row["trained"].item() == pytest.approx(float(by_hand))
