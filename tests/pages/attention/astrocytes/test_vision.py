"""Traces of single heads: digits, and tiny stand-ins for the hub's originals."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AlbertConfig,
    AlbertModel,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import digits
from brainbook.models.astrocyte.sweep import PUBLISHED
from brainbook.models.digits.vision_transformer import train_vit
from brainbook.pages.attention.astrocytes.measure import first_of_each_digit, measure_originals
from brainbook.pages.attention.astrocytes.vision import original_heads, original_trace, vision_trial


def test_vision_trial_reads_ten_digits():
    trained = train_vit(seed=0, epochs=1)
    images = first_of_each_digit(digits(0))
    errors, trace = vision_trial(trained, images, (64, 4096), seed=0)
    assert len(trace.log_z) == 10 * 17
    error = errors.pivot(index="part", columns="units", values="error")
    assert (error[4096] < error[64]).all() and (error[64] < 10).all()
    again, _ = vision_trial(trained, images, (64, 4096), seed=0)
    assert again.equals(errors)


@pytest.fixture
def tiny_hub(tmp_path, monkeypatch):
    """Tiny models in the place of the hub's, saved the way the hub's are."""
    torch.manual_seed(0)
    words = {"[UNK]": 0, "[PAD]": 1, "wine": 2, "data": 3, "the": 4, "of": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    albert = AlbertConfig(
        vocab_size=6,
        embedding_size=8,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=6,
        intermediate_size=16,
        max_position_embeddings=256,
    )
    vit = ViTConfig(
        image_size=16,
        patch_size=4,
        hidden_size=48,
        num_hidden_layers=6,
        num_attention_heads=6,
        intermediate_size=16,
    )
    AlbertModel(albert).save_pretrained(tmp_path / "albert")
    fast.save_pretrained(tmp_path / "albert")
    ViTModel(vit).save_pretrained(tmp_path / "vit")
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path / "vit")
    monkeypatch.setitem(
        pretrained.HUB, "albert-base-v2", pretrained.Original(str(tmp_path / "albert"), "main")
    )
    monkeypatch.setitem(
        pretrained.HUB, "vit-base-patch16-224", pretrained.Original(str(tmp_path / "vit"), "main")
    )


def test_originals_are_read_where_they_are(tiny_hub):
    traces = measure_originals(0)
    assert [len(trace.log_z) for trace in traces] == [196, 17]
    assert all(tuple(trace.log_p) == PUBLISHED for trace in traces)
    for trace in traces:  # untrained: short keys, so that the law's regime is reached
        gap = trace.frame()
        assert np.abs(gap[f"p_{PUBLISHED[1]}"] - gap["Z"]).max() < 0.1


def test_originals_refuse_heads_that_are_not_there(tiny_hub):
    heads = original_heads(*pretrained.from_hub("albert-base-v2"), "the wine data", None)
    with pytest.raises(ValueError, match="layer, head"):
        original_trace(heads, "x", 2, 0, (8,), 0)
