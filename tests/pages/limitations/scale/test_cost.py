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


def test_modules_of_one_layer_by_name():
    made = cost.modules([8, 64], 2, 4)
    assert list(made) == ["softmax", "fused", "elu", "8", "64"]
    assert made["elu"].units is None and len(made["64"].units) == 64


def test_a_negative_number_of_features_is_named():
    with pytest.raises(ValueError, match="units: got -1"):
        cost.LinearAttention(-1, 4, 2, seeded())
