"""Memory of text, counts and the small network, against brute force and closed forms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from brainbook.evidence.paired import half_width
from brainbook.models.language import small_language_model as language
from brainbook.models.language.kneser_ney import KneserNey
from brainbook.models.memory import nearest_neighbours as memory
from brainbook.pages.limitations.external_memory import retrieval as trials

SMALL = replace(language.SETTINGS, width=16, heads=2, window=8, epochs=2, batch_size=8)


def test_kneser_ney_by_hand():
    """The interpolated bigram, written out with dictionaries."""
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


def test_identities_hold():
    assert trials.counts_gap(0) < 1e-12
    assert trials.kernel_gap(0) < 1e-12
    assert trials.search_gap(0) < 1e-12


def test_neighbours_vote_by_distance():
    store = memory.Store(torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([5, 7, 5]))
    distance, number = memory.neighbours(torch.tensor([[0.5]]), store, 3)
    assert number[0, -1] == 2 and torch.allclose(distance, torch.tensor([[0.25, 0.25, 6.25]]))
    found = memory.probability(distance, store.value[number], torch.tensor([7]), 2.0)
    weights = np.exp(-np.array([0.25, 0.25, 6.25]) / 2)
    assert float(found) == pytest.approx(weights[1] / weights.sum())
    assert len(store.joined(store)) == 6


def test_best_shares_are_the_likeliest():
    generator = np.random.default_rng(0)
    parts = [generator.uniform(0.01, 1, 300) for _ in range(2)]
    share = memory.best_shares(parts, 2000)[0]
    grid = np.linspace(0.001, 0.999, 999)
    scores = [memory.perplexity(memory.mixed(parts, (a, 1 - a))) for a in grid]
    assert grid[int(np.argmin(scores))] == pytest.approx(share, abs=2e-3)
    assert memory.perplexity(np.full(9, 0.25)) == pytest.approx(4)


def test_the_network_cannot_look_ahead():
    model = language.seeded(lambda: language.LanguageModel(20, SMALL), 0).eval()
    text = torch.randint(20, (1, 8), generator=torch.Generator().manual_seed(0))
    changed = text.clone()
    changed[0, -1] = (text[0, -1] + 1) % 20
    with torch.no_grad():
        first, second = model(text), model(changed)
    assert torch.allclose(first[0, :-1], second[0, :-1], atol=1e-6)
    assert not torch.allclose(first[0, -1], second[0, -1], atol=1e-3)


def test_reading_gives_what_the_network_says():
    model = language.seeded(lambda: language.LanguageModel(20, SMALL), 0).eval()
    text = np.random.default_rng(0).integers(20, size=30)
    states, likely = language.read(model, text)
    assert states.shape == (26, 16) and len(likely) == 26
    with torch.no_grad():
        state = model(torch.as_tensor(text[:8])[None])[0]
        expected = model.logits(state).softmax(-1)[3, text[4]]
    assert likely[0] == pytest.approx(float(expected), rel=1e-4)
    assert torch.allclose(states[0], state[3], atol=1e-5)


def test_training_learns_a_pattern_and_repeats():
    text = np.tile(np.arange(6), 60)
    one, two = (language.trained(text, 6, 0, replace(SMALL, epochs=20)) for _ in range(2))
    likely = language.read(one, text)[1]
    assert likely.mean() > 0.9
    assert np.array_equal(likely, language.read(two, text)[1])


def test_texts_of_parts_are_disjoint():
    plan = trials.Plan((4, 2, 2), (100, 50, 50), SMALL)
    home, away = trials.texts(0, plan)
    for part in (home, away):
        assert len(part.learn) <= 4 * 101 and len(part.test) <= 2 * 51
        assert part.learn.max() < trials.VOCABULARY
    assert np.array_equal(trials.texts(0, plan)[0].test, home.test)
    assert not np.array_equal(trials.texts(1, plan)[0].test, home.test)


def test_half_width_is_students():
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: KneserNey(np.zeros(9, int), 4, 0), "order: got 0"),
        (lambda: KneserNey(np.zeros(2, int), 4, 2), "tokens: got 2"),
        (lambda: memory.Store(torch.zeros(3, 2), torch.zeros(2)), "value: got shape"),
        (lambda: memory.neighbours(torch.zeros(1, 1),
                                   memory.Store(torch.zeros(3, 1), torch.zeros(3)), 4), "count"),
        (lambda: memory.probability(*[torch.zeros(1, 1)] * 2, torch.zeros(1), 0), "temperature"),
        (lambda: language.read(language.LanguageModel(9, SMALL), np.zeros(8, int)), "tokens"),
        (lambda: half_width([1.0]), "values: got 1"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
