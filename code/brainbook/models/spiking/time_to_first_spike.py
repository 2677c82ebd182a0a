"""One spike a neuron: a rectifier network whose activations are spike times.

A unit's activation a becomes a spike a time a before the end of its layer's window: large
values come early. Two versions:

- :class:`FirstSpikeNetwork` in continuous time, the mapping of Stanojevic et al. (2023): the
  membrane rises with the slope α + Σ w_ij over the inputs that have arrived; a neuron knows
  nothing but its threshold. With α = 1 − Σ_j w_ij the slope is one once all inputs are there.
- :class:`BinnedFirstSpike` in time steps, with a phase to listen and a phase to fire (as in Park
  et al. 2020). A unit whose activation is zero stays silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brainbook.models.digits.perceptron import Perceptron

from .conversion import check, scaled_layers, spike_count

CHUNK = 128


@dataclass(frozen=True)
class Segments:
    """A membrane between input spikes: straight pieces, (batch, pieces, neurons).

    start : times at which the pieces begin (batch, pieces). value, slope : there, and after it.
    """

    start: Tensor
    value: Tensor
    slope: Tensor


def membrane_pieces(times: Tensor, weight: Tensor, drift: Tensor, opens: float) -> Segments:
    """Membranes driven by one spike of each input, from rest at ``opens``.

    Parameters
    ----------
    times : (batch, inputs), none before ``opens``.
    weight : (neurons, inputs), slope that an input adds from its spike on.
    drift : (neurons,), slope before any input.
    opens : time at which the window opens.
    """
    ordered, order = times.sort(dim=1)
    slope = weight.t()[order].cumsum(dim=1) + drift  # (batch, inputs, neurons)
    slope = torch.cat([drift.expand(len(times), 1, -1), slope], dim=1)
    start = torch.cat([torch.full_like(ordered[:, :1], opens), ordered], dim=1)  # (batch, pieces)
    rise = slope[:, :-1] * start.diff(dim=1)[..., None]
    value = torch.cat([torch.zeros_like(slope[:, :1]), rise.cumsum(dim=1)], dim=1)
    return Segments(start, value, slope)


def first_crossing(pieces: Segments, threshold: Tensor) -> Tensor:
    """Time (batch, neurons) at which each membrane first reaches its threshold; inf if never."""
    left = threshold - pieces.value  # (batch, pieces, neurons)
    start = pieces.start[..., None]  # (batch, pieces, 1)
    end = torch.cat([start[:, 1:], torch.full_like(start[:, :1], torch.inf)], dim=1)
    time = torch.where(pieces.slope > 0, start + left / pieces.slope, torch.inf)
    inside = (left >= 0) & (time <= end)
    return torch.where(inside, time, torch.inf).amin(dim=1)


class FirstSpikeNetwork:
    """Spike times in, spike times out; float64.

    Parameters
    ----------
    perceptron : the trained network.
    images : training images that set how long each layer's window must be, so that no neuron
        reaches its threshold before all its inputs have arrived.
    margin : part by which the windows are made longer than these images ask for.

    Raises
    ------
    ValueError : a negative margin.
    """

    def __init__(self, perceptron: Perceptron, images: Tensor, margin: float = 0.25) -> None:
        if margin < 0:
            raise ValueError(f"margin: got {margin}; must be at least 0")
        self.layers = scaled_layers(perceptron, [1.0] * (len(perceptron.layers) - 1))
        self.edges = [0.0, 1.0]
        times = 1 - images.flatten(1).double()
        for layer in self.layers[:-1]:
            opens, closes = self.edges[-2:]
            drift = 1 - layer.weight.sum(dim=1)
            peaks = []
            for part in times.split(CHUNK):
                pieces = membrane_pieces(part, layer.weight, drift, opens)
                last = pieces.value[:, -1] + closes - pieces.start[:, -1:]
                inner = torch.maximum(pieces.value.amax(dim=1), last)
                peaks.append((inner - drift * (closes - opens) + layer.bias).max())
            self.edges.append(closes + (1 + margin) * float(max(peaks)))
            times = torch.cat([self.fire(part, len(self.edges) - 3) for part in times.split(CHUNK)])

    @property
    def windows(self) -> list[float]:
        """Length of each layer's window; the pixels' is one."""
        return [b - a for a, b in zip(self.edges, self.edges[1:], strict=False)]

    def fire(self, times: Tensor, index: int) -> Tensor:
        """Spike times of hidden layer ``index`` from those of the layer before it.

        A neuron that has not reached its threshold by the end of its window spikes there.
        """
        layer = self.layers[index]
        opens, closes, end = self.edges[index : index + 3]
        drift = 1 - layer.weight.sum(dim=1)
        threshold = end - closes + drift * (closes - opens) - layer.bias
        crossing = first_crossing(membrane_pieces(times, layer.weight, drift, opens), threshold)
        return crossing.clamp(max=end)

    def run(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and the activations that the spike times of each hidden layer stand for."""
        times, activations = 1 - images.flatten(1).double(), []  # (batch, 64)
        for index in range(len(self.layers) - 1):
            parts = [self.fire(part, index) for part in times.split(CHUNK)]
            times = torch.cat(parts)
            activations.append(self.edges[index + 2] - times)
        output = self.layers[-1]
        arrived = self.edges[-1] - times  # each input has added w to the slope for so long
        return arrived @ output.weight.t() + output.bias, activations


class SingleSpike(nn.Module):
    """A neuron that listens, then rises by one a step and fires at most once.

    In units of a time bin: a membrane of u ends in ``n = clip(⌊u + ½⌋, 0, bins)``, sent as a
    spike ``n`` steps before the end of the window. ``forward`` is one step of either phase.
    """

    def __init__(self, bins: int) -> None:
        super().__init__()
        check(1.0, bins)
        self.bins = bins
        for name in ("membrane", "current"):
            self.register_buffer(name, torch.zeros(0), persistent=False)

    def rest(self, like: Tensor, bias: Tensor) -> None:
        """Start an image: nothing has arrived; ``bias`` is spread over the steps."""
        self.membrane = torch.full_like(like, 0.5)
        self.current = bias / self.bins + torch.zeros_like(like)

    def forward(self, arriving: Tensor | None, ramp: float = 0.0) -> Tensor:
        if arriving is not None:
            self.current.add_(arriving)
            self.membrane.add_(self.current)
            return torch.zeros_like(self.membrane)
        self.membrane.add_(ramp)
        fired = self.membrane >= self.bins
        self.membrane.masked_fill_(fired, -torch.inf)  # at most one spike
        return fired.to(self.membrane.dtype)


class BinnedFirstSpike(nn.Module):
    """Logits (batch, 10) from images, with spikes in ``bins`` time steps a layer.

    Pixels spike too. ``thresholds`` are the windows: the largest activation of each hidden layer
    that can be sent. :meth:`run` returns the logits and each layer's spike counts.

    Raises
    ------
    ValueError : no bin, or a threshold that is not positive.
    """

    def __init__(self, perceptron: Perceptron, thresholds: Sequence[float], bins: int) -> None:
        super().__init__()
        for theta in (1.0, *thresholds):
            check(theta, bins)
        units = [theta / bins for theta in (1.0, *thresholds)]
        self.bins = bins
        outputs = [*units[1:], 1.0]
        self.layers = nn.ModuleList()
        copies = scaled_layers(perceptron, [1.0] * len(thresholds))
        for layer, before, after in zip(copies, units, outputs, strict=True):
            layer.weight.data = layer.weight.data * (before / after)
            layer.bias.data = layer.bias.data / after
            self.layers.append(layer)
        self.neurons = nn.ModuleList(SingleSpike(bins) for _ in self.layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.run(images)[0]

    def run(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and the spikes of each hidden unit (batch, units), zero or one."""
        levels = spike_count(images.flatten(1).double(), 1.0, self.bins)
        # A pixel at level n spikes n steps before the end; at level zero it stays silent.
        raster = torch.eye(self.bins + 1, dtype=levels.dtype)[
            levels.long()
        ]  # (batch, 64, bins + 1)
        sent = list(raster[..., 1:].flip(-1).unbind(-1))  # bins times (batch, 64)
        counts = []
        for layer, neuron in zip(self.layers, self.neurons, strict=True):
            neuron.rest(levels.new_zeros(len(levels), layer.out_features), layer.bias)
            for spikes in sent:
                neuron(nn.functional.linear(spikes, layer.weight))
            if layer is self.layers[-1]:
                break
            sent = [neuron(None, ramp=float(step > 0)) for step in range(self.bins)]
            counts.append(torch.stack(sent).sum(dim=0))
        return self.neurons[-1].membrane - 0.5, counts
