"""How many units of a trained network are active: spikes of each neuron, rectifiers that are on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from brainbook.evidence.datasets import digits
from brainbook.models.digits.classifiers import trained
from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.digits.training import seeded
from brainbook.models.digits.vision_transformer import FeedForward, VisionTransformer, VitShape


def neuron_rates(
    seed: int, spike_price: float, hidden: tuple[int, ...] = (128, 128)
) -> tuple[float, list[np.ndarray]]:
    """Accuracy of a spiking network on held-out digits, and the rates of its neurons there.

    One array (neurons,) per hidden layer, in spikes per time step, mean over images and steps.
    """
    network = trained("spiking", seed, hidden=hidden, spike_price=spike_price)
    _, spikes = network.model().run(torch.as_tensor(digits(seed).test_images))
    return network.test_accuracy, [sent.double().mean(dim=(0, 1)).numpy() for sent in spikes]


def share_on(model: nn.Module, layers: Sequence[nn.Module], images: np.ndarray) -> list[float]:
    """Share of positive outputs of each linear layer, those that a rectifier lets through."""
    shares: list[float] = []

    def note(_layer: nn.Module, _inputs: tuple, output: torch.Tensor) -> None:
        shares.append(float((output > 0).double().mean()))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with torch.no_grad():
            model(torch.as_tensor(images))
    finally:
        for hook in hooks:
            hook.remove()
    return shares


def rectifiers(model: nn.Module) -> list[nn.Module]:
    """The linear layers whose outputs are rectified, in a perceptron or a vision transformer."""
    if isinstance(model, Perceptron):
        return list(model.layers[:-1])
    return [module.expand for module in model.modules() if isinstance(module, FeedForward)]


def active_units(seeds: Sequence[int], widths: Sequence[int]) -> pd.DataFrame:
    """Active rectifiers on held-out digits, before and after training.

    A row per network (perceptrons with one hidden layer of ``widths``, and the vision
    transformer), seed and layer: ``trained`` and ``untrained`` shares, from 0 to 1.
    """
    plan: list[tuple[str, str, dict]] = [
        (f"perceptron, {width} units", "perceptron", {"hidden": (width,)}) for width in widths
    ]
    plan.append(("vision transformer", "transformer", {}))
    rows = []
    for name, family, settings in plan:
        for seed in seeds:
            images, found = digits(seed).test_images, trained(family, seed, **settings)
            fresh = seeded(lambda found=found: _untrained(found.shape), seed)
            pair = [share_on(net, rectifiers(net), images) for net in (found.model(), fresh)]
            for layer, (after, before) in enumerate(zip(*pair, strict=True), start=1):
                rows.append((name, seed, layer, after, before))
    return pd.DataFrame(rows, columns=["network", "seed", "layer", "trained", "untrained"])


def _untrained(shape: dict) -> nn.Module:
    if set(shape) == {"hidden"}:
        return Perceptron(PerceptronShape(**shape))
    return VisionTransformer(VitShape(**shape))
