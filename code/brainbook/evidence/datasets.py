"""Real data that installed packages ship: handwritten digits, and English prose.

Nothing is downloaded. The prose is the documentation that scikit-learn ships with its data
sets; its documents are split in two, so that whatever is fitted on the one half is tested on
documents that it has not seen. Where more calibration text is needed, the docstrings of
packages serve: :func:`docstrings` leaves out all that repeats a test document.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CALIBRATION_TEXTS = (  # without breast_cancer, which shares a run of eight words with two others
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

# Topics of Python's reference that the divided circuit was looked at on while it was developed.
SEEN_TOPICS = ("class", "debugger", "objects", "strings", "try", "types")


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
    images, labels = _all_digits()
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=test_fraction, random_state=seed, stratify=labels
    )
    return Split(train_images, train_labels, test_images, test_labels)


@lru_cache(maxsize=1)
def _all_digits() -> tuple[np.ndarray, np.ndarray]:
    """All images and labels, read once a process."""
    bunch = load_digits()
    return (bunch.images / 16.0).astype(np.float32), bunch.target.astype(np.int64)


def text(name: str) -> str:
    """One document of scikit-learn's data set documentation, without its table borders.

    Raises
    ------
    ValueError : another name.
    """
    known = CALIBRATION_TEXTS + TEST_TEXTS
    if name not in known:
        raise ValueError(f"name: got {name!r}; allowed are {known}")
    return _running(files("sklearn.datasets.descr").joinpath(f"{name}.rst").read_text("utf-8"))


@lru_cache(maxsize=4)
def reference_texts(count: int, words: int = 200, shared: int = 8) -> dict[str, str]:
    """The first ``words`` words of topics of Python's language reference, by topic.

    The ``count`` longest topics that no decision of the book has seen. Topics quote each other:
    one whose words share a run of ``shared`` with a longer one's, with one of ``SEEN_TOPICS``,
    with a calibration document or with a test document of :func:`text` is left out. Python ships
    the reference; its wording changes a little from version to version.

    Raises
    ------
    ValueError : fewer such topics than ``count``.
    """
    seen = [_running(topics.get(name, "")) for name in SEEN_TOPICS]
    taken = runs_of_words([*map(text, CALIBRATION_TEXTS + TEST_TEXTS), *seen], shared)
    found = {}
    for name in sorted(set(topics) - set(SEEN_TOPICS), key=lambda name: (-len(topics[name]), name)):
        first = list(islice(_running(topics[name]).split(), words))
        runs = runs_of_words([" ".join(first)], shared)
        if len(first) == words and not runs & taken:
            taken |= runs
            found[name] = " ".join(first)
    if not 0 <= count <= len(found):
        raise ValueError(f"count: got {count}; allowed are 0 to {len(found)}, the topics there are")
    return dict(islice(found.items(), count))


@lru_cache(maxsize=4)
def docstrings(package: str = "sklearn", least: int = 200, shared: int = 8) -> tuple[str, ...]:
    """Docstrings of a package, module by module, as running text that no test document repeats.

    Modules on data sets and tests are left out: they describe what the test documents describe.
    A docstring is dropped where it is shorter than ``least`` characters, or where it has
    ``shared`` consecutive words in common with a test document.

    Raises
    ------
    ValueError : no such package, or ``shared`` is not positive.
    """
    if shared < 1:
        raise ValueError(f"shared: got {shared}; must be a positive number of words")
    try:
        root = Path(str(files(package)))
    except ModuleNotFoundError as error:
        raise ValueError(f"package: got {package!r}, which is not installed") from error
    unseen = runs_of_words((text(name) for name in TEST_TEXTS), shared)
    modules = []
    for path in sorted(root.rglob("*.py")):
        if {"tests", "datasets"} & set(path.relative_to(root).parts):
            continue
        found = [doc for doc in _docstrings_of(path) if len(doc) >= least]
        kept = [doc for doc in map(_running, found) if not runs_of_words([doc], shared) & unseen]
        modules.append(" ".join(kept))
    return tuple(module for module in modules if module)


def runs_of_words(texts: Iterable[str], length: int) -> set[tuple[str, ...]]:
    """All runs of ``length`` consecutive words, in lower case and without punctuation."""
    runs = set()
    for one in texts:
        words = re.findall(r"\w+", one.lower())
        runs |= set(zip(*(words[start:] for start in range(length)), strict=False))
    return runs


def _docstrings_of(path: Path) -> list[str]:
    """Docstrings of a module, its classes and its functions."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]


def _running(raw: str) -> str:
    """Markup borders removed, white space joined."""
    without_borders = re.sub(r"[=\-+*~^`|:]{2,}", " ", raw)
    return re.sub(r"\s+", " ", without_borders).strip()
