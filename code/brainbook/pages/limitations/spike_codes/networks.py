"""The networks that are compared: trained perceptrons, rewritten by code and precision."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import ceil, log2

import numpy as np
import torch
from torch import Tensor, nn

from brainbook.evidence.datasets import Split
from brainbook.models.digits.perceptron import Perceptron
from brainbook.models.digits.quantisation import rounded
from brainbook.models.digits.training import accuracy
from brainbook.models.spiking.conversion import (
    ConvertedPerceptron,
    IntegrateAndFire,
    QuantisedPerceptron,
    Rounding,
    activations,
    spike_count,
    thresholds_at,
)
from brainbook.models.spiking.time_to_first_spike import BinnedFirstSpike, SingleSpike

PERCENTILES = (50.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 100.0)
NEURONS = (IntegrateAndFire, SingleSpike, Rounding)
KINDS = ("quantised", "quantised input", "rate", "poisson", "first spike")


@dataclass(frozen=True)
class Reader:
    """A perceptron that reads digits, with the split of images that it was trained on.

    seed : of the split and of the weights.
    """

    seed: int
    split: Split
    perceptron: Perceptron

    @property
    def images(self) -> Tensor:
        """Held-out images (count, 8, 8)."""
        return torch.as_tensor(self.split.test_images)

    def accuracy(self, network: nn.Module | None = None) -> float:
        """Share of held-out images that ``network``, or the perceptron, reads correctly."""
        network = self.perceptron if network is None else network
        return accuracy(network, self.split.test_images, self.split.test_labels)

    def held_out(self) -> list[Tensor]:
        """What hidden units compute on held-out images, (count, units) a layer, float64."""
        return activations(self.perceptron, self.split.test_images)

    def in_training(self) -> list[Tensor]:
        """The same on training images: what thresholds may depend on."""
        return activations(self.perceptron, self.split.train_images)

    def thresholds(self, percentile: float) -> list[float]:
        """θ per hidden layer: a percentile of the positive activations on training images."""
        return thresholds_at(self.in_training(), percentile)

    def in_bits(self, bits: int) -> Reader:
        """The same with weights of ``bits`` bits, row by row."""
        return replace(self, perceptron=round_weights(self.perceptron, bits))


def bits_of(levels: int) -> int:
    """⌈log2(T + 1)⌉, the bits that name T + 1 values.

    Raises
    ------
    ValueError : fewer than one level above zero.
    """
    if levels < 1:
        raise ValueError(f"levels: got {levels}; must be at least 1")
    return ceil(log2(levels + 1))


def round_weights(perceptron: Perceptron, bits: int) -> Perceptron:
    """A copy whose weights have ``bits`` bits, one scale for each output unit.

    Raises
    ------
    ValueError : fewer than 2 bits.
    """
    copy = deepcopy(perceptron)
    for layer in copy.layers:
        layer.weight.data = rounded(layer.weight.detach(), bits, dim=1)
    return copy


def rounding_error(values: Tensor, threshold: float, levels: int) -> float:
    """Mean square of θ·n/T − max(z, 0): what rounding and clipping cost together."""
    sent = spike_count(values, threshold, levels) * threshold / levels
    return float((sent - torch.relu(values)).square().mean())


def best_thresholds(layers: Sequence[Tensor], levels: int) -> list[float]:
    """θ per hidden layer: the percentile of its activations with the least rounding error.

    ``layers`` : activations on training images, as from ``Reader.in_training``.
    """
    best = []
    for values in layers:
        candidates = np.percentile(values[values > 0].numpy(), PERCENTILES)
        errors = [rounding_error(values, theta, levels) for theta in candidates]
        best.append(float(candidates[int(np.argmin(errors))]))
    return best


def build(
    kind: str,
    perceptron: Perceptron,
    thresholds: Sequence[float],
    levels: int,
    spike_seed: int = 0,
) -> nn.Module:
    """The perceptron in another code, in evaluation mode.

    Parameters
    ----------
    kind : ``quantised``: no time; ``quantised input``: its pixels are rounded too. ``rate``:
        integrate-and-fire, pixels as currents. ``poisson``: the same, pixels as random spikes.
        ``first spike``: one spike a neuron, one a pixel.
    perceptron : its weights are taken as they are.
    thresholds : θ of each hidden layer.
    levels : T, steps or bins or levels above zero.
    spike_seed : of the random spikes.

    Raises
    ------
    ValueError : another kind, no level, or not one positive threshold for each hidden layer.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: got {kind!r}; allowed are {KINDS}")
    if kind == "first spike":
        network = BinnedFirstSpike(perceptron, thresholds, levels)
    elif kind.startswith("quantised"):
        pixels = levels if kind == "quantised input" else None
        network = QuantisedPerceptron(perceptron, thresholds, levels, pixels)
    else:
        coding = "current" if kind == "rate" else "poisson"
        network = ConvertedPerceptron(perceptron, thresholds, levels, coding, spike_seed=spike_seed)
    return network.eval()
