"""What the page limitations/external_memory asserts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim
from brainbook.evidence.paired import half_width

from .measure import measure_published
from .retrieval import BOTH, COUNTS, MEMORY, NETWORK, TASKS

PAPER = "khandelwal2020generalization"


def _order(
    name: str, told: str, gain: pd.Series, expected: float, source: str, reason: str = ""
) -> Claim:
    """A mean log ratio against ``expected``, with half the 95% interval as its margin."""
    return Claim(f"external-{name}", told, "ordering", gain.mean(), expected, half_width(gain),
                 "1", source, reason)  # fmt: skip


def claims(memory: pd.DataFrame, gaps: Mapping[str, float]) -> list[Claim]:
    """Page limitations/external_memory: what it asserts."""
    told = {
        "kernel": "The kernel estimate over the whole memory is softmax attention over it.",
        "sums": "Interpolated Kneser-Ney probabilities add to one.",
        "search": "Searching in blocks finds the nearest positions of all.",
    }
    known, old, new = (memory[(memory["task"] == t) & (memory["fraction"] == 1)] for t in TASKS)
    small = memory[(memory["task"] == TASKS[2]) & (memory["fraction"] < 0.1)]

    def gain(rows: pd.DataFrame, better: str, worse: str) -> pd.Series:
        return np.log(rows[worse] / rows[better]).reset_index(drop=True)

    home, away = gain(known, MEMORY, NETWORK), gain(new, MEMORY, NETWORK)
    published = measure_published()["ratio"].iloc[0]
    weak = "the network learned from few docstrings, and its states tell contexts apart badly"
    return [
        *(Claim(f"external-{name}", told[name], "exact", gap, 0, 1e-10, "1",
                "identity: both sides") for name, gap in gaps.items()),
        _order("helps", "A memory of the text that it learned from lowers the network's "
               "perplexity on other modules (log ratio).", home, 0, PAPER),
        _order("published-gain", "It does so by more than the published ratio (log ratio).", home,
               -np.log(published), PAPER),
        _order("adapts", "A memory of a new library's text lowers perplexity on that library "
               "(log ratio).", away, 0, PAPER),
        _order("adapts-more", "It gains more there than a memory of known text does (difference "
               "of log ratios).", away - gain(old, MEMORY, NETWORK), 0, PAPER),
        _order("grows", "A sixteen times larger memory of the new library gains more (difference "
               "of log ratios).", away - gain(small, MEMORY, NETWORK), 0, PAPER),
        _order("counts", "The network with its memory beats word-piece counts of the same text "
               "(log ratio, new library).", gain(new, MEMORY, COUNTS), 0, PAPER, weak),
        _order("network-and-counts", "Counts mixed with the network beat counts alone (log "
               "ratio, new library).", gain(new, BOTH, COUNTS), 0, "measured here"),
    ]  # fmt: skip
