"""Generators from numbers."""

from __future__ import annotations

import torch

from brainbook.evidence.seeding import seeded


def test_draws_repeat_and_depend_on_every_number_and_on_their_order():
    def first(*numbers: int) -> float:
        return torch.rand(1, generator=seeded(*numbers)).item()

    assert first(1, 2) == first(1, 2)
    assert len({first(1, 2), first(2, 1), first(1), first(1, 2, 3), first(12)}) == 5
