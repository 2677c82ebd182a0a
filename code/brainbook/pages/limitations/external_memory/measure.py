"""What the page limitations/external_memory measures: a memory of text beside a small network.

The network learns from docstrings of scikit-learn. Its memory holds the same docstrings, or
those of scikit-image, which it has never seen. Rivals get the same text: counts of word pieces
(Kneser-Ney), and further training. Shares and temperatures come from validation modules; tests
are on other modules. Every repetition draws its modules and weights anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import docstrings
from brainbook.models.attention.minilm_text import token_numbers
from brainbook.models.language import small_language_model as language
from brainbook.models.language.kneser_ney import KneserNey
from brainbook.models.memory import nearest_neighbours as memory

NETWORK, MEMORY, COUNTS = "network", "network + memory", "counts"
BOTH, ALL, TUNED = "network + counts", "all three", "network, trained on"
TASKS = ("known library, known text", "new library, known text", "new library, new text")
TEMPERATURES = tuple(2.0**power for power in range(-3, 7))
FRACTIONS = (1 / 16, 1 / 4, 1.0)  # of the new text that memory and counts hold
NEIGHBOURS, ORDER, VOCABULARY = 64, 5, 2048
FURTHER_EPOCHS, FURTHER_RATE = 4, 1e-2  # of training on, best on validation text


@dataclass(frozen=True)
class Plan:
    """Modules, and most tokens of each, for learning, validation and test; and the network."""

    modules: tuple[int, int, int] = (40, 8, 12)
    tokens: tuple[int, int, int] = (700, 300, 300)
    settings: language.Settings = language.SETTINGS


PLAN = Plan()


@dataclass(frozen=True)
class Libraries:
    """Docstrings of two libraries as token numbers.

    known, new : (N,) a module.
    separator : the number of the token that ends a text.
    tokens : all numbers lie below it.
    """

    known: tuple[np.ndarray, ...]
    new: tuple[np.ndarray, ...]
    separator: int
    tokens: int


@dataclass(frozen=True)
class Texts:
    """Token numbers of one library's parts, below :data:`VOCABULARY`; 0 is any rare piece."""

    learn: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@store.kept
def open_libraries() -> Libraries:
    """Docstrings of scikit-learn, which is known, and of scikit-image, in MiniLM's word pieces."""
    _, tokenizer = pretrained.minilm()
    known, new = (
        tuple(np.array(token_numbers(text)) for text in docstrings(name))
        for name in ("sklearn", "skimage")
    )
    return Libraries(known, new, tokenizer.sep_token_id, len(tokenizer))


def texts(libraries: Libraries, seed: int, plan: Plan = PLAN) -> tuple[Texts, Texts]:
    """Parts of the known and of the new library; no module is in two parts.

    The vocabulary is of the pieces to learn from, of both libraries.
    """
    known, new = (
        _parts(modules, libraries.separator, plan, np.random.default_rng(seed))
        for modules in (libraries.known, libraries.new)
    )
    common = Counter(np.concatenate([known[0], new[0]]).tolist()).most_common(VOCABULARY - 1)
    number = np.zeros(libraries.tokens, np.int64)
    number[[piece for piece, _ in common]] = np.arange(1, len(common) + 1)
    return Texts(*(number[text] for text in known)), Texts(*(number[text] for text in new))


def _parts(
    modules: Sequence[np.ndarray], separator: int, plan: Plan, generator: np.random.Generator
) -> list[np.ndarray]:
    """Three texts from modules drawn at random, each module with the separator before it."""
    order, ends = generator.permutation(len(modules)), np.cumsum(plan.modules)
    return [
        np.concatenate([np.append(separator, modules[number][:size]) for number in part])
        for part, size in zip(np.split(order[: ends[-1]], ends[:-1]), plan.tokens, strict=True)
    ]


@dataclass(frozen=True)
class Reading:
    """A text (N,) as the network read it, from half a window on.

    states : before each token that it predicts, (M, width).
    likely : the probability that it gave to each of them, (M,).
    """

    text: np.ndarray
    states: torch.Tensor
    likely: np.ndarray

    @property
    def target(self) -> torch.Tensor:
        """The tokens that came, (M,)."""
        return torch.as_tensor(self.text[-len(self.likely) :])

    @property
    def datastore(self) -> memory.Datastore:
        """All positions, with the token that came next."""
        return memory.Datastore(self.states, self.target)


def read(model: language.LanguageModel, text: np.ndarray) -> Reading:
    """The network's states and probabilities on a text (N,)."""
    return Reading(text, *language.read(model, text))


def compared(learned: Reading, size: int, validation: Reading, test: Reading) -> dict[str, float]:
    """Perplexity on ``test`` of every model that uses no further training, and what was tuned.

    Memory and counts hold the first ``size`` positions of ``learned``. Mixtures have shares that
    are best on ``validation``.
    """
    counts = KneserNey(learned.text[: size + ORDER], VOCABULARY, ORDER)
    seen, seen_later = (counts.probability(r.text)[-len(r.likely) :] for r in (validation, test))
    kept = learned.datastore.first(size)
    near = _recalled(kept, validation, TEMPERATURES)
    shares = [memory.best_shares([validation.likely, recalled]) for recalled in near]
    fits = [
        memory.perplexity(memory.mixed([validation.likely, recalled], share))
        for recalled, share in zip(near, shares, strict=True)
    ]
    best = int(np.argmin(fits))
    (recalled,) = _recalled(kept, test, TEMPERATURES[best : best + 1])
    mixtures = {
        MEMORY: ([validation.likely, near[best]], [test.likely, recalled]),
        BOTH: ([validation.likely, seen], [test.likely, seen_later]),
        ALL: ([validation.likely, seen, near[best]], [test.likely, seen_later, recalled]),
    }
    tuned = {
        name: memory.perplexity(memory.mixed(later, memory.best_shares(before)))
        for name, (before, later) in mixtures.items()
    }
    alone = {NETWORK: memory.perplexity(test.likely), COUNTS: memory.perplexity(seen_later)}
    return alone | tuned | {"share": shares[best][1], "temperature": TEMPERATURES[best]}


def _recalled(
    kept: memory.Datastore, asked: Reading, temperatures: Sequence[float]
) -> list[np.ndarray]:
    """What the neighbours give to each token (M,), for each temperature."""
    nearest = min(NEIGHBOURS, len(kept))
    distance, number = memory.neighbours(asked.states, kept, nearest)  # (M, nearest) each
    value = kept.value[number]
    return [
        memory.probability(distance, value, asked.target, temperature).numpy()
        for temperature in temperatures
    ]


@store.kept
def measure_repetition(libraries: Libraries, seed: int, plan: Plan = PLAN) -> pd.DataFrame:
    """Page limitations/external_memory: one repetition of :func:`measure_memory`."""
    home, away = texts(libraries, seed, plan)
    model = language.trained(home.learn, VOCABULARY, seed, plan.settings)
    learned, new = read(model, home.learn), read(model, away.learn)
    known_held, new_held = (
        (read(model, parts.validation), read(model, parts.test)) for parts in (home, away)
    )
    rows = []
    for task, known_text, held, fractions in (
        (TASKS[0], learned, known_held, (1.0,)),
        (TASKS[1], learned, new_held, (1.0,)),
        (TASKS[2], new, new_held, FRACTIONS),
    ):
        for fraction in fractions:
            size = int(fraction * len(known_text.likely))
            label = {"task": task, "fraction": fraction, "stored": size}
            rows.append(label | compared(known_text, size, *held))
    language.train(model, away.learn, seed, FURTHER_EPOCHS, FURTHER_RATE)
    rows[-1][TUNED] = memory.perplexity(read(model, away.test).likely)
    columns = ["task", "fraction", "stored", NETWORK, MEMORY, COUNTS, BOTH, ALL]
    return pd.DataFrame(rows, columns=[*columns, "share", "temperature", TUNED])


def measure_memory(libraries: Libraries, seeds: Sequence[int], plan: Plan = PLAN) -> pd.DataFrame:
    """Page limitations/external_memory, figures draw_memory_models and draw_store_size.

    Columns
    -------
    task, fraction, seed : a row for each; fraction of the text that memory and counts hold.
    stored : positions in memory.
    a column per model : perplexity on test modules.
    share, temperature : of the memory in its mixture with the network, best on validation text.
    """
    tables = [measure_repetition(libraries, seed, plan).assign(seed=seed) for seed in seeds]
    return pd.concat(tables, ignore_index=True)


def measure_sizes(memory: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/external_memory, figure draw_store_size: a memory of new text, growing."""
    return memory[memory["task"] == TASKS[2]]
