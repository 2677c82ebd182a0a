"""How many units of a network are active: spikes of each neuron, rectifiers that are on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from brainbook.models.digits.perceptron import Perceptron
from brainbook.models.digits.spiking_network import SpikingNetwork
from brainbook.models.digits.vision_transformer import FeedForward


def neuron_rates(network: SpikingNetwork, images: Tensor) -> list[np.ndarray]:
    """Spikes per time step of each neuron, mean over ``images`` (count, 8, 8) and steps.

    One array (neurons,) per hidden layer.
    """
    _, spikes = network.run(images)  # (steps, count, neurons) per layer
    return [sent.double().mean(dim=(0, 1)).numpy() for sent in spikes]


def rectifiers(model: nn.Module) -> list[nn.Module]:
    """The linear layers whose outputs are rectified, in a perceptron or a vision transformer."""
    if isinstance(model, Perceptron):
        return list(model.layers[:-1])
    return [module.expand for module in model.modules() if isinstance(module, FeedForward)]


def shares_on(model: nn.Module, layers: Sequence[nn.Module], images: Tensor) -> list[float]:
    """Share of positive outputs of each linear layer, those that a rectifier lets through."""
    shares: list[float] = []

    def note(_layer: nn.Module, _inputs: tuple, output: Tensor) -> None:
        shares.append(float((output > 0).double().mean()))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return shares
