"""Memory and time of a call, and their slopes."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.pages.limitations.scale import cost, timing


def test_peak_memory_is_what_was_allocated():
    def call():
        first = torch.ones(1000)
        second = first + first
        del first
        return second * second

    assert timing.peak_bytes(call) == 8000
    query, key, value = cost.inputs(64, 12, 32, seeded(0))
    held = timing.peak_bytes(lambda: cost.SoftmaxAttention()(query, key, value))
    assert held == cost.softmax_bytes(384, 12, 64)


def test_times_are_taken_for_each_call_after_one_that_is_not():
    calls = []
    assert timing.seconds(lambda: calls.append(1), 4).shape == (4,) and len(calls) == 5
    with pytest.raises(ValueError, match="repeats: got 0"):
        timing.seconds(lambda: None, 0)


def test_one_thread_is_given_back():
    before = torch.get_num_threads()
    with timing.one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_slopes_are_over_the_three_longest_texts():
    rows = [
        ("softmax", tokens, repeat, (repeat + 1) * tokens**2 if tokens > 64 else 1.0, 8 * tokens)
        for tokens in (64, 128, 256, 512)
        for repeat in range(3)
    ]
    costs = pd.DataFrame(rows, columns=["kind", "tokens", "repeat", "seconds", "bytes"])
    slopes = timing.measure_exponents(costs).loc["softmax"]
    assert slopes.to_dict() == pytest.approx({"time": 2, "low": 2, "high": 2, "bytes": 1})


def test_every_kind_is_timed_at_every_length(result):
    sizes = result.costs.groupby(["kind", "tokens"])["repeat"].count()
    assert (sizes == 2).all() and set(sizes.index.levels[1]) == {64, 128, 256}
    memory = result.costs.groupby(["kind", "tokens"])["bytes"].max().unstack("tokens")
    assert (memory.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
