"""Blocks against torch's own layers; residuals against plain arithmetic and extended precision."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
import torch
from torch import nn

from brainbook.evidence import pretrained
from brainbook.models.attention import rank_collapse as rc


def random_case(seed, depth):
    generator = torch.Generator().manual_seed(seed)
    blocks = rc.random_blocks(depth, 16, 2, generator)
    return blocks, torch.randn(6, 16, generator=generator, dtype=torch.float64)


def test_a_block_is_torchs_encoder_layer():
    (block,), x = random_case(0, 1)
    layer = nn.TransformerEncoderLayer(16, 2, 64, 0.0, "gelu", batch_first=True, dtype=x.dtype)
    joined = [w.transpose(0, 1).flatten(1) for w in (block.query, block.key, block.value)]
    with torch.no_grad():
        layer.self_attn.in_proj_weight.copy_(torch.cat(joined, 1).T)
        layer.self_attn.in_proj_bias.zero_()
        layer.self_attn.out_proj.weight.copy_(block.output.flatten(0, 1).T)
        layer.self_attn.out_proj.bias.zero_()
        layer.linear1.weight.copy_(block.up.T)
        layer.linear2.weight.copy_(block.down.T)
        for part in (layer.linear1, layer.linear2):
            part.bias.zero_()
        expected = layer.eval()(x[None])[0]
    found = rc.step(block, x, rc.VARIANTS["whole block"])
    assert (found - expected).abs().max() < 1e-4  # torch's norms add 1e-5 to the variance


def test_parts_are_left_out():
    (block,), x = random_case(1, 1)
    attended = block.attention(x)
    assert torch.equal(rc.step(block, x, rc.VARIANTS["attention"]), attended)
    normed = block.norms[0](attended + x)
    assert torch.equal(rc.step(block, x, rc.VARIANTS["attention, norm, skip"]), normed)
    mlp = block.norms[1](block.mlp(block.norms[0](attended)))
    assert torch.equal(rc.step(block, x, rc.VARIANTS["attention, norm, MLP"]), mlp)


def test_relative_residual_at_its_ends():
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert rc.relative_residual(x[:1].expand(5, 3)) < 1e-15
    assert rc.relative_residual(x - x.mean(0)) == pytest.approx(1)


@pytest.mark.parametrize("norm", [False, True])
def test_split_coordinates_give_the_state(norm):
    (block,), x = random_case(2, 1)
    mean, residual = rc.attend_split(block, *rc.split(x))
    if norm:
        mean, residual = rc.normalise_split(block.norms[0], mean, residual)
    expected = rc.step(block, x, rc.Parts(norm=norm))
    assert torch.allclose(mean + residual, expected, rtol=0, atol=1e-13)
    assert residual.mean(-2).abs().max() < 1e-14


def test_tiny_residuals_are_right_to_many_digits():
    """One head in sixty decimal digits, where float64 sees tokens that are all equal."""
    generator = torch.Generator().manual_seed(3)
    (block,) = rc.random_blocks(1, 3, 1, generator)
    x = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    mean, residual = rc.split(x)
    residual = 1e-9 * residual
    found = rc.attend_split(block, mean, residual)[1]

    def exactly(of: torch.Tensor) -> list[list[Decimal]]:
        return [[Decimal(entry) for entry in row] for row in of.tolist()]

    def product(left: list, right: list) -> list[list[Decimal]]:
        columns = list(zip(*right, strict=True))
        return [[sum(map(Decimal.__mul__, row, column)) for column in columns] for row in left]

    with decimal.localcontext(prec=60):
        shared = exactly(mean)[0]
        state = [list(map(Decimal.__add__, shared, row)) for row in exactly(residual)]
        matrices = (exactly(w[0]) for w in (block.query, block.key, block.value))
        query, key, value = (product(state, matrix) for matrix in matrices)
        scores = product(query, [list(column) for column in zip(*key, strict=True)])
        raised = [[(entry / Decimal(3).sqrt()).exp() for entry in row] for row in scores]
        weights = [[entry / sum(row) for entry in row] for row in raised]
        out = product(product(weights, value), exactly(block.output[0]))
        centre = [sum(column) / 4 for column in zip(*out, strict=True)]
        apart = [[float(a - b) for a, b in zip(row, centre, strict=True)] for row in out]
    exact = torch.tensor(apart, dtype=torch.float64)
    assert exact.abs().max() < 1e-24
    assert torch.allclose(found, exact, rtol=1e-10, atol=0)


def test_leading_residual_is_the_limit():
    (block,), x = random_case(4, 1)
    mean, residual = rc.split(x)
    for size, tolerance in ((1e-3, 1e-1), (1e-6, 1e-4)):
        found = rc.attend_split(block, mean, size * residual)[1]
        expected = rc.split(rc.leading_residual(block, size * residual))[1]
        assert (found - expected).norm() < tolerance * expected.norm()


def test_blocks_of_a_model_are_its_layers():
    model, _ = pretrained.minilm(torch.float64)
    x = torch.randn(5, 384, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        for block, layer in zip(rc.blocks_of(model), model.encoder.layer, strict=True):
            expected = layer(x[None])[0]
            assert torch.allclose(
                rc.step(block, x, rc.VARIANTS["whole block"]), expected, atol=1e-12
            )


def test_depths_cycle_through_the_blocks():
    blocks, x = random_case(5, 2)
    parts = rc.VARIANTS["whole block"]
    state = x
    for block in (*blocks, *blocks):
        state = rc.step(block, state, parts)
    assert rc.depths(blocks, x, parts, 4)[-1] == rc.relative_residual(state)
    assert torch.equal(rc.depths(blocks, x, parts, 0), rc.relative_residual(x)[None])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: rc.random_blocks(1, 10, 3, torch.Generator()), "heads: got 3"),
        (lambda: rc.depths([], torch.ones(2, 2), rc.Parts(), -1), "depth: got -1"),
    ],
)
def test_errors_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
