"""Closed forms: how many operations one product or one convolution takes.

A *MAC* is one multiplication and one addition. An *AC* is one addition, done because a spike
(a one in an input that holds only zeros and ones) arrived. Bias additions are not counted:
the accumulator starts from the bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

PROBE = 256


@dataclass
class Work:
    """What one call of one layer did, summed over the batch.

    Attributes
    ----------
    macs : multiply-accumulates, every product of the call; zero where spikes drive it.
    acs : accumulates driven by spikes; zero where real numbers come in.
    effective_macs : of ``macs``, those whose driving input is not zero.
    dense : products if no input were zero (padding included).
    spikes : ones in the driving input, where it is binary.
    sites : elements of that input, so ``spikes / sites`` is the spike rate.
    """

    macs: int = 0
    acs: int = 0
    effective_macs: int = 0
    dense: int = 0
    spikes: int = 0
    sites: int = 0


def is_binary(values: Tensor) -> bool:
    """Whether every value is 0 or 1. A tensor without data (meta device) is not."""
    if values.is_meta or values.is_complex():
        return False
    if values.dtype is torch.bool:
        return True
    probe = values.reshape(-1)[:PROBE] if values.is_contiguous() else values
    if not _zero_or_one(probe):
        return False
    return probe.numel() == values.numel() or _zero_or_one(values)


def _zero_or_one(values: Tensor) -> bool:
    """Only zeros and ones are their own squares; so is infinity, which the maximum excludes."""
    if not torch.equal(values * values, values):
        return False
    return not values.numel() or bool(values.max() <= 1)


def nonzero(values: Tensor) -> int:
    """Elements that are not zero; every element on the meta device."""
    return values.numel() if values.is_meta else int(torch.count_nonzero(values))


def product(left: Tensor, right: Tensor, weight: str = "") -> Work:
    """Matrix product ``left (..., n, k) @ right (..., k, m)``.

    A binary operand drives: each of its ones adds a row (or column) of the other operand, so
    ``acs = ones(left) · m`` or ``ones(right) · n``. If both are binary, the one that costs
    less drives. ``weight`` names the operand that is a parameter (``"left"``, ``"right"`` or
    none); a parameter never drives.
    """
    n, m = left.shape[-2], right.shape[-1]
    dense = left.numel() * m
    drivers = [
        (operand, fan_out)
        for name, operand, fan_out in (("left", left, m), ("right", right, n))
        if name != weight
    ]
    binary = [(operand, fan_out) for operand, fan_out in drivers if is_binary(operand)]
    active = [(nonzero(operand), fan_out, operand) for operand, fan_out in binary or drivers]
    spikes, reach, operand = min(active, key=lambda driver: driver[0] * driver[1])
    least = spikes * reach
    if binary:
        return Work(acs=least, dense=dense, spikes=spikes, sites=operand.numel())
    return Work(macs=dense, effective_macs=least, dense=dense)


@dataclass(frozen=True)
class Convolution:
    """Geometry of one convolution, spatial sizes as tuples."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    transposed: bool


def fan_out(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    transposed: bool,
) -> Tensor:
    """How many (output, kernel offset) pairs each input position of one axis takes part in.

    Parameters
    ----------
    inputs, outputs : positions along the axis.
    kernel, stride, padding, dilation : of the convolution, along the axis.
    transposed : whether it is a transposed one.

    Returns
    -------
    Counts, int64 of shape ``(inputs,)``.

    A convolution joins output ``o`` and offset ``k`` to input ``o·stride + k·dilation −
    padding``; a transposed one joins input ``i`` to output ``i·stride + k·dilation − padding``.
    Near a border some of these do not exist.
    """
    starts = torch.arange(inputs if transposed else outputs) * stride - padding
    reached = starts[:, None] + torch.arange(kernel) * dilation  # (positions, kernel)
    if transposed:
        return ((reached >= 0) & (reached < outputs)).sum(dim=1)
    inside = reached[(reached >= 0) & (reached < inputs)]
    return torch.bincount(inside, minlength=inputs)


def convolution(inputs: Tensor, outputs: Tensor, weight: Tensor, shape: Convolution) -> Work:
    """Convolution of ``inputs (batch, C_in, …)`` to ``outputs (batch, C_out, …)``.

    Dense MACs count every output (every input, if transposed) times the kernel, zeros of the
    padding too, as is the custom. Accumulates are exact: each spike reaches
    ``C_out/groups · Π_axes fan_out`` sums, fewer at a border.
    """
    per_position = prod(weight.shape[1:])
    dense = (inputs if shape.transposed else outputs).numel() * per_position
    if inputs.is_meta:
        return Work(macs=dense, effective_macs=dense, dense=dense)
    channels = weight.shape[1] if shape.transposed else weight.shape[0] // shape.groups
    sizes = zip(inputs.shape[2:], outputs.shape[2:], shape.kernel, strict=True)
    moves = zip(shape.stride, shape.padding, shape.dilation, strict=True)
    reach = torch.ones((), dtype=torch.int64)
    for size, move in zip(sizes, moves, strict=True):
        reach = reach[..., None] * fan_out(*size, *move, shape.transposed)  # one axis more
    active = (inputs != 0).sum(dim=(0, 1)).to("cpu", torch.int64)  # the axes of reach
    reached = int((active * reach).sum()) * channels
    if is_binary(inputs):
        return Work(acs=reached, dense=dense, spikes=int(active.sum()), sites=inputs.numel())
    return Work(macs=dense, effective_macs=reached, dense=dense)
