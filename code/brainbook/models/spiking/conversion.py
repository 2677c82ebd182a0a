"""From a trained perceptron to spikes: integrate-and-fire neurons and their error law.

A rectifier's activation a becomes a rate: a neuron with threshold θ sends n spikes in T steps,
and θ·n/T stands for a. The neuron integrates without a leak and subtracts θ after each spike
(the soft reset; Rueckauer et al. 2017). It starts at θ/2, which centres the rounding error (Deng
and Gu 2021; Bu et al. 2022). Everything is float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from brainbook.models.digits.perceptron import Perceptron

CODINGS = ("current", "poisson", "regular")


def spike_count(current: Tensor, threshold: float, steps: int, start: float = 0.5) -> Tensor:
    """Spikes of a neuron with constant input, n = clip(⌊(T·z + v₀)/θ⌋, 0, T), v₀ = start·θ.

    The closed form of the neuron in :class:`IntegrateAndFire` (Bu et al. 2022).

    Raises
    ------
    ValueError : a threshold that is not positive, no step, or a start outside [0, 1).
    """
    check(threshold, steps, start)
    return torch.floor(current * steps / threshold + start).clamp(0, steps)


def check(threshold: float, steps: int, start: float = 0.5) -> None:
    """Refuse what no neuron can have.

    Raises
    ------
    ValueError : a threshold that is not positive, no step, or a start outside [0, 1).
    """
    if not threshold > 0:
        raise ValueError(f"threshold: got {threshold}; must be positive")
    if steps < 1:
        raise ValueError(f"steps: got {steps}; must be at least 1")
    if not 0 <= start < 1:
        raise ValueError(f"start: got {start}; must lie in [0, 1)")


class IntegrateAndFire(nn.Module):
    """v ← v + input; a spike where v ≥ θ; there v ← v − θ. No leak.

    ``membrane`` (batch, neurons) starts at ``start``·θ after :meth:`rest`.
    """

    def __init__(self, threshold: float, start: float = 0.5) -> None:
        super().__init__()
        check(threshold, 1, start)
        self.threshold, self.start = float(threshold), start
        self.register_buffer("membrane", torch.zeros(0), persistent=False)

    def rest(self, like: Tensor) -> None:
        """Put the membranes, one for each entry of ``like``, to their start."""
        self.membrane = torch.full_like(like, self.start * self.threshold)

    def forward(self, current: Tensor) -> Tensor:
        self.membrane.add_(current)
        spikes = (self.membrane >= self.threshold).to(current.dtype)
        self.membrane.sub_(spikes, alpha=self.threshold)
        return spikes


def scaled_layers(perceptron: Perceptron, scales: Sequence[float]) -> nn.ModuleList:
    """Float64 copies of the layers; each but the first multiplied by the scale of its input."""
    layers = nn.ModuleList()
    for layer, scale in zip(perceptron.layers, (1.0, *scales), strict=True):
        copy = nn.Linear(layer.in_features, layer.out_features).double()
        copy.weight.data = layer.weight.detach().double() * scale
        copy.bias.data = layer.bias.detach().double()
        layers.append(copy)
    return layers.requires_grad_(False)


def train_of(brightness: Tensor, steps: int, coding: str, generator: torch.Generator) -> Tensor:
    """Spikes (steps, …) that stand for values in [0, 1].

    ``poisson``: a spike with that probability in each step (a Bernoulli process, the discrete
    form of a Poisson one). ``regular``: evenly spaced, ⌊t·p + ½⌋ of them until step t.

    Raises
    ------
    ValueError : another coding.
    """
    if coding == "poisson":
        uniform = torch.rand(
            (steps, *brightness.shape), generator=generator, dtype=brightness.dtype
        )
        return (uniform < brightness).to(brightness.dtype)
    if coding == "regular":
        time = torch.arange(steps + 1, dtype=brightness.dtype)
        time = time.reshape(-1, *[1] * brightness.ndim)  # (steps + 1, 1, …)
        return torch.floor(time * brightness + 0.5).diff(dim=0)  # (steps, …)
    raise ValueError(f"coding: got {coding!r}; allowed are {CODINGS[1:]} for spikes")


@dataclass(frozen=True)
class SpikeRun:
    """What a converted network did, one entry a hidden layer.

    counts : spikes per neuron (batch, neurons); final : membranes at the end; mean_current :
    input averaged over the steps. logits : (batch, classes).
    """

    logits: Tensor
    counts: list[Tensor]
    final: list[Tensor]
    mean_current: list[Tensor]


class ConvertedPerceptron(nn.Module):
    """Integrate-and-fire neurons in place of the rectifiers, the weights unchanged.

    Spikes are ones: the threshold is folded into the weights that read them. The output layer
    does not spike; its mean input over the steps is the logit.

    Parameters
    ----------
    perceptron : the trained network.
    thresholds : θ of each hidden layer.
    steps : T.
    coding : ``current``: pixels are constant currents and the first product is computed once;
        ``poisson`` and ``regular``: pixels are spikes, see :func:`train_of`.
    start : initial membrane as a part of θ.
    spike_seed : of the random spikes.

    Raises
    ------
    ValueError : another coding, or not one positive threshold for each hidden layer.
    """

    def __init__(
        self,
        perceptron: Perceptron,
        thresholds: Sequence[float],
        steps: int,
        coding: str = "current",
        start: float = 0.5,
        spike_seed: int = 0,
    ) -> None:
        super().__init__()
        if coding not in CODINGS:
            raise ValueError(f"coding: got {coding!r}; allowed are {CODINGS}")
        if len(thresholds) != len(perceptron.layers) - 1:
            raise ValueError(
                f"thresholds: got {len(thresholds)}; needed is one for each of "
                f"{len(perceptron.layers) - 1} hidden layers"
            )
        check(1.0, steps, start)
        self.steps, self.coding, self.spike_seed = steps, coding, spike_seed
        self.neurons = nn.ModuleList(IntegrateAndFire(theta, start) for theta in thresholds)
        self.layers = scaled_layers(perceptron, thresholds)

    def forward(self, images: Tensor) -> Tensor:
        return self.run(images).logits

    def run(self, images: Tensor) -> SpikeRun:
        """Logits, spike counts, last membranes and mean currents on images (batch, 8, 8)."""
        pixels = images.flatten(1).double()  # (batch, 64)
        widths = [layer.out_features for layer in self.layers]
        counts, totals = ([pixels.new_zeros(len(pixels), w) for w in widths] for _ in range(2))
        for neuron, like in zip(self.neurons, counts, strict=False):
            neuron.rest(like)
        held, sent = self._input(pixels)
        for step in range(self.steps):
            current = held if sent is None else self.layers[0](sent[step])
            for index, neuron in enumerate(self.neurons):
                totals[index].add_(current)
                spikes = neuron(current)
                counts[index].add_(spikes)
                current = self.layers[index + 1](spikes)
            totals[-1].add_(current)
        final = [neuron.membrane for neuron in self.neurons]
        *means, logits = (total / self.steps for total in totals)
        return SpikeRun(logits, counts[:-1], final, means)

    def _input(self, pixels: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """The held current, or the spikes of all steps."""
        if self.coding == "current":
            return self.layers[0](pixels), None
        generator = torch.Generator().manual_seed(self.spike_seed)
        return None, train_of(pixels, self.steps, self.coding, generator)


class Rounding(nn.Module):
    """A rectifier with T + 1 values: the number of the level, ⌊z·T/θ + ½⌋ in {0, …, T}."""

    def __init__(self, threshold: float, levels: int) -> None:
        super().__init__()
        check(threshold, levels)
        self.threshold, self.levels = float(threshold), levels

    def forward(self, current: Tensor) -> Tensor:
        return spike_count(current, self.threshold, self.levels)


class QuantisedPerceptron(nn.Module):
    """The same network with activations in ⌈log2(T + 1)⌉ bits, and no time.

    Units send the number of the level; its size is folded into the weights that read it.

    Parameters
    ----------
    perceptron : the trained network.
    thresholds : θ of each hidden layer.
    levels : T: an activation is one of 0, θ/T, …, θ (Bu et al. 2022, with L = T).
    input_levels : the same for the pixels; without, they come in as they are.

    Raises
    ------
    ValueError : a threshold or a number of levels that is not positive.
    """

    def __init__(
        self,
        perceptron: Perceptron,
        thresholds: Sequence[float],
        levels: int,
        input_levels: int | None = None,
    ) -> None:
        super().__init__()
        self.units = nn.ModuleList(Rounding(theta, levels) for theta in thresholds)
        self.layers = scaled_layers(perceptron, [theta / levels for theta in thresholds])
        self.input_levels = input_levels

    def forward(self, images: Tensor) -> Tensor:
        signal = images.flatten(1).double()
        if self.input_levels:
            signal = spike_count(signal, 1.0, self.input_levels) / self.input_levels
        for layer, unit in zip(self.layers[:-1], self.units, strict=True):
            signal = unit(layer(signal))
        return self.layers[-1](signal)


@torch.no_grad()
def activations(perceptron: Perceptron, images: np.ndarray) -> list[Tensor]:
    """What each hidden unit computes before its rectifier, float64 (batch, units), per layer."""
    signal, computed = torch.as_tensor(images).flatten(1).double(), []  # (batch, 64)
    for layer in scaled_layers(perceptron, [1.0] * (len(perceptron.layers) - 1))[:-1]:
        computed.append(layer(signal))
        signal = torch.relu(computed[-1])
    return computed


def thresholds_at(layers: Sequence[Tensor], percentile: float) -> list[float]:
    """θ per hidden layer: that percentile of its positive activations.

    ``layers``: of :func:`activations`, on training images. 100 is the maximum. A lower one cuts
    off large activations and makes the steps between the rest finer (Rueckauer et al. 2017).

    Raises
    ------
    ValueError : a percentile outside (0, 100].
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile: got {percentile}; must lie in (0, 100]")
    return [float(np.percentile(values[values > 0].numpy(), percentile)) for values in layers]
