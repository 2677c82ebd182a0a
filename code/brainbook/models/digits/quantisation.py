"""Products in few bits: what a network's accuracy becomes when its operands are rounded.

Every operand of a linear layer or of a matrix product is rounded to signed integers of ``bits``
bits times one scale per tensor, the scheme without an offset. Sums stay wide, as they do in
integer hardware. Spikes are zeros and ones, which rounding leaves alone.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

OPERANDS = {
    linear: 2,
    torch.matmul: 2,
    torch.bmm: 2,
    torch.mm: 2,
    Tensor.matmul: 2,
    Tensor.__matmul__: 2,
    scaled_dot_product_attention: 3,
}


def rounded(values: Tensor, bits: int = 8, dim: int | None = None) -> Tensor:
    """``values`` on the grid scale·{−L, …, L}, L = 2^(bits−1) − 1, scale = max|values| / L.

    The error is at most half a scale. Zeros stay zeros. One scale for all, or along ``dim`` one
    for each slice: ``dim=1`` gives every row of a matrix its own.

    Raises
    ------
    ValueError : fewer than 2 bits leave no grid.
    """
    if bits < 2:
        raise ValueError(f"bits: got {bits}; must be at least 2")
    levels = 2 ** (bits - 1) - 1
    largest = values.abs().max() if dim is None else values.abs().amax(dim, keepdim=True)
    largest = torch.where(largest > 0, largest, 1.0)  # zeros have a grid, too
    return torch.round(values * (levels / largest)) * (largest / levels)


class RoundedProducts(TorchFunctionMode):
    """Inside this context, products read their operands rounded to ``bits`` bits.

    >>> with RoundedProducts(8):
    ...     accuracy(model, images, labels)

    The scale of an activation is that of the batch at hand; biases are not rounded.
    """

    def __init__(self, bits: int = 8) -> None:
        super().__init__()
        rounded(torch.zeros(1), bits)
        self.bits = bits

    def __torch_function__(self, function, types, args=(), kwargs=None):
        count = OPERANDS.get(function, 0)
        if count:
            args = [rounded(a, self.bits) if i < count else a for i, a in enumerate(args)]
        return function(*args, **(kwargs or {}))
