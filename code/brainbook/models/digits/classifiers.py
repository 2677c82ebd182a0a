"""The digit classifiers by name, trained once and shared by the pages that need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brainbook.evidence.datasets import digits
from brainbook.evidence.store import made_each, made_once

from .perceptron import train_perceptron
from .quantisation import RoundedProducts
from .spiking_network import train_spiking
from .training import Trained, accuracy
from .vision_transformer import train_vit

TRAINERS = {
    "perceptron": train_perceptron,
    "spiking": train_spiking,
    "transformer": train_vit,
}
GRID = {  # learning rates tried on validation images; the trainers' defaults stand in the middle
    "perceptron": (0.03, 0.1, 0.3),
    "spiking": (0.01, 0.03, 0.1),
    "transformer": (0.001, 0.003, 0.009),
}


def trained(family: str, seed: int, **settings) -> Trained:
    """A trained classifier, from the store where it has been made before.

    ``settings`` are those of the family's ``train_…`` function; what is left out keeps the
    value that its validation images favoured.

    Raises
    ------
    ValueError : an unknown family, or a setting that the trainer refuses.
    """
    return made_once(_trainer(family), seed=seed, **settings)


def trained_each(family: str, seeds: Sequence[int], **settings) -> list[Trained]:
    """:func:`trained` for each seed; networks that are missing learn side by side if they can."""
    return made_each(_trainer(family), seeds, **settings)


def _trainer(family: str) -> Callable:
    if family not in TRAINERS:
        raise ValueError(f"family: got {family!r}; allowed are {tuple(TRAINERS)}")
    return TRAINERS[family]


def rounded_accuracy(network: Trained, bits: int = 8) -> float:
    """Test accuracy with the operands of every product rounded to ``bits`` bits."""
    split = digits(network.seed)
    with RoundedProducts(bits):
        return accuracy(network.model(), split.test_images, split.test_labels)
