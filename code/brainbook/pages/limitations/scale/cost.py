"""What attention costs as the context grows: closed forms, and the modules that are counted.

A block of width d with a feed-forward network of width 4d makes 12 d^2 multiply-accumulates a
token in its weights and 2 n d in attention over n tokens (Narayanan et al. 2021 give twice that
in floating-point operations). Linear attention (Katharopoulos et al. 2020) sums the features of
keys first, and its cost per token does not depend on n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import elu, scaled_dot_product_attention

from brainbook.evidence.seeding import seeded
from brainbook.models.attention.softmax import scaled
from brainbook.models.features.maps import Positive


def block_macs(width: int, tokens: float) -> float:
    """Multiply-accumulates a token and block: 12 d^2 + 2 n d."""
    return 12 * width**2 + 2 * tokens * width


def crossover(width: int) -> float:
    """Tokens at which attention costs as much as the weights: 6 d."""
    return 6 * width


def softmax_macs(width: int, tokens: float) -> float:
    """Multiply-accumulates a token of softmax attention, all heads: 2 n d."""
    return 2 * tokens * width


def linear_macs(width: int, heads: int, units: int, drawn: bool) -> float:
    """Multiply-accumulates a token of linear attention with ``units`` features a head.

    Writing and reading make 2 m d in all heads, the normaliser m h. Features of queries and
    keys make 2 m d more where they are ``drawn``, that is projections of query and key.
    """
    return (4 if drawn else 2) * units * width + units * heads


def softmax_bytes(width: int, heads: int, tokens: int) -> int:
    """Most memory of :class:`SoftmaxAttention` in float32: weights twice, and the output.

    The weights, (heads, N, N), stand beside the scores or beside the output, (N, d), when the
    product with the values begins.
    """
    return 4 * (2 * heads * tokens**2 + tokens * width)


def linear_crossover(width: int, heads: int, units: int, drawn: bool) -> float:
    """Tokens from which linear attention makes fewer products than softmax attention."""
    return linear_macs(width, heads, units, drawn) / (2 * width)


class SoftmaxAttention(nn.Module):
    """Softmax attention, step by step: query, key and value are (heads, N, d_head)."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """All weights are held at once, (heads, N, N)."""
        scores = query @ key.mT / math.sqrt(query.shape[-1])
        return scores.softmax(-1) @ value


class FusedAttention(nn.Module):
    """The same function by PyTorch's fused kernel, which holds the weights block by block."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """(heads, N, d_head)"""
        return scaled_dot_product_attention(query[None], key[None], value[None])[0]


class LinearAttention(nn.Module):
    """Attention by features: with ``units`` drawn ones, or elu(x) + 1 where ``units`` is 0."""

    def __init__(self, units: int, d_head: int, heads: int, generator: Generator) -> None:
        super().__init__()
        if units < 0:
            raise ValueError(f"units: got {units}; must be at least 0")
        self.map = Positive()
        self.units = self.map.draw(units, d_head, generator, (heads,)) if units else None

    def features(self, x: Tensor) -> Tensor:
        """(heads, N, m)"""
        return elu(x) + 1 if self.units is None else self.map(x, self.units)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Keys are summed first: no matrix of N by N is made."""
        query, key = map(self.features, scaled(query, key))
        total = key.sum(-2, keepdim=True)  # (heads, 1, m)
        return query @ (key.mT @ value) / (query @ total.mT)


def inputs(tokens: int, heads: int, d_head: int, generator: Generator) -> tuple[Tensor, ...]:
    """Random query, key and value, (heads, N, d_head), float32."""
    return tuple(torch.randn(heads, tokens, d_head, generator=generator) for _ in range(3))


def modules(units: Sequence[int], heads: int, d_head: int) -> dict[str, nn.Module]:
    """Attention of one layer by name: softmax, fused, elu + 1, and drawn features by number."""
    drawn = {f"{m}": LinearAttention(m, d_head, heads, seeded(m)) for m in units}
    elu_plus_one = LinearAttention(0, d_head, heads, seeded(0))
    return {"softmax": SoftmaxAttention(), "fused": FusedAttention(), "elu": elu_plus_one} | drawn
