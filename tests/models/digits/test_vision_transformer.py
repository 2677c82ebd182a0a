"""The small vision transformer against PyTorch's own attention and encoder layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from brainbook.evidence.datasets import digits
from brainbook.models.digits import vision_transformer as vit
from brainbook.models.digits.training import seeded

SHAPE = vit.VitShape()


@pytest.fixture
def model() -> vit.VisionTransformer:
    return seeded(lambda: vit.VisionTransformer(SHAPE), 0).double().eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.as_tensor(digits(0).test_images[:7]).double()


def test_attention_is_pytorchs(model, images):
    block, tokens = model.blocks[0], model.tokens(images)
    heads = scaled_dot_product_attention(*block.attention.project(tokens))
    expected = block.attention.output(heads.transpose(1, 2).flatten(2))
    torch.testing.assert_close(block.attention(tokens), expected, atol=1e-12, rtol=0)


def test_a_block_is_pytorchs_encoder_layer(model, images):
    peer = nn.TransformerEncoderLayer(
        SHAPE.width,
        SHAPE.heads,
        SHAPE.mlp_ratio * SHAPE.width,
        dropout=0.0,
        batch_first=True,
        norm_first=True,
        dtype=torch.float64,
    ).eval()
    ours = model.blocks[1]
    peer.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.attention.query_key_value.weight,
            "self_attn.in_proj_bias": ours.attention.query_key_value.bias,
            "self_attn.out_proj.weight": ours.attention.output.weight,
            "self_attn.out_proj.bias": ours.attention.output.bias,
            "linear1.weight": ours.feed_forward.expand.weight,
            "linear1.bias": ours.feed_forward.expand.bias,
            "linear2.weight": ours.feed_forward.contract.weight,
            "linear2.bias": ours.feed_forward.contract.bias,
            "norm1.weight": ours.attention_norm.weight,
            "norm1.bias": ours.attention_norm.bias,
            "norm2.weight": ours.feed_forward_norm.weight,
            "norm2.bias": ours.feed_forward_norm.bias,
        }
    )
    tokens = model.tokens(images)
    torch.testing.assert_close(ours(tokens), peer(tokens), atol=1e-12, rtol=0)


def test_patches_are_squares_of_the_image(model):
    model.tokens.project = nn.Identity()
    model.tokens.class_token = nn.Parameter(torch.zeros(1, 1, 4, dtype=torch.float64))
    model.tokens.position = nn.Parameter(torch.zeros(1, 17, 4, dtype=torch.float64))
    image = torch.arange(64.0, dtype=torch.float64).reshape(1, 8, 8)
    expected = nn.functional.unfold(image[:, None], 2, stride=2).transpose(1, 2)
    assert torch.equal(model.tokens(image)[:, 1:], expected)


def test_queries_keys_values_are_those_of_the_forward_pass(model, images):
    query, key, value = model.queries_keys_values(images)
    size = (SHAPE.layers, 7, SHAPE.heads, SHAPE.tokens, SHAPE.d_head)
    assert query.shape == key.shape == value.shape == size
    tokens = model.blocks[0](model.tokens(images))
    second = model.blocks[1].attention.project(model.blocks[1].attention_norm(tokens))
    for ours, expected in zip((query, key, value), second, strict=True):
        assert torch.equal(ours[1], expected)


def test_training_gives_a_network_that_reads_and_comes_back():
    made = vit.train_vit(seed=0, epochs=12, width=24)
    model, split = made.model(), digits(0)
    hits = model(torch.as_tensor(split.test_images)).argmax(1).numpy() == split.test_labels
    assert made.test_accuracy == pytest.approx(np.mean(hits)) and made.test_accuracy > 0.8
    assert not any(p.requires_grad for p in model.parameters())
    again = vit.train_vit(seed=0, epochs=12, width=24)
    assert all(torch.equal(made.state_dict[n], again.state_dict[n]) for n in made.state_dict)


@pytest.mark.parametrize("setting", [{"patch": 3}, {"heads": 5}, {"layers": 0}])
def test_a_bad_shape_is_named(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        vit.VitShape(**setting)
