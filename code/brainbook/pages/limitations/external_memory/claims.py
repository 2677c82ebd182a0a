"""What the page limitations/external_memory asserts.

Repetitions draw weights and modules anew, modules from the same two libraries.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, ordering
from brainbook.evidence.intervals import Interval, mean_interval

from .measure import BOTH, COUNTS, FRACTIONS, MEMORY, NETWORK, TASKS
from .published import PAPER


def gain(
    memory: pd.DataFrame, better: str, worse: str, task: str, fraction: float = 1
) -> pd.Series:
    """Log ratio of perplexities by seed, positive where ``better`` is."""
    rows = memory[(memory["task"] == task) & (memory["fraction"] == fraction)].set_index("seed")
    return np.log(rows[worse] / rows[better])


def _over_repetitions(values: pd.Series) -> Interval:
    return mean_interval(values, over="repetitions")


def memory_claims(memory: pd.DataFrame) -> list[Claim]:
    """What a memory adds to the network, and more of it, and a memory of new text."""
    known, old, new = (gain(memory, MEMORY, NETWORK, task) for task in TASKS)
    small = gain(memory, MEMORY, NETWORK, TASKS[2], FRACTIONS[0])
    return [
        ordering(
            "external-helps",
            "A memory of the text that it learned from lowers the network's perplexity on other "
            "modules (log ratio).",
            _over_repetitions(known),
            source=PAPER,
        ),
        ordering(
            "external-adapts",
            "A memory of a new library's text lowers perplexity on that library (log ratio).",
            _over_repetitions(new),
            source=PAPER,
        ),
        ordering(
            "external-adapts-more",
            "It gains more there than a memory of known text does (difference of log ratios).",
            _over_repetitions(new - old),
            source=PAPER,
        ),
        ordering(
            "external-grows",
            "A sixteen times larger memory of the new library gains more (difference of log "
            "ratios).",
            _over_repetitions(new - small),
            source=PAPER,
        ),
    ]


def rival_claims(memory: pd.DataFrame) -> list[Claim]:
    """The memory against counts of the same text."""
    return [
        ordering(
            "external-counts",
            "The network with its memory beats word-piece counts of the same text (log ratio, new "
            "library).",
            _over_repetitions(gain(memory, MEMORY, COUNTS, TASKS[2])),
            source=PAPER,
            reason="the network learned from few docstrings, and its states tell contexts apart "
            "badly",
        ),
        ordering(
            "external-network-and-counts",
            "Counts mixed with the network beat counts alone (log ratio, new library).",
            _over_repetitions(gain(memory, BOTH, COUNTS, TASKS[2])),
            source="measured here",
        ),
    ]


def claims(memory: pd.DataFrame) -> list[Claim]:
    """Page limitations/external_memory: what it asserts."""
    return [*memory_claims(memory), *rival_claims(memory)]
