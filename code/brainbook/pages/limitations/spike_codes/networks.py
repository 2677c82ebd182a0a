"""The networks whose accuracy and energy are compared, by code, size and precision.

Every network comes from the same trained perceptrons. Weights are rounded to 8 bits, row by
row, unless another width is asked for. Thresholds are chosen on training images.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2

import numpy as np
import torch
from torch import Tensor, nn

from brainbook.evidence.datasets import Split, digits
from brainbook.evidence.store import made_once
from brainbook.models.digits.classifiers import trained
from brainbook.models.digits.perceptron import Perceptron
from brainbook.models.digits.quantisation import rounded
from brainbook.models.spiking.clip_floor_shift import train_rounded
from brainbook.models.spiking.conversion import (
    ConvertedPerceptron,
    IntegrateAndFire,
    QuantisedPerceptron,
    Rounding,
    activations,
    spike_count,
)
from brainbook.models.spiking.time_to_first_spike import BinnedFirstSpike, SingleSpike

PERCENTILES = (50.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 100.0)
ROUNDED_RATES = {1: 0.1, 2: 0.03}  # learning rate by hidden layers, chosen on validation images
NEURONS = (IntegrateAndFire, SingleSpike, Rounding)
KINDS = ("quantised", "quantised input", "rate", "poisson", "first spike")


@lru_cache(maxsize=8)
def split_of(seed: int) -> Split:
    """The digits of a seed, read once a process."""
    return digits(seed)


@lru_cache(maxsize=32)
def _trained(seed: int, hidden: tuple[int, ...]) -> Perceptron:
    return trained("perceptron", seed, hidden=hidden).model()


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
        largest = layer.weight.detach().abs().amax(dim=1, keepdim=True).clamp(min=1e-12)
        layer.weight.data = rounded(layer.weight.detach() / largest, bits) * largest
    return copy


def rounding_error(values: Tensor, threshold: float, levels: int) -> float:
    """Mean square of θ·n/T − max(z, 0): what rounding and clipping cost together."""
    sent = spike_count(values, threshold, levels) * threshold / levels
    return float((sent - torch.relu(values)).square().mean())


def best_thresholds(perceptron: Perceptron, images: np.ndarray, levels: int) -> list[float]:
    """θ per hidden layer, the percentile with the least mean square error on ``images``."""
    found = []
    for values in activations(perceptron, images):
        candidates = np.percentile(values[values > 0].numpy(), PERCENTILES)
        errors = [rounding_error(values, theta, levels) for theta in candidates]
        found.append(float(candidates[int(np.argmin(errors))]))
    return found


@dataclass(frozen=True)
class CodeNetwork:
    """A network to be scored, counted and priced.

    activation_bits : width of a hidden activation; 1 where spikes carry it.
    """

    model: nn.Module
    weight_bits: int
    activation_bits: int


def source(
    seed: int,
    hidden: Sequence[int],
    levels: int,
    weight_bits: int = 8,
    trained_rounded: bool = False,
) -> tuple[Perceptron, list[float]]:
    """Rounded weights, and thresholds for ``levels``: of the plain perceptron, or of one that
    learned with that many levels."""
    if trained_rounded:
        rate = ROUNDED_RATES[len(hidden)]
        found = made_once(
            train_rounded, seed=seed, hidden=tuple(hidden), levels=levels, learning_rate=rate
        )
        return round_weights(found.model(), weight_bits), list(found.thresholds)
    network = round_weights(_trained(seed, tuple(hidden)), weight_bits)
    return network, best_thresholds(network, split_of(seed).train_images, levels)


def build(
    kind: str, seed: int, hidden: Sequence[int], levels: int, weight_bits: int = 8,
    trained_rounded: bool = False,
) -> CodeNetwork:  # fmt: skip
    """A network of ``kind`` with T = ``levels`` steps (or bins, or levels above zero).

    ``quantised``: no time; ``quantised input``: its pixels are rounded too. ``rate``:
    integrate-and-fire, pixels as currents. ``poisson``: the same, pixels as random spikes.
    ``first spike``: one spike a neuron, one a pixel.

    Raises
    ------
    ValueError : another kind, no level, or hidden layers that no perceptron has.
    """
    network, thresholds = source(seed, hidden, levels, weight_bits, trained_rounded)
    bits = 1
    if kind.startswith("quantised") and kind in KINDS:
        pixels = levels if kind == "quantised input" else None
        model = QuantisedPerceptron(network, thresholds, levels, pixels)
        bits = bits_of(levels)
    elif kind == "rate":
        model = ConvertedPerceptron(network, thresholds, levels)
    elif kind == "poisson":
        model = ConvertedPerceptron(network, thresholds, levels, "poisson", spike_seed=seed)
    elif kind == "first spike":
        model = BinnedFirstSpike(network, thresholds, levels)
    else:
        raise ValueError(f"kind: got {kind!r}; allowed are {KINDS}")
    return CodeNetwork(model.eval(), weight_bits, bits)
