"""Rows of a table against the module of the same sizes, and by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.architectures import layers
from opjoules.counting.operations import count_operations


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (1, 2), (3, 2), (5, 1)])
def test_a_convolution_is_its_module(kernel, stride):
    module = nn.Conv2d(3, 4, kernel, stride, padding=kernel // 2)
    row = layers.convolution("maps", 8, (3, 4), kernel, stride, bias=True)
    counted = count_operations(nn.Sequential(module), torch.randn(1, 3, 8, 8)).iloc[0]
    assert row["macs"] == counted["macs"]
    assert row["weights"] == module.weight.numel() == counted["weight_size"]
    assert row["outputs"] == counted["activation_writes"]
    assert row["bias"] == row["outputs"]


def test_windows_are_those_that_an_element_lies_in():
    # Of side 3 and stride 2: two windows along an axis at most.
    assert layers.convolution("maps", 8, (1, 1), 3, stride=2)["windows"] == 4
    assert layers.convolution("maps", 8, (1, 1), 1, stride=2)["windows"] == 1


def test_both_orders_of_attention_write_the_same_outputs():
    tokens, width, heads = 5, 12, 3
    full, cheap = (
        order("block", tokens, width, heads) for order in (layers.attention, layers.key_value_first)
    )
    assert [row["macs"] for row in full] == [tokens**2 * width] * 2
    assert [row["macs"] for row in cheap] == [tokens * width * (width // heads)] * 2
    assert full[1]["outputs"] == cheap[1]["outputs"] == tokens * width
    window = layers.attention("block", tokens, width, heads, keys=2)
    assert [row["macs"] for row in window] == [tokens * 2 * width] * 2


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="heads: got 0"):
        layers.positive(width=4, heads=0)
