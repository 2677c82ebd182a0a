"""Counting takes its turns with plain passes and leaves the model as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.counting.overhead import overhead


class Counted(nn.Linear):
    """Notes what it is called with."""

    def __init__(self) -> None:
        super().__init__(4, 3)
        self.seen: list[torch.Size] = []

    def forward(self, values):
        self.seen.append(values.shape)
        return super().forward(values)


@pytest.mark.parametrize("named", [False, True])
def test_every_way_runs_as_often_and_the_ratios_are_theirs(named):
    model, values = Counted().train(), torch.randn(2, 4)
    found = overhead(model, {"values": values} if named else values, rounds=5)
    assert model.seen == [values.shape] * (3 * (5 + 1))  # three ways, a warm-up each
    assert model.training
    for way, ratio in (("counting", "ratio"), ("flop_counter", "flop_counter_ratio")):
        assert found[ratio] == found[way] / found["plain"]


def test_at_least_one_round():
    with pytest.raises(ValueError, match="rounds: got 0"):
        overhead(nn.Linear(2, 2), torch.randn(1, 2), rounds=0)
