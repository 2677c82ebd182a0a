"""A spiking network that reads the handwritten digits.

Leaky integrate-and-fire neurons (snnTorch; Eshraghian et al. 2023) stand where a perceptron has
rectifiers. A neuron adds its input to its membrane, loses a part of it each time step, and
sends a one when the membrane passes a threshold. The one is all that the next layer sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn

from .training import Recipe, Trained, mean_cross_entropy, train

PIXELS = 64
CLASSES = 10
CODINGS = ("current", "rate")


@dataclass(frozen=True)
class SpikingShape:
    """Size and coding of the network.

    Parameters
    ----------
    hidden : neurons in each hidden layer.
    time_steps : T, how many times each neuron is updated per image.
    coding : ``current``: each pixel is a constant input current, so the first layer's products
        are computed once and held. ``rate``: a pixel of brightness p in [0, 1] sends a spike
        with probability p in each time step.
    leak : membrane kept from one step to the next, in [0, 1]; a start value, then learned.
    slope : steepness of the surrogate gradient (fast sigmoid) that replaces the step's own.

    Raises
    ------
    ValueError : a size below 1, an unknown coding, a leak outside [0, 1].
    """

    hidden: tuple[int, ...] = (128, 128)
    time_steps: int = 4
    coding: str = "current"
    leak: float = 0.9
    slope: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden: got {self.hidden}; needs layers of at least 1 neuron")
        if self.time_steps < 1:
            raise ValueError(f"time_steps: got {self.time_steps}; must be at least 1")
        if self.coding not in CODINGS:
            raise ValueError(f"coding: got {self.coding!r}; allowed are {CODINGS}")
        if not 0 <= self.leak <= 1:
            raise ValueError(f"leak: got {self.leak}; must lie in [0, 1]")
        if self.slope <= 0:
            raise ValueError(f"slope: got {self.slope}; must be positive")


class LeakyStep(torch.autograd.Function):
    """One time step of snnTorch's ``Leaky`` as a single function: the same bits in half the time.

    With leak β, threshold θ and input i: v ← β v + i − θ [v > θ], and a spike where v > θ. The
    reset carries no gradient; a spike's is 1 / (1 + slope |v − θ|)².

    i and v are (..., batch, neurons), β and θ (..., neurons).
    """

    @staticmethod
    def forward(context, current, membrane, beta, threshold, again, slope: float):
        """Spikes and the new v; ``threshold`` comes twice.

        Once it stands in the spike, once in the reset: two gradients, added up in the order in
        which snnTorch's own steps add them.
        """
        leak = beta.clamp(0, 1).unsqueeze(-2)
        reset = (membrane > threshold.unsqueeze(-2)).to(membrane.dtype)
        after = leak * membrane + current - reset * again.unsqueeze(-2)
        above = after - threshold.unsqueeze(-2)
        context.save_for_backward(membrane, beta, leak, reset, above)
        context.slope = slope
        return (above > 0).to(after.dtype), after

    @staticmethod
    def backward(context, of_spikes, of_membrane):
        """Gradients of the inputs of :meth:`forward`."""
        membrane, beta, leak, reset, above = context.saved_tensors
        steep = of_spikes / above.abs().mul_(context.slope).add_(1).square_()
        error = of_membrane + steep
        of_beta = (error * membrane).sum(-2) * ((beta >= 0) & (beta <= 1))
        return error, error * leak, of_beta, -steep.sum(-2), -(error * reset).sum(-2), None


class SpikingNetwork(nn.Module):
    """Logits (..., 10) from images (..., 8, 8) in [0, 1].

    The output layer does not spike: it adds up what arrives, and the mean over the time steps
    is the logit. ``spike_seed`` determines the spikes of the rate coding.
    """

    def __init__(self, shape: SpikingShape, spike_seed: int = 0) -> None:
        super().__init__()
        self.shape = shape
        widths = (PIXELS, *shape.hidden, CLASSES)
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip(widths, widths[1:], strict=False)
        )
        self.neurons = nn.ModuleList(
            snntorch.Leaky(
                beta=torch.full((width,), shape.leak),
                threshold=torch.ones(width),
                spike_grad=surrogate.fast_sigmoid(slope=shape.slope),
                learn_beta=True,
                learn_threshold=True,
            )
            for width in shape.hidden
        )
        self.generator = torch.Generator().manual_seed(spike_seed)
        for layer in self.layers[:-1]:
            nn.init.kaiming_normal_(layer.weight)

    @property
    def stackable(self) -> bool:
        """Whether several can run as one: not where each draws its own random spikes."""
        return self.shape.coding == "current"

    def forward(self, images: Tensor) -> Tensor:
        return self.run(images)[0]

    def run(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and per hidden layer the spikes (time_steps, ..., batch, neurons)."""
        brightness = images.flatten(-2)
        leading = brightness.shape[:-1]
        membranes = [brightness.new_zeros(*leading, width) for width in self.shape.hidden]
        emitted: list[list[Tensor]] = [[] for _ in membranes]
        held = self.layers[0](brightness) if self.shape.coding == "current" else None
        logits = brightness.new_zeros(*leading, CLASSES)
        for _ in range(self.shape.time_steps):
            current = held if held is not None else self.layers[0](self.encode(brightness))
            for index, neuron in enumerate(self.neurons):
                spikes, membranes[index] = self.updated(neuron, current, membranes[index])
                emitted[index].append(spikes)
                current = self.layers[index + 1](spikes)
            logits = logits + current
        return logits / self.shape.time_steps, [torch.stack(spikes) for spikes in emitted]

    def updated(self, neuron: snntorch.Leaky, current: Tensor, membrane: Tensor):
        """Spikes and membranes after one step; in training by one function."""
        if not self.training:
            return neuron(current, membrane)
        threshold = neuron.threshold
        given = current, membrane, neuron.beta, threshold, threshold, self.shape.slope
        return LeakyStep.apply(*given)

    def encode(self, brightness: Tensor) -> Tensor:
        """One time step of rate coding: a spike where a uniform number is below the pixel."""
        uniform = torch.rand(brightness.shape, generator=self.generator, dtype=brightness.dtype)
        return (uniform < brightness).to(brightness.dtype)


def priced_spikes(spike_price: float):
    """Cross-entropy plus ``spike_price`` for each spike that the network sends, mean per image.

    The price is what makes a spiking network quiet; without one it has no reason to be. It is
    a price per spike, not per neuron, because energy is.
    """

    def objective(model: SpikingNetwork, images: Tensor, labels: Tensor) -> Tensor:
        logits, spikes = model.run(images)
        sent = sum(layer.sum() for layer in spikes) / labels.shape[-1]
        return mean_cross_entropy(logits, labels) + spike_price * sent

    return objective


@torch.no_grad()
def spike_rates(model: SpikingNetwork, images) -> list[float]:
    """Spikes per neuron and time step, one value per hidden layer, on ``images``."""
    return [float(layer.mean()) for layer in model.run(torch.as_tensor(images))[1]]


def train_spiking(
    seed: int | Sequence[int],
    hidden: tuple[int, ...] = (128, 128),
    time_steps: int = 4,
    coding: str = "current",
    spike_price: float = 4e-4,
    epochs: int = 24,
    learning_rate: float = 0.03,
    weight_decay: float = 0.1,
    part: str = "test",
) -> Trained[SpikingShape] | list[Trained[SpikingShape]]:
    """Train a spiking network on ``examples(seed, part)``; that part is scored once, at the end.

    Parameters
    ----------
    seed : of the split, the weights, the order of the images, and the spikes of rate coding;
        several for a list of networks.
    hidden, time_steps, coding : of :class:`SpikingShape`.
    spike_price : what a spike costs in the loss, see :func:`priced_spikes`.
    epochs, learning_rate, weight_decay : of :class:`Recipe`.
    part : ``test``, or ``validation`` to choose settings by.

    Raises
    ------
    ValueError : a setting that ``SpikingShape``, ``Recipe`` or ``examples`` refuses.
    """
    if spike_price < 0:
        raise ValueError(f"spike_price: got {spike_price}; must be at least 0")
    shape = SpikingShape(hidden=hidden, time_steps=time_steps, coding=coding)
    recipe = Recipe(epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay)
    told = {"objective": priced_spikes(spike_price), "rates": spike_rates}
    return train(SpikingNetwork, shape, recipe, seed, part, seed_name="spike_seed", **told)
