"""Costs of attention against counts, torch and brute force."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import elu

from brainbook.pages.limitations.scale import cost


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_closed_forms_of_a_small_block():
    width, tokens = 8, 5
    weights = 4 * width**2 + 2 * width * 4 * width
    assert cost.block_macs(width, tokens) == weights + 2 * tokens * width
    assert cost.block_macs(width, cost.crossover(width)) == 2 * weights
    assert cost.softmax_macs(width, cost.crossover(width)) == weights


def test_linear_attention_breaks_even_where_costs_are_equal():
    for units, drawn in ((4, False), (64, True)):
        meets = cost.linear_crossover(384, 12, units, drawn)
        assert cost.softmax_macs(384, meets) == cost.linear_macs(384, 12, units, drawn)


def test_three_ways_to_attend_agree_where_they_should():
    query, key, value = cost.inputs(20, 2, 4, seeded())
    exact = cost.SoftmaxAttention()(query, key, value)
    assert torch.allclose(cost.FusedAttention()(query, key, value), exact, atol=1e-5)
    many = cost.LinearAttention(60_000, 4, 2, seeded(1))(query, key, value)
    few = cost.LinearAttention(8, 4, 2, seeded(1))(query, key, value)
    assert (many - exact).norm() < 0.1 * exact.norm() < (few - exact).norm()


def test_linear_attention_is_its_quadratic_form():
    query, key, value = (x.double() for x in cost.inputs(20, 2, 4, seeded()))
    factor = 4**-0.25
    weights = (elu(query * factor) + 1) @ (elu(key * factor) + 1).mT
    expected = weights @ value / weights.sum(-1, keepdim=True)
    found = cost.LinearAttention(0, 4, 2, seeded())(query, key, value)
    assert torch.allclose(found, expected, rtol=1e-12)


def test_peak_memory_is_what_was_allocated():
    def call():
        first = torch.ones(1000)
        second = first + first
        del first
        return second * second

    assert cost.peak_bytes(call) == 8000
    query, key, value = cost.inputs(64, 12, 32, seeded())
    held = cost.peak_bytes(lambda: cost.SoftmaxAttention()(query, key, value))
    assert held == cost.softmax_bytes(384, 12, 64)


def test_times_are_taken_for_each_call():
    calls = []
    found = cost.seconds(lambda: calls.append(1), 4)
    assert found.shape == (4,) and (found >= 0).all() and len(calls) == 5


def test_one_thread_is_given_back():
    before = torch.get_num_threads()
    with cost.one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_exponent_of_a_power():
    assert cost.exponent([2, 4, 8], [12, 48, 192]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: cost.exponent([2], [3]), "tokens: got 1"),
        (lambda: cost.seconds(lambda: None, 0), "repeats: got 0"),
        (lambda: cost.LinearAttention(-1, 4, 2, seeded()), "units: got -1"),
    ],
)
def test_errors_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
