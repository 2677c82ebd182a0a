"""Training for few levels: the rounding that spikes impose is put into the network's training.

The rectifier is replaced by θ/L·clip(⌊z·L/θ + ½⌋, 0, L), the quantisation clip-floor-shift
activation of Bu et al. (2022). The derivative of the floor is taken to be one, and θ is
learned with the weights. The result is a quantised network, and a spiking one after conversion.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.digits.training import Recipe, Trained, train


def straight_floor(values: Tensor) -> Tensor:
    """⌊values⌋, with the derivative of the identity."""
    return values + (torch.floor(values) - values).detach()


class RoundedPerceptron(Perceptron):
    """A perceptron whose hidden activations take ``levels`` + 1 values; θ per layer is learned."""

    def __init__(self, shape: PerceptronShape, levels: int) -> None:
        super().__init__(shape)
        if levels < 1:
            raise ValueError(f"levels: got {levels}; must be at least 1")
        self.levels = levels
        self.thresholds = nn.ParameterList(torch.ones(()) * 2 for _ in shape.hidden)

    def forward(self, images: Tensor) -> Tensor:
        signal = images.flatten(-2)
        for layer, learned in zip(self.layers[:-1], self.thresholds, strict=True):
            theta = learned[..., None, None]  # (..., 1, 1)
            share = (layer(signal) / theta).clamp(0, 1)
            signal = theta * straight_floor(share * self.levels + 0.5) / self.levels
        return self.layers[-1](signal)

    def largest(self) -> list[float]:
        """θ of each hidden layer: the largest activation that it can send."""
        return [abs(theta.item()) for theta in self.thresholds]


def train_rounded(
    seed: int | Sequence[int],
    hidden: tuple[int, ...] = (128, 128),
    levels: int = 3,
    epochs: int = 40,
    learning_rate: float = 0.1,
    weight_decay: float = 0.1,
    part: str = "test",
) -> Trained[PerceptronShape] | list[Trained[PerceptronShape]]:
    """Train with rounded activations on ``examples(seed, part)``; scored once, at the end.

    Parameters
    ----------
    seed : of the split, the weights, and the order of the images; several for a list of networks.
    hidden : units in each hidden layer.
    levels : L, above zero.
    epochs, learning_rate, weight_decay : of :class:`Recipe`.
    part : ``test``, or ``validation`` to choose settings by.

    Raises
    ------
    ValueError : a setting that ``PerceptronShape``, ``Recipe`` or ``examples`` refuses, no level.
    """
    recipe = Recipe(epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay)
    build = partial(RoundedPerceptron, levels=levels)
    return train(build, PerceptronShape(hidden), recipe, seed, part)
