"""The memory of text, by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.models.memory import nearest_neighbours as memory


def datastore(keys, values):
    return memory.Datastore(torch.tensor(keys, dtype=torch.float64), torch.tensor(values))


def test_neighbours_vote_by_distance():
    store = datastore([[0.0], [1.0], [3.0]], [5, 7, 5])
    query = torch.tensor([[0.5]], dtype=torch.float64)
    distance, number = memory.neighbours(query, store, 3)
    assert number[0, -1] == 2 and distance.tolist() == [[0.25, 0.25, 6.25]]
    vote = memory.probability(distance, store.value[number], torch.tensor([7]), 2.0)
    weights = np.exp(-np.array([0.25, 0.25, 6.25]) / 2)
    assert float(vote) == pytest.approx(weights[1] / weights.sum())
    every = memory.distribution(query, store, 8, 2.0)
    assert float(every[0, 7]) == pytest.approx(float(vote))


def test_the_search_in_blocks_finds_the_nearest_of_all():
    generator = torch.Generator().manual_seed(0)
    key = torch.randn(300, 16, generator=generator, dtype=torch.float64)
    query = torch.randn(memory.BLOCK + 9, 16, generator=generator, dtype=torch.float64)
    store = memory.Datastore(key, torch.zeros(300, dtype=torch.int64))
    distance, number = memory.neighbours(query, store, 8)
    pairs = (query[:, None] - key).square().sum(-1)  # (queries, keys)
    assert torch.allclose(distance, pairs.sort(-1).values[:, :8], atol=1e-12)
    assert torch.equal(pairs.gather(1, number).argsort(-1), torch.arange(8).expand_as(number))


def test_the_positions_stored_first_are_a_store():
    store = datastore([[0.0], [1.0], [3.0]], [5, 7, 5]).first(2)
    assert len(store) == 2 and store.value.tolist() == [5, 7]


def test_the_vote_of_all_is_attention_with_a_bias():
    generator = torch.Generator().manual_seed(0)
    key = torch.randn(30, 4, generator=generator, dtype=torch.float64)
    query = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    store = memory.Datastore(key, torch.randint(6, (30,), generator=generator))
    weight = torch.exp(-(query[:, None] - key).square().sum(-1) / 3.0)
    expected = torch.stack([weight[:, store.value == n].sum(-1) for n in range(6)], -1)
    expected = expected / weight.sum(-1, keepdim=True)
    assert torch.allclose(memory.attended(query, store, 6, 3.0), expected, atol=1e-12)


def test_best_shares_are_the_likeliest():
    generator = np.random.default_rng(0)
    parts = [generator.uniform(0.01, 1, 300) for _ in range(2)]
    share = memory.best_shares(parts, 2000)[0]
    grid = np.linspace(0.001, 0.999, 999)
    scores = [memory.perplexity(memory.mixed(parts, (a, 1 - a))) for a in grid]
    assert grid[int(np.argmin(scores))] == pytest.approx(share, abs=2e-3)
    assert memory.perplexity(np.full(9, 0.25)) == pytest.approx(4)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: memory.Datastore(torch.zeros(3, 2), torch.zeros(2)), "value: got shape"),
        (lambda: memory.neighbours(torch.zeros(1, 1), datastore([[0.0]], [0]), 4), "count: got 4"),
        (lambda: memory.probability(*[torch.zeros(1, 1)] * 2, torch.zeros(1), 0), "temperature"),
    ],
)
def test_errors_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
