"""A multilayer perceptron that reads the handwritten digits: the plain baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .training import Recipe, Trained, train

PIXELS = 64
CLASSES = 10


@dataclass(frozen=True)
class PerceptronShape:
    """Units in each hidden layer.

    Raises
    ------
    ValueError : no hidden layer, or one without a unit.
    """

    hidden: tuple[int, ...] = (128, 128)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden: got {self.hidden}; needs layers of at least 1 unit")

    @property
    def products(self) -> int:
        """Multiply-accumulates of one inference: Σ width_before · width_after."""
        widths = (PIXELS, *self.hidden, CLASSES)
        return sum(a * b for a, b in zip(widths, widths[1:], strict=False))


class Perceptron(nn.Module):
    """Logits (..., 10) from images (..., 8, 8) in [0, 1], rectifiers between layers."""

    stackable = True

    def __init__(self, shape: PerceptronShape) -> None:
        super().__init__()
        self.shape = shape
        widths = (PIXELS, *shape.hidden, CLASSES)
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip(widths, widths[1:], strict=False)
        )

    def forward(self, images: Tensor) -> Tensor:
        signal = images.flatten(-2)
        for layer in self.layers[:-1]:
            signal = torch.relu(layer(signal))
        return self.layers[-1](signal)


def train_perceptron(
    seed: int | Sequence[int],
    hidden: tuple[int, ...] = (128, 128),
    epochs: int = 24,
    learning_rate: float = 0.1,
    weight_decay: float = 0.1,
    part: str = "test",
) -> Trained[PerceptronShape] | list[Trained[PerceptronShape]]:
    """Train a perceptron on ``examples(seed, part)``; that part is scored once, at the end.

    Parameters
    ----------
    seed : of the split, the weights, and the order of the images; several for a list of networks.
    hidden : units in each hidden layer.
    epochs, learning_rate, weight_decay : of :class:`Recipe`.
    part : ``test``, or ``validation`` to choose settings by.

    Raises
    ------
    ValueError : a setting that ``PerceptronShape``, ``Recipe`` or ``examples`` refuses.
    """
    recipe = Recipe(epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay)
    return train(Perceptron, PerceptronShape(hidden), recipe, seed, part)
