"""Real data that installed packages ship: handwritten digits, and English prose.

Nothing is downloaded. The prose is the documentation that scikit-learn ships with its data
sets; its documents are split in two, so that whatever is fitted on the one half is tested on
documents that it has not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CALIBRATION_TEXTS = (
    "breast_cancer",
    "california_housing",
    "covtype",
    "diabetes",
    "kddcup99",
    "lfw",
    "rcv1",
)
TEST_TEXTS = (
    "digits",
    "iris",
    "linnerud",
    "olivetti_faces",
    "species_distributions",
    "twenty_newsgroups",
    "wine_data",
)


@dataclass(frozen=True)
class Split:
    """Images (count, 8, 8) in [0, 1] as float32, and labels (count,) as int64, per part."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def digits(seed: int, test_fraction: float = 0.25) -> Split:
    """The 1797 handwritten digits of scikit-learn, split at random, classes in proportion.

    Raises
    ------
    ValueError : ``test_fraction`` is not between 0 and 1.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction: got {test_fraction}; must lie between 0 and 1")
    bunch = load_digits()
    images = (bunch.images / 16.0).astype(np.float32)
    labels = bunch.target.astype(np.int64)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=test_fraction, random_state=seed, stratify=labels
    )
    return Split(train_images, train_labels, test_images, test_labels)


def text(name: str) -> str:
    """One document of scikit-learn's data set documentation, without its table borders.

    Raises
    ------
    ValueError : another name.
    """
    known = CALIBRATION_TEXTS + TEST_TEXTS
    if name not in known:
        raise ValueError(f"name: got {name!r}; allowed are {known}")
    raw = files("sklearn.datasets.descr").joinpath(f"{name}.rst").read_text("utf-8")
    without_borders = re.sub(r"[=\-+*~^`|:]{2,}", " ", raw)
    return re.sub(r"\s+", " ", without_borders).strip()
