"""What the page limitations/control measures with: passages of two libraries, and probes.

Passages are runs of docstrings of scikit-learn (0) and scikit-image (1). Modules are split in
three: "fit" for erasers and directions, "probe" for probes that have not seen the eraser's text,
"test" for scores. No module is in two parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.svm import SVC
from transformers import BertModel

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import docstrings
from brainbook.models.attention.minilm_text import marked, token_numbers
from brainbook.models.language import steering
from brainbook.models.language.concept_erasure import linear_probe

LIBRARIES = ("sklearn", "skimage")
TOKENS, PER_LIBRARY, PER_MODULE = 24, 700, 8
SHARES = {"fit": 0.5, "probe": 0.25, "test": 0.25}  # of the modules
RIDGE = 0.01  # 1 / C = 100 of the linear probe, on scaled features
MARGIN = 10  # C of the kernel probe


@dataclass(frozen=True)
class Passages:
    """Passages of one length, N of them.

    ids : token numbers, (N, tokens).
    library, module : (N,) int64, 0 or 1 and the number of the module.
    vectors : MiniLM's, (N, width), of length one, float64.
    """

    ids: np.ndarray
    library: np.ndarray
    module: np.ndarray
    vectors: np.ndarray

    def part(self, chosen: np.ndarray) -> Passages:
        """Some of them, by a mask or by number."""
        return Passages(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def open_passages(per_library: int = PER_LIBRARY) -> tuple[BertModel, Passages]:
    """MiniLM, and as many passages of both libraries, with its vectors."""
    return pretrained.minilm()[0], measure_passages(per_library)


@store.kept
def measure_passages(per_library: int) -> Passages:
    """Page limitations/control: as many passages of both libraries, drawn once for all.

    Raises
    ------
    ValueError : a library has fewer passages.
    """
    model, _ = pretrained.minilm()
    cuts = [
        cut(docstrings(name), per_library, np.random.default_rng(number))
        for number, name in enumerate(LIBRARIES)
    ]
    ids = np.concatenate([ids for ids, _ in cuts])  # (N, tokens)
    module = np.concatenate([1000 * number + place for number, (_, place) in enumerate(cuts)])
    library = np.repeat(np.arange(len(LIBRARIES)), per_library)
    states = steering.run(model, steering.embedded(model, ids), 0, steering.depth(model))
    return Passages(ids, library, module, steering.unit(steering.vectors(states)))


def cut(
    texts: Sequence[str], count: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Token numbers (count, tokens) of passages, and which of the texts each is from (count,).

    At most eight passages of a text; texts and passages are drawn at random, without overlap.

    Raises
    ------
    ValueError : the texts have fewer passages.
    """
    width, ids, places = TOKENS - 2, [], []
    for place in generator.permutation(len(texts)):
        numbers = token_numbers(texts[place])
        starts = generator.permutation(len(numbers) // width)[:PER_MODULE] * width
        ids += [marked(numbers[start : start + width]) for start in starts]
        places += [place] * len(starts)
        if len(ids) >= count:
            return np.array(ids[:count]), np.array(places[:count])
    raise ValueError(f"count: got {count}; the texts have {len(ids)} passages")


def split(module: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Which passages (N,) are in each part; modules are dealt at random."""
    modules = np.unique(module)
    order = np.random.default_rng(seed).permutation(len(modules))
    rank = order[np.searchsorted(modules, module)]  # (N,)
    ends = np.cumsum(list(SHARES.values())) * len(modules)
    part = np.searchsorted(ends, rank, side="right")
    return {name: part == number for number, name in enumerate(SHARES)}


def score(
    x: np.ndarray, z: np.ndarray, train: np.ndarray, test: np.ndarray, kernel: bool = False
) -> float:
    """Balanced accuracy of a probe that reads the concept; a constant answer has one half.

    One scale for all features: to standardise each would blow up the rounding noise of those
    that hardly vary, and a probe finds the concept in it.

    Parameters
    ----------
    x : vectors, (N, width).
    z : concept, (N,), two classes.
    train, test : masks (N,).
    kernel : a support vector machine with a Gaussian kernel in place of logistic regression.
    """
    probe = SVC(C=MARGIN) if kernel else linear_probe(RIDGE)
    centre, scale = x[train].mean(0), x[train].std(0).mean()
    fitted = probe.fit((x[train] - centre) / scale, z[train])
    return float(balanced_accuracy_score(z[test], fitted.predict((x[test] - centre) / scale)))
