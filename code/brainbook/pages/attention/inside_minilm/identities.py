"""Two identities behind the running model: its path through the library, and settled rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from brainbook.evidence import pretrained
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.inside_minilm import HeadFunction, Settled, hidden_states
from brainbook.models.features.landmarks import Landmarks

from .replacing import INTACT_HEADS


@dataclass(frozen=True)
class Gaps:
    """Largest deviations, float64. path : :func:`path_gap`. settled : :func:`settled_gap`."""

    path: float
    settled: float


def path_gap(texts: Sequence[str], layers: Sequence[HeadFunction] = INTACT_HEADS) -> float:
    """Our path with exact heads, or others, against the library's own pass, all states."""
    model, tokenizer = pretrained.minilm(torch.float64)
    gaps = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt").input_ids
        with torch.no_grad():
            own = model(input_ids=ids, output_hidden_states=True).hidden_states
        gap = hidden_states(ids, layers, torch.float64) - torch.stack(own, 1)
        gaps.append(gap.abs().max().item())
    return max(gaps)


def settled_gap(seed: int) -> float:
    """Rates with the inverse made once against rates from the factor, on Gaussian heads."""
    generator = seeded(103, seed)
    query, key = torch.randn(2, 4, 3, 30, 8, generator=generator, dtype=torch.float64)
    tuned = Landmarks.fitted(query, key, 40, generator, ridge=0.01)
    return (Settled(tuned).rates(query) - tuned.rates(query)).abs().max().item()
