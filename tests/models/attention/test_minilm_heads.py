"""Heads of pretrained transformers: MiniLM itself, and tiny models of the other families."""

import pytest
import torch
from transformers import AlbertConfig, AlbertModel, ViTConfig, ViTModel

from brainbook.evidence import pretrained
from brainbook.models.attention import minilm_heads as pretrained_heads
from brainbook.models.attention import softmax as attention

TOKENS = 40


@pytest.fixture(scope="module")
def minilm_heads():
    return pretrained_heads.passages("wine_data", TOKENS, limit=1)[0]


def test_minilm_has_72_heads(minilm_heads):
    assert minilm_heads.query.shape == (6, 12, TOKENS, 32)
    assert minilm_heads.value.shape == (6, 12, TOKENS, 32)
    assert minilm_heads.hidden.shape == (7, TOKENS, 384)


def test_heads_and_rest_of_the_block_rebuild_minilm(minilm_heads):
    output, _ = attention.softmax_attention(
        minilm_heads.query, minilm_heads.key, minilm_heads.value
    )
    for layer in range(6):
        rebuilt = pretrained_heads.block_output(layer, output[layer], minilm_heads.hidden[layer])
        assert torch.allclose(rebuilt, minilm_heads.hidden[layer + 1], atol=5e-5)


def test_attention_weights_are_the_models_own(minilm_heads):
    model, tokenizer = pretrained.minilm()
    ids = tokenizer(
        pretrained_heads.text("wine_data"), truncation=True, max_length=TOKENS, return_tensors="pt"
    ).input_ids
    with torch.no_grad():
        own = torch.cat(model(input_ids=ids, output_attentions=True).attentions)
    ours = (minilm_heads.query @ minilm_heads.key.mT).softmax(-1)
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
    heads = pretrained_heads.record(model, input_ids=ids)
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
    heads = pretrained_heads.record(model, pixel_values=pixels)
    assert heads.query.shape == (2, 2, 17, 8)
    with torch.no_grad():
        own = torch.cat(model(pixel_values=pixels, output_attentions=True).attentions)
    assert torch.allclose((heads.query @ heads.key.mT).softmax(-1), own, atol=1e-6)
    with pytest.raises(ValueError, match="batch"):
        pretrained_heads.record(model, pixel_values=pixels.expand(2, -1, -1, -1))


def test_hooks_are_removed(minilm_heads):
    model, _ = pretrained.minilm()

    def count():
        return sum(len(module._forward_hooks) for module in model.modules())

    before = count()
    pretrained_heads.passages("wine_data", TOKENS, limit=1)
    assert count() == before


def test_short_documents_and_foreign_models_are_refused():
    with pytest.raises(ValueError, match="tokens"):
        pretrained_heads.passages("linnerud", 196)
    with pytest.raises(ValueError, match="model"):
        pretrained_heads.record(torch.nn.Sequential(torch.nn.Linear(2, 2)))


def test_passages_follow_one_another():
    few = pretrained_heads.passages("iris", 60, limit=2)
    more = pretrained_heads.passages("iris", 60)
    assert len(few) == 2 < len(more)
    assert torch.equal(few[1].hidden, more[1].hidden)
    assert not torch.equal(more[0].hidden, more[1].hidden)
