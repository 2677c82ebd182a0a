"""Active units counted by hand."""

import pytest
import torch
from torch import nn

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.digits.spiking_network import SpikingNetwork, SpikingShape
from brainbook.models.digits.vision_transformer import VisionTransformer, VitShape
from brainbook.pages.limitations.energy.activity import neuron_rates, rectifiers, shares_on


def test_rates_of_neurons_are_means_over_images_and_steps():
    network = SpikingNetwork(SpikingShape((6, 5), 3)).eval().requires_grad_(False)
    images = torch.rand(7, 8, 8, generator=torch.Generator().manual_seed(0))
    rates = neuron_rates(network, images)
    assert [rate.shape for rate in rates] == [(6,), (5,)]
    spikes = network.run(images)[1][0]
    by_hand = sum(spikes[step, image] for step in range(3) for image in range(7)) / 21
    assert rates[0] == pytest.approx(by_hand.numpy(), abs=1e-6)


def test_share_on_counts_positive_outputs():
    layer = nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
        layer.bias.zero_()
    model = nn.Sequential(nn.Flatten(), layer)
    shares = shares_on(model, [layer], torch.tensor([[1.0, -1.0], [2.0, 3.0]]))
    assert shares == pytest.approx([3 / 6])
    assert not layer._forward_hooks, "hooks are taken off"


def test_hooks_go_where_the_model_fails():
    layer = nn.Linear(2, 3)
    with pytest.raises(RuntimeError):
        shares_on(layer, [layer], torch.ones(1, 5))
    assert not layer._forward_hooks


def test_rectifiers_are_the_hidden_layers_and_the_wide_ones():
    perceptron = Perceptron(PerceptronShape((4, 3)))
    assert [layer.out_features for layer in rectifiers(perceptron)] == [4, 3]
    transformer = VisionTransformer(VitShape(width=8, layers=2, heads=2))
    assert [layer.out_features for layer in rectifiers(transformer)] == [16, 16]
