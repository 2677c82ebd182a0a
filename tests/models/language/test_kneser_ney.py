"""Counts of runs against the formula written out with dictionaries."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from brainbook.models.language.kneser_ney import KneserNey


def test_an_interpolated_bigram_by_hand():
    text = [0, 1, 2, 0, 1, 1, 2, 0, 2, 1, 0, 1, 2, 2, 0, 3]
    pairs = Counter(zip(text, text[1:], strict=False))
    after = Counter(text[:-1])
    before = Counter(w for _, w in pairs)

    def discount(counts):
        once, twice = (sum(c == n for c in counts.values()) for n in (1, 2))
        return once / (once + 2 * twice) if once else 0.5

    low, high = discount(before), discount(pairs)
    shared = low * len(before) / 4
    alone = {w: (max(before[w] - low, 0) + shared) / len(pairs) for w in range(4)}
    for context, word in ((0, 1), (1, 3), (2, 2)):
        kinds = sum(v == context for v, _ in pairs)
        direct = max(pairs[context, word] - high, 0)
        expected = (direct + high * kinds * alone[word]) / after[context]
        found = KneserNey(np.array(text), 4, 2).probability(np.array([context, word]))
        assert found == pytest.approx([expected])


def test_after_an_unknown_context_what_was_seen_is_likelier_than_what_was_not():
    text = np.random.default_rng(0).integers(4, size=200)
    model = KneserNey(text, vocabulary=5, order=3)
    after = [model.probability(np.array([4, 4, token]))[0] for token in range(5)]
    assert sum(after) == pytest.approx(1) and 0 < after[4] < min(after[:4])


@pytest.mark.parametrize(
    ("tokens", "order", "told"),
    [(9, 0, "order: got 0"), (9, 40, "order: got 40"), (2, 2, "tokens: got 2")],
)
def test_errors_say_what_is_wrong(tokens, order, told):
    with pytest.raises(ValueError, match=told):
        KneserNey(np.zeros(tokens, int), 4, order)
