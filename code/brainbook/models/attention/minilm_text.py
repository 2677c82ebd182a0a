"""Text as MiniLM reads it: documents cut into passages of token numbers.

A page opens its text here, once, and hands the passages on; ``minilm_heads`` turns them into
queries, keys and values. A passage is a tuple of token numbers. It determines everything that
MiniLM makes of it, so results are stored under it, and other processes are sent nothing more.

Whatever is fitted may depend on calibration text, never on the text under test. Calibration
text: docstrings of scikit-learn without those on data sets, and the documentation of some data
sets. Test text: the documentation of others; nothing that repeats eight consecutive words of it
is used (:func:`brainbook.evidence.datasets.docstrings`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import (
    CALIBRATION_TEXTS,
    TEST_TEXTS,
    docstrings,
    reference_texts,
    text,
)

Passage = tuple[int, ...]

LONG_TEST_TEXTS = tuple(name for name in TEST_TEXTS if name != "linnerud")  # 158 tokens
FROM_DOCSTRINGS = 50  # calibration passages, besides all those from data sets


def token_numbers(document: str) -> list[int]:
    """MiniLM's token numbers of a text of any length, without marks at its ends."""
    _, tokenizer = pretrained.minilm()
    return tokenizer(document, add_special_tokens=False, verbose=False).input_ids


def marked(numbers: Sequence[int]) -> Passage:
    """Token numbers between the marks for a passage's start and end."""
    _, tokenizer = pretrained.minilm()
    return (tokenizer.cls_token_id, *numbers, tokenizer.sep_token_id)


def passages(document: str, tokens: int, name: str = "document") -> list[Passage]:
    """Consecutive passages of a document, ``tokens`` long with the marks at both ends.

    What does not fill a passage at the document's end is left out.

    Raises
    ------
    ValueError : the document, ``name``, does not fill one passage.
    """
    numbers, width = token_numbers(document), tokens - 2
    starts = range(0, len(numbers) - width + 1, width) if width > 0 else ()
    if not starts:
        raise ValueError(f"tokens: got {tokens}; {name!r} allows from 3 to {len(numbers) + 2}")
    return [marked(numbers[start : start + width]) for start in starts]


def passages_of(names: Iterable[str], tokens: int, limit: int | None = None) -> list[Passage]:
    """The first ``limit`` passages, or all, of each document of ``datasets.text``."""
    return [one for name in names for one in passages(text(name), tokens, name)[:limit]]


def held_out_passages(seeds: Iterable[int], tokens: int = 196) -> dict[int, Passage]:
    """By seed the first passage of a test document, another for each seed.

    Raises
    ------
    ValueError : a seed for which there is no document: repetitions on the same text are none.
    """
    seeds = tuple(seeds)
    if not set(seeds) <= set(range(len(LONG_TEST_TEXTS))):
        raise ValueError(
            f"seeds: got {seeds}; each reads a test document of its own, and allowed are 0 to "
            f"{len(LONG_TEST_TEXTS) - 1}"
        )
    return {seed: passages_of([LONG_TEST_TEXTS[seed]], tokens, 1)[0] for seed in seeds}


def reference_passages(count: int, tokens: int = 196) -> dict[str, Passage]:
    """By topic the first passage of Python's language reference on it.

    Raises
    ------
    ValueError : as in :func:`brainbook.evidence.datasets.reference_texts`; more ``tokens`` than
        the shortest of them has.
    """
    texts = reference_texts(count)
    return {name: passages(one, tokens, name)[0] for name, one in texts.items()}


@lru_cache(maxsize=4)
def calibration_passages(
    tokens: int = 196, from_docstrings: int = FROM_DOCSTRINGS
) -> tuple[Passage, ...]:
    """Passages to fit to: some of the docstrings, and all of the calibration documents.

    Which of the docstrings' passages is drawn once and for all. Documents and docstrings that
    might not fill a passage, with less than eight characters a token, are left out.
    """
    long_enough = [one for one in docstrings() if len(one) >= 8 * tokens]
    cut = [passage for one in long_enough for passage in passages(one, tokens)]
    chosen = random.Random(0).sample(cut, min(from_docstrings, len(cut)))
    names = [name for name in CALIBRATION_TEXTS if len(text(name)) >= 8 * tokens]
    return (*chosen, *passages_of(names, tokens))
