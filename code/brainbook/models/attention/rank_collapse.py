"""Rank collapse: what becomes of the differences between tokens as layers are stacked.

The state X (..., N, d) of N tokens is split into what all tokens share and the residual:
X = 1 x^T + R, with x the mean token. Dong, Cordonnier & Loukas (2021) show that pure attention
drives R to zero at a doubly exponential rate. :func:`step` runs a block as a transformer does.
:func:`attend_split` and :func:`normalise_split` run the same maps on the pair (x, R), where
nothing is subtracted from something nearly equal, so that residuals far below the precision of
X are followed to full relative precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import gelu
from transformers import BertModel


@dataclass(frozen=True)
class Norm:
    """Layer normalisation: gain (d,), offset (d,), and the constant added to the variance."""

    gain: Tensor
    offset: Tensor
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return centred / _spread(centred, self.eps) * self.gain + self.offset


@dataclass(frozen=True)
class Block:
    """Weights of one transformer block, heads h of width d_head.

    query, key, value : (h, d, d_head); query_bias : (h, d_head). A bias of the keys changes no
    attention weight. output : (h, d_head, d). bias : (d,), all that attention adds to every
    token. up : (d, 4d), up_bias, down : (4d, d), down_bias: the MLP. norms : after attention
    and after the MLP.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    query_bias: Tensor
    output: Tensor
    bias: Tensor
    up: Tensor
    up_bias: Tensor
    down: Tensor
    down_bias: Tensor
    norms: tuple[Norm, Norm]

    @property
    def scale(self) -> float:
        """1 / sqrt(d_head)."""
        return self.query.shape[-1] ** -0.5

    def attention(self, x: Tensor) -> Tensor:
        """All heads' output, projected and summed: (..., N, d)."""
        x = x.unsqueeze(-3)  # (..., 1, N, d), against weights (h, d, d_head)
        query = x @ self.query + self.query_bias.unsqueeze(-2)  # (..., h, N, d_head)
        scores = query @ (x @ self.key).mT * self.scale  # (..., h, N, N)
        return (scores.softmax(-1) @ (x @ self.value) @ self.output).sum(-3) + self.bias

    def mlp(self, x: Tensor) -> Tensor:
        """Position-wise network with one hidden layer: (..., N, d)."""
        return gelu(x @ self.up + self.up_bias) @ self.down + self.down_bias


@dataclass(frozen=True)
class Parts:
    """Which parts of a block take part besides attention."""

    skip: bool = False
    mlp: bool = False
    norm: bool = False


VARIANTS = {
    "attention": Parts(),
    "attention, norm": Parts(norm=True),
    "attention, norm, MLP": Parts(mlp=True, norm=True),
    "attention, norm, skip": Parts(skip=True, norm=True),
    "whole block": Parts(skip=True, mlp=True, norm=True),
}


def step(block: Block, x: Tensor, parts: Parts) -> Tensor:
    """One block, its norms after each part as in BERT. x and the result: (..., N, d)."""

    def joined(new: Tensor, old: Tensor, norm: Norm) -> Tensor:
        new = new + old if parts.skip else new
        return norm(new) if parts.norm else new

    x = joined(block.attention(x), x, block.norms[0])
    return joined(block.mlp(x), x, block.norms[1]) if parts.mlp else x


def split(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean token (..., 1, d) and residual (..., N, d)."""
    mean = x.mean(-2, keepdim=True)
    return mean, x - mean


def relative_residual(x: Tensor) -> Tensor:
    """|R| / |X|, Frobenius norms over tokens and features; from 0 (all alike) to 1. (...)"""
    return _size(split(x)[1]) / _size(x)


def depths(blocks: list[Block], x: Tensor, parts: Parts, depth: int) -> Tensor:
    """:func:`relative_residual` before any block and after each of ``depth``, (depth + 1, ...).

    Blocks are used again from the first where ``depth`` exceeds their number.

    Raises
    ------
    ValueError : ``depth`` is negative.
    """
    if depth < 0:
        raise ValueError(f"depth: got {depth}; must be at least 0")
    residuals = [relative_residual(x)]
    for layer in range(depth):
        x = step(blocks[layer % len(blocks)], x, parts)
        residuals.append(relative_residual(x))
    return torch.stack(residuals)


def attend_split(block: Block, mean: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
    """Attention on x (..., 1, d) and R (..., N, d), without cancellation.

    What a row's scores have in common drops out of the softmax. Left are b_j = q(x) . k(r_j),
    the same in all rows, and s_ij = q(r_i) . k(r_j). With p = softmax(b) the weights are
    p_j exp(s_ij) / sum_k p_k exp(s_ik), and their difference to p follows from expm1(s).
    """
    mean, residual = mean.unsqueeze(-3), residual.unsqueeze(-3)  # (..., 1, 1 or N, d)
    key = (residual @ block.key).mT * block.scale  # (..., h, d_head, N)
    # p = softmax(b), the same for all rows
    shared = ((mean @ block.query + block.query_bias.unsqueeze(-2)) @ key).softmax(-1)
    # weights - p = p (expm1(s) - e) / (1 + e), with e = sum_k p_k expm1(s_k)
    tilt = torch.expm1(residual @ block.query @ key)  # (..., h, N, N)
    excess = (tilt * shared).sum(-1, keepdim=True)
    change = shared * (tilt - excess) / (1 + excess)
    write = residual @ block.value  # (..., h, N, d_head)
    common = ((mean @ block.value + shared @ write) @ block.output).sum(-3) + block.bias
    return _recentred(common, (change @ write @ block.output).sum(-3))


def normalise_split(norm: Norm, mean: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
    """Layer normalisation on x (..., 1, d) and R (..., N, d), without cancellation."""
    base = mean - mean.mean(-1, keepdim=True)
    move = residual - residual.mean(-1, keepdim=True)
    here, there = _spread(base, norm.eps), _spread(base + move, norm.eps)
    wider = (2 * base * move + move.square()).mean(-1, keepdim=True)  # there^2 - here^2
    shrink = -wider / (here * there * (here + there))  # 1 / there - 1 / here
    shared = base / here * norm.gain + norm.offset
    return _recentred(shared, (move / there + base * shrink) * norm.gain)


def split_depths(blocks: list[Block], x: Tensor, norm: bool, depth: int) -> Tensor:
    """As :func:`depths` for attention alone, with or without norms, in split coordinates."""
    mean, residual = split(x)
    shares = [_share(mean, residual)]
    for layer in range(depth):
        block = blocks[layer % len(blocks)]
        mean, residual = attend_split(block, mean, residual)
        if norm:
            mean, residual = normalise_split(block.norms[0], mean, residual)
        shares.append(_share(mean, residual))
    return torch.stack(shares)


def leading_residual(block: Block, residual: Tensor) -> Tensor:
    """Residual after attention for R -> 0, (..., N, d): sum_h R A_h C W_h.

    A_h = W_Q W_K^T / sqrt(d_head), C = R^T R / N, W_h = W_V W_O: of third order in R.
    """
    spread = residual.mT @ residual / residual.shape[-2]  # C, (..., d, d)
    there = residual.unsqueeze(-3) @ block.query @ block.key.mT * block.scale  # R A_h
    return (there @ spread.unsqueeze(-3) @ block.value @ block.output).sum(-3)


def random_blocks(count: int, width: int, heads: int, generator: Generator) -> list[Block]:
    """Blocks with weights from N(0, 1/inputs), no biases, norms with gain one; float64.

    Raises
    ------
    ValueError : ``width`` is not a multiple of ``heads``.
    """
    if heads < 1 or width % heads:
        raise ValueError(f"heads: got {heads}; must divide the width {width}")

    def draw(*shape: int, inputs: int = width) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) * inputs**-0.5

    d_head, none = width // heads, torch.zeros(width, dtype=torch.float64)
    norm = Norm(none + 1, none, 1e-12)
    return [
        Block(
            query=draw(heads, width, d_head),
            key=draw(heads, width, d_head),
            value=draw(heads, width, d_head),
            query_bias=draw(heads, d_head) * 0,
            output=draw(heads, d_head, width),
            bias=none,
            up=draw(width, 4 * width),
            up_bias=none.repeat(4),
            down=draw(4 * width, width, inputs=4 * width),
            down_bias=none,
            norms=(norm, norm),
        )
        for _ in range(count)
    ]


def blocks_of(model: BertModel) -> list[Block]:
    """The blocks of a model of the BERT family, in its own precision."""
    heads = model.config.num_attention_heads
    return [_from_bert(layer, heads) for layer in model.encoder.layer]


def _from_bert(layer, heads: int) -> Block:
    """Weights of a layer of the transformers library, (inputs, outputs), by head."""
    own, join = layer.attention.self, layer.attention.output

    def by_head(linear) -> Tensor:
        return linear.weight.detach().T.unflatten(1, (heads, -1)).transpose(0, 1)

    def norm(of) -> Norm:
        return Norm(of.weight.detach(), of.bias.detach(), of.eps)

    output = join.dense.weight.detach().T.unflatten(0, (heads, -1))  # (h, d_head, d)
    value_bias = own.value.bias.detach().unflatten(0, (heads, 1, -1))  # (h, 1, d_head)
    return Block(
        query=by_head(own.query),
        key=by_head(own.key),
        value=by_head(own.value),
        query_bias=own.query.bias.detach().unflatten(0, (heads, -1)),
        output=output,
        bias=(value_bias @ output).sum((0, 1)) + join.dense.bias.detach(),
        up=layer.intermediate.dense.weight.detach().T,
        up_bias=layer.intermediate.dense.bias.detach(),
        down=layer.output.dense.weight.detach().T,
        down_bias=layer.output.dense.bias.detach(),
        norms=(norm(join.LayerNorm), norm(layer.output.LayerNorm)),
    )


def _recentred(mean: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of the residual moved to the mean token."""
    shift, residual = split(residual)
    return mean + shift, residual


def _spread(centred: Tensor, eps: float) -> Tensor:
    return (centred.square().mean(-1, keepdim=True) + eps).sqrt()


def _size(x: Tensor) -> Tensor:
    """Frobenius norm over tokens and features, scaled so that tiny entries do not underflow."""
    top = x.abs().amax((-2, -1), keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
    return torch.linalg.matrix_norm(x / top) * top[..., 0, 0]


def _share(mean: Tensor, residual: Tensor) -> Tensor:
    """|R| / |X| from both parts; R has mean zero, so the squares add."""
    shared, apart = residual.shape[-2] ** 0.5 * _size(mean), _size(residual)
    return apart / torch.hypot(shared, apart)
