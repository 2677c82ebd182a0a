"""Heads of pretrained transformers: MiniLM itself, and tiny models of the other families."""

import pytest
import torch
from transformers import AlbertConfig, AlbertModel, ViTConfig, ViTModel

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import text
from brainbook.models.attention.minilm_heads import (
    D_HEAD,
    HEADS,
    LAYERS,
    WIDTH,
    block_output,
    heads_on,
    problem_on,
    record,
)
from brainbook.models.attention.minilm_text import passages_of

TOKENS = 40


@pytest.fixture(scope="module")
def minilm_heads():
    return heads_on(passages_of(["wine_data"], TOKENS, limit=1)[0])


def test_sizes_are_those_of_the_model(minilm_heads):
    config = pretrained.minilm()[0].config
    assert (LAYERS, HEADS) == (config.num_hidden_layers, config.num_attention_heads)
    assert WIDTH == config.hidden_size == HEADS * D_HEAD
    for tensor in minilm_heads.problem.tensors:
        assert tensor.shape == (LAYERS, HEADS, TOKENS, D_HEAD)
    assert minilm_heads.hidden.shape == (LAYERS + 1, TOKENS, WIDTH)


def test_passages_are_stacked_in_order():
    passages = passages_of(["iris"], TOKENS, 3)
    problem = problem_on(map(list, passages))
    for number, ids in enumerate(passages):
        alone = heads_on(ids).problem
        for ours, theirs in zip(problem[number].tensors, alone.tensors, strict=True):
            assert torch.equal(ours, theirs)


def test_heads_and_rest_of_the_block_rebuild_minilm(minilm_heads):
    output, _ = minilm_heads.problem.exact()
    for layer in range(LAYERS):
        rebuilt = block_output(layer, output[layer], minilm_heads.hidden[layer])
        assert torch.allclose(rebuilt, minilm_heads.hidden[layer + 1], atol=5e-5)


def test_attention_weights_are_the_models_own(minilm_heads):
    model, tokenizer = pretrained.minilm()
    ids = tokenizer(
        text("wine_data"), truncation=True, max_length=TOKENS, return_tensors="pt"
    ).input_ids
    with torch.no_grad():
        own = torch.cat(model(input_ids=ids, output_attentions=True).attentions)
    problem = minilm_heads.problem
    ours = (problem.query @ problem.key.mT).softmax(-1)
    assert torch.allclose(ours, own, atol=1e-5)


def test_shared_layers_count_once_per_use():
    torch.manual_seed(0)
    config = AlbertConfig(
        vocab_size=50,
        embedding_size=8,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=32,
        attn_implementation="eager",
    )
    model = AlbertModel(config).eval()
    ids = torch.arange(7)[None]
    heads = record(model, input_ids=ids).problem
    assert heads.query.shape == (3, 4, 7, 6)
    with torch.no_grad():
        own = torch.cat(model(input_ids=ids, output_attentions=True).attentions)
    assert torch.allclose((heads.query @ heads.key.mT).softmax(-1), own, atol=1e-6)


def test_vision_transformers_are_read_too():
    torch.manual_seed(0)
    config = ViTConfig(
        image_size=8,
        patch_size=2,
        num_channels=1,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        attn_implementation="eager",
    )
    model = ViTModel(config).eval()
    pixels = torch.rand(1, 1, 8, 8)
    heads = record(model, pixel_values=pixels).problem
    assert heads.query.shape == (2, 2, 17, 8)
    with torch.no_grad():
        own = torch.cat(model(pixel_values=pixels, output_attentions=True).attentions)
    assert torch.allclose((heads.query @ heads.key.mT).softmax(-1), own, atol=1e-6)
    with pytest.raises(ValueError, match="batch"):
        record(model, pixel_values=pixels.expand(2, -1, -1, -1))


def test_hooks_are_removed(minilm_heads):
    model, _ = pretrained.minilm()

    def count():
        return sum(len(module._forward_hooks) for module in model.modules())

    before = count()
    record(model, input_ids=torch.tensor(passages_of(["wine_data"], TOKENS, limit=1)))
    assert count() == before


def test_foreign_models_are_refused():
    with pytest.raises(ValueError, match="model"):
        record(torch.nn.Sequential(torch.nn.Linear(2, 2)))
