"""Identities behind the page limitations/external_memory, on random numbers in float64."""

from __future__ import annotations

import numpy as np
import torch

from brainbook.models.language.kneser_ney import KneserNey
from brainbook.models.memory import nearest_neighbours as memory

from .measure import ORDER


def measure_gaps(seed: int) -> dict[str, float]:
    """Page limitations/external_memory: largest deviations from identities."""
    return {
        "kernel": kernel_gap(seed),
        "sums": counts_gap(seed),
        "search": search_gap(seed),
    }


@torch.no_grad()
def kernel_gap(seed: int, temperature: float = 8.0) -> float:
    """Largest difference between the kernel estimate by distances and attention over the store."""
    generator = torch.Generator().manual_seed(seed)
    tokens = 30
    key = torch.randn(200, 16, generator=generator, dtype=torch.float64)
    kept = memory.Datastore(key, torch.randint(tokens, (200,), generator=generator))
    query = torch.randn(50, 16, generator=generator, dtype=torch.float64)
    by_distance = memory.distribution(query, kept, tokens, temperature)
    attended = memory.attended(query, kept, tokens, temperature)
    return float((by_distance - attended).abs().max())


def counts_gap(seed: int, contexts: int = 5) -> float:
    """Largest deviation from one of the sum of Kneser-Ney's probabilities over all pieces."""
    generator = np.random.default_rng(seed)
    pieces, text = 50, generator.integers(50, size=4000)
    model = KneserNey(text, pieces, ORDER)
    sums = []
    for start in generator.integers(len(text) - ORDER, size=contexts):
        context = np.tile(text[start : start + ORDER - 1], (pieces, 1))  # (pieces, order - 1)
        runs = np.column_stack([context, np.arange(pieces)]).ravel()
        sums.append(model.probability(runs)[::ORDER].sum())
    return float(np.abs(np.array(sums) - 1).max())


@torch.no_grad()
def search_gap(seed: int, count: int = 8) -> float:
    """Largest difference of distances between the search in blocks and all pairs, sorted."""
    generator = torch.Generator().manual_seed(seed)
    key = torch.randn(300, 16, generator=generator, dtype=torch.float64)
    query = torch.randn(700, 16, generator=generator, dtype=torch.float64)
    kept = memory.Datastore(key, torch.zeros(300, dtype=torch.int64))
    distance, _ = memory.neighbours(query, kept, count)
    pairs = (query[:, None] - key).square().sum(-1)  # (queries, keys)
    return float((distance - pairs.sort(-1).values[:, :count]).abs().max())
