"""The handwritten digits, as all learning rules of the page limitations/plausibility see them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import one_hot

from brainbook.models.digits.training import examples
from brainbook.models.learning.training import CLASSES, Examples, stacked

IMAGES = 64  # on which a law or a need is measured, in float64


def repetitions(first: int, count: int) -> range:
    """So many seeds, from the first on."""
    return range(first, first + count)


def open_digits(seeds: Sequence[int], part: str = "test") -> Examples:
    """A split a seed; ``part`` "validation" splits its training images again."""
    return stacked([examples(seed, part) for seed in seeds])


def first_images(digits: Examples, count: int = IMAGES) -> tuple[Tensor, Tensor]:
    """The first images (replicas, count, 64) to learn from, and targets (replicas, count, 10)."""
    return digits.images[:, :count].double(), one_hot(digits.labels[:, :count], CLASSES).double()
