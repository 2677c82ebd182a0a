"""Trials of page limitations/memory_and_control: what a memory of text adds to a small network.

The network learns from docstrings of scikit-learn. Its memory holds the same docstrings, or
those of scikit-image, which it has never seen. Rivals get the same text: counts of word pieces
(Kneser-Ney), and further training. Shares and temperatures come from validation modules; tests
are on other modules. Every repetition draws its modules and weights anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import torch

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import docstrings
from brainbook.models.language import small_language_model as language
from brainbook.models.language.kneser_ney import KneserNey
from brainbook.models.memory import nearest_neighbours as memory
from brainbook.models.memory.nearest_neighbours import Store

LIBRARIES = ("sklearn", "skimage")
NETWORK, MEMORY, COUNTS = "network", "network + memory", "counts"
BOTH, ALL, TUNED = "network + counts", "all three", "network, trained on"
TASKS = ("known library, known text", "new library, known text", "new library, new text")
TEMPERATURES = tuple(2.0**power for power in range(-3, 7))
FRACTIONS = (1 / 16, 1 / 4, 1.0)
NEIGHBOURS, ORDER, VOCABULARY = 64, 5, 2048
FURTHER = 4, 1e-2  # epochs and learning rate of further training, best on validation text


@dataclass(frozen=True)
class Plan:
    """Modules and tokens of each module for learning, validation and test."""

    modules: tuple[int, int, int] = (60, 8, 12)
    tokens: tuple[int, int, int] = (700, 300, 300)
    settings: language.Settings = language.SETTINGS


PLAN = Plan()


@dataclass(frozen=True)
class Texts:
    """Token numbers of one library's parts, below :data:`VOCABULARY`; 0 is any rare piece."""

    learn: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@lru_cache(maxsize=4)
def _pieces(library: str) -> tuple[tuple[int, ...], ...]:
    _, tokenizer = pretrained.minilm()
    texts = docstrings(library)
    return tuple(tuple(tokenizer(t, verbose=False, add_special_tokens=False).input_ids)
                 for t in texts)  # fmt: skip


def texts(seed: int, plan: Plan = PLAN) -> tuple[Texts, Texts]:
    """Both libraries' parts; no module is in two parts. The vocabulary is of the learned ones."""
    _, tokenizer = pretrained.minilm()
    found = []
    for library in LIBRARIES:
        modules = _pieces(library)
        order = np.random.default_rng(seed).permutation(len(modules))
        ends = np.cumsum(plan.modules)
        for part, size in zip(np.split(order[: ends[-1]], ends[:-1]), plan.tokens, strict=True):
            text = [[tokenizer.sep_token_id, *modules[m][:size]] for m in part]
            found.append(np.concatenate(text))
    common = Counter(np.concatenate([found[0], found[3]]).tolist()).most_common(VOCABULARY - 1)
    number = np.zeros(len(tokenizer), np.int64)
    number[[piece for piece, _ in common]] = np.arange(1, len(common) + 1)
    found = [number[text] for text in found]
    return Texts(*found[:3]), Texts(*found[3:])


@dataclass(frozen=True)
class _Read:
    """A text as the network read it: states, its own probabilities, the tokens that came."""

    states: torch.Tensor
    likely: np.ndarray
    target: torch.Tensor


def _read(model: language.LanguageModel, text: np.ndarray) -> _Read:
    states, likely = language.read(model, text)
    return _Read(states, likely, torch.as_tensor(text[-len(likely) :]))


def _recall(read: _Read, kept: Store) -> list[np.ndarray]:
    """What the neighbours give to each token, for every temperature."""
    distance, number = memory.neighbours(read.states, kept, min(NEIGHBOURS, len(kept)))
    value = kept.value[number]
    return [memory.probability(distance, value, read.target, t).numpy() for t in TEMPERATURES]


def _tuned(validation: list[np.ndarray], test: list[np.ndarray]) -> float:
    """Perplexity on test text with shares that are best on validation text."""
    shares = memory.best_shares(validation)
    return memory.perplexity(memory.mixed(test, shares))


def _compared(validation: _Read, test: _Read, kept: Store, counts: list[np.ndarray]) -> dict:
    """Perplexity of every model that uses no further training, and what was tuned."""
    near, far = _recall(validation, kept), _recall(test, kept)
    fits = [memory.best_shares([validation.likely, p]) for p in near]
    scores = [memory.perplexity(memory.mixed([validation.likely, p], s))
              for p, s in zip(near, fits, strict=True)]  # fmt: skip
    best = int(np.argmin(scores))
    by_counts, seen = counts
    return {
        NETWORK: memory.perplexity(test.likely),
        MEMORY: _tuned([validation.likely, near[best]], [test.likely, far[best]]),
        COUNTS: memory.perplexity(seen),
        BOTH: _tuned([validation.likely, by_counts], [test.likely, seen]),
        ALL: _tuned([validation.likely, by_counts, near[best]], [test.likely, seen, far[best]]),
        "share": fits[best][1],
        "temperature": TEMPERATURES[best],
    }


def _counts(text: np.ndarray, validation: _Read, test: _Read, parts: Texts) -> list[np.ndarray]:
    model = KneserNey(text, VOCABULARY, ORDER)
    return [model.probability(tokens)[-len(read.likely) :]
            for tokens, read in ((parts.validation, validation), (parts.test, test))]  # fmt: skip


def repetition(seed: int, plan: Plan = PLAN) -> pd.DataFrame:
    """One repetition: columns task, stored (positions in memory), and a column per model."""
    home, away = texts(seed, plan)
    model = language.trained(home.learn, VOCABULARY, seed, plan.settings)
    rows = []
    cases = zip(TASKS, (home, away, away), (home.learn, home.learn, away.learn), strict=True)
    for task, parts, text in cases:
        validation, test = _read(model, parts.validation), _read(model, parts.test)
        whole = _read(model, text)
        for fraction in FRACTIONS if task == TASKS[2] else (1.0,):
            size = int(fraction * len(whole.target))
            kept = Store(whole.states[:size], whole.target[:size])
            counts = _counts(text[: size + ORDER], validation, test, parts)
            found = _compared(validation, test, kept, counts)
            rows.append({"task": task, "fraction": fraction, "stored": size, **found})
    language.train(model, away.learn, seed, *FURTHER)
    rows[-1][TUNED] = memory.perplexity(_read(model, away.test).likely)
    return pd.DataFrame(rows)


def repetition_table(seeds: Sequence[int], plan: Plan = PLAN) -> pd.DataFrame:
    """:func:`repetition` for every seed, made once; with a column seed."""
    found = [store.made_once(repetition, seed=seed, plan=plan).assign(seed=seed) for seed in seeds]
    return pd.concat(found, ignore_index=True)


@torch.no_grad()
def kernel_gap(seed: int) -> float:
    """Largest difference between the kernel estimate by distances and attention over the store."""
    generator = torch.Generator().manual_seed(seed)
    key = torch.randn(200, 16, generator=generator, dtype=torch.float64)
    kept = Store(key, torch.randint(30, (200,), generator=generator))
    query = torch.randn(50, 16, generator=generator, dtype=torch.float64)
    by_distance = memory.distribution(query, kept, 30, 8.0)
    return float((by_distance - memory.attended(query, kept, 30, 8.0)).abs().max())


def counts_gap(seed: int, contexts: int = 5) -> float:
    """Largest deviation from one of the sum of Kneser-Ney's probabilities over all pieces."""
    generator = np.random.default_rng(seed)
    pieces, text = 50, generator.integers(50, size=4000)
    model = KneserNey(text, pieces, ORDER)
    sums = []
    for start in generator.integers(len(text) - ORDER, size=contexts):
        context = np.tile(text[start : start + ORDER - 1], (pieces, 1))
        runs = np.column_stack([context, np.arange(pieces)]).ravel()
        sums.append(model.probability(runs)[::ORDER].sum())
    return float(np.abs(np.array(sums) - 1).max())


@torch.no_grad()
def search_gap(seed: int, count: int = 8) -> float:
    """Largest difference of distances between the search in blocks and all pairs, sorted."""
    generator = torch.Generator().manual_seed(seed)
    key = torch.randn(300, 16, generator=generator, dtype=torch.float64)
    query = torch.randn(700, 16, generator=generator, dtype=torch.float64)
    found, _ = memory.neighbours(query, Store(key, torch.zeros(300, dtype=torch.int64)), count)
    pairs = (query[:, None] - key).square().sum(-1)
    return float((found - pairs.sort(-1).values[:, :count]).abs().max())
