"""Counting takes its turns with plain passes and leaves the model as it was."""

import pytest
import torch
from torch import nn

from opjoules.counting.overhead import overhead


def test_every_way_runs_as_often_and_the_ratio_is_theirs():
    class Counted(nn.Linear):
        calls = 0

        def forward(self, values):
            Counted.calls += 1
            return super().forward(values)

    model = Counted(4, 3).train()
    found = overhead(model, torch.randn(2, 4), rounds=5)
    assert Counted.calls == 3 * (5 + 1)
    assert model.training
    assert (found > 0).all()
    assert found["counting"] > found["plain"]


def test_named_inputs_work():
    class Named(nn.Module):
        def forward(self, left, right):
            return left @ right

    batch = {"left": torch.randn(2, 3), "right": torch.randn(3, 2)}
    assert overhead(Named(), batch, rounds=1)["ratio"] > 0


def test_at_least_one_round():
    with pytest.raises(ValueError, match="rounds: got 0"):
        overhead(nn.Linear(2, 2), torch.randn(1, 2), rounds=0)
