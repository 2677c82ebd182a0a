"""Interpolated Kneser-Ney smoothing of n-grams: the baseline that a memory of text must beat.

After Kneser & Ney (1995), in the interpolated form: an n-gram's count loses a discount, which
is handed to the distribution of the next shorter context; shorter contexts count in how many
different contexts a word was seen, not how often.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_BITS = 62


@dataclass(frozen=True)
class _Level:
    """Counts of one order.

    grams : codes of the runs of tokens, sorted; counts : of each.
    contexts : codes of the runs without their last token, sorted; totals : of the counts after
        each; kinds : number of different tokens after each.
    discount : taken off every count.
    """

    grams: np.ndarray
    counts: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray
    discount: float


class KneserNey:
    """n-gram model of token numbers below ``vocabulary``; ``order`` is the longest n-gram.

    Raises
    ------
    ValueError : an order below 1, one that 64 bits cannot hold, or too few tokens.
    """

    def __init__(self, tokens: np.ndarray, vocabulary: int, order: int) -> None:
        self.bits = max(1, int(vocabulary - 1).bit_length())
        if order < 1 or order * self.bits > MOST_BITS:
            raise ValueError(f"order: got {order}; allowed are 1 to {MOST_BITS // self.bits}")
        if len(tokens) <= order:
            raise ValueError(f"tokens: got {len(tokens)}; more than {order} are needed")
        self.vocabulary, self.order = vocabulary, order
        self.levels = [self._level(np.asarray(tokens, np.int64), n) for n in range(1, order + 1)]

    def _codes(self, tokens: np.ndarray, length: int) -> np.ndarray:
        """One number for each run of ``length`` tokens; the last token has the lowest bits."""
        codes = np.zeros(len(tokens) - length + 1, np.int64)
        for place in range(length):
            codes = (codes << self.bits) | tokens[place : place + len(codes)]
        return codes

    def _level(self, tokens: np.ndarray, length: int) -> _Level:
        codes = self._codes(tokens, length)
        if length < self.order:  # continuation counts: distinct tokens before the run
            longer = np.unique(self._codes(tokens, length + 1))
            codes = longer & ((1 << (self.bits * length)) - 1)
        grams, counts = np.unique(codes, return_counts=True)
        contexts, place = np.unique(grams >> self.bits, return_inverse=True)
        once, twice = (counts == 1).sum(), (counts == 2).sum()
        return _Level(
            grams,
            counts,
            contexts,
            totals=np.bincount(place, counts),
            kinds=np.bincount(place),
            discount=once / (once + 2 * twice) if once else 0.5,
        )

    def probability(self, tokens: np.ndarray) -> np.ndarray:
        """Probability of each token given those before it, from the first with a full context.

        tokens : (N,). Returns (N - order + 1,).
        """
        tokens = np.asarray(tokens, np.int64)
        result = np.full(len(tokens) - self.order + 1, 1.0 / self.vocabulary)
        # p_n(w | c) = (max(N(cw) - D, 0) + D kinds(c) p_(n-1)(w)) / N(c), from short to long c
        for length, level in enumerate(self.levels, start=1):
            codes = self._codes(tokens[self.order - length :], length)
            counts = _look_up(level.grams, level.counts, codes)
            totals = _look_up(level.contexts, level.totals, codes >> self.bits)
            kinds = _look_up(level.contexts, level.kinds, codes >> self.bits)
            known = totals > 0
            direct = np.maximum(counts - level.discount, 0)
            shared = level.discount * kinds * result
            result = np.where(known, (direct + shared) / np.where(known, totals, 1), result)
        return result


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Value of each wanted key, 0 where there is none; ``keys`` are sorted."""
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
