"""Which numbers are spikes, and what a convolution of them adds up."""

from __future__ import annotations

import pytest
import torch

from opjoules.counting import arithmetic


@pytest.mark.parametrize(
    ("values", "binary"),
    [
        ([0.0, 1.0, 0.0], True),
        ([], True),
        ([-0.0, 1.0], True),
        ([1.0, -1.0], False),
        ([0.5, 1.0], False),
        ([0.0, float("inf")], False),
        ([0.0, float("-inf")], False),
        ([float("nan"), 1.0], False),
        ([1.0, 1.0 + 2**-23], False),
        ([0.0, 1e-38], False),
    ],
)
def test_spikes_are_zeros_and_ones(values, binary):
    for dtype in (torch.float32, torch.float64):
        assert arithmetic.is_binary(torch.tensor(values, dtype=dtype)) is binary
    long = torch.tensor([0.0] * (2 * arithmetic.PROBE) + values)
    assert arithmetic.is_binary(long) is binary


def test_whole_numbers_and_truths_can_be_spikes():
    assert arithmetic.is_binary(torch.tensor([True, False]))
    assert arithmetic.is_binary(torch.tensor([0, 1, 1]))
    assert not arithmetic.is_binary(torch.tensor([0, 2]))
    assert not arithmetic.is_binary(torch.tensor([0, 16], dtype=torch.uint8))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_fan_out_counts_the_pairs_that_exist(transposed, stride, padding, dilation):
    inputs, kernel = 7, 3
    reach = dilation * (kernel - 1) + 1
    outputs = (
        (inputs - 1) * stride - 2 * padding + reach
        if transposed
        else (inputs + 2 * padding - reach) // stride + 1
    )
    layer = (torch.nn.ConvTranspose1d if transposed else torch.nn.Conv1d)(
        1, 1, kernel, stride=stride, padding=padding, dilation=dilation, bias=False
    )
    layer.weight.data.fill_(1)
    # What one spike adds to all sums together, position by position.
    ones = torch.eye(inputs)[:, None]  # (inputs, 1, inputs)
    expected = layer(ones).sum(dim=(1, 2)).round().long()
    found = arithmetic.fan_out(inputs, outputs, kernel, stride, padding, dilation, transposed)
    assert found.tolist() == expected.tolist()


def test_the_cheaper_of_two_binary_operands_drives():
    left, right = torch.zeros(4, 3), torch.ones(3, 5)
    left[0, 0] = 1
    work = arithmetic.product(left, right)
    assert (work.acs, work.spikes, work.sites, work.dense) == (5, 1, 12, 60)
    # A parameter never drives: its ones are weights.
    assert arithmetic.product(torch.rand(4, 3) + 2, right, weight="right").macs == 60
