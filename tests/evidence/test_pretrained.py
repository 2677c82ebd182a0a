"""Weights are the originals, or nothing is loaded."""

from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer

from brainbook.evidence import pretrained


def test_minilm_is_the_original():
    model, tokenizer = pretrained.minilm()
    config = model.config
    heads = config.num_hidden_layers * config.num_attention_heads
    assert heads == 72
    assert config.hidden_size // config.num_attention_heads == 32
    assert not model.training
    tokens = tokenizer("An astrocyte is a glial cell.", return_tensors="pt")
    with torch.no_grad():
        assert model(**tokens).last_hidden_state.shape == (1, tokens.input_ids.shape[1], 384)


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    weights = tmp_path / "model.safetensors"
    with pytest.raises(ValueError, match="missing"):
        pretrained.check_weights(weights, pretrained.MINILM_SHA256)
    weights.write_bytes(b"not the weights")
    with pytest.raises(ValueError, match="damaged: SHA-256 is"):
        pretrained.check_weights(weights, pretrained.MINILM_SHA256)


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(pretrained, "MINILM_PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match="not installed"):
        pretrained.minilm_folder()


def test_hub_names_are_checked_and_revisions_pinned():
    with pytest.raises(ValueError, match="got 'gpt-9'"):
        pretrained.from_hub("gpt-9")
    assert all(len(original.revision) == 40 for original in pretrained.HUB.values())


def test_hub_code_loads_a_model_of_the_hubs_format(tmp_path, monkeypatch):
    config = BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    BertModel(config).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n")
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    tiny = pretrained.Original(str(tmp_path), "0" * 40)
    monkeypatch.setitem(pretrained.HUB, "gpt2", tiny)
    model, tokenizer = pretrained.from_hub("gpt2", dtype=torch.float64)
    assert model.dtype == torch.float64
    assert len(tokenizer("a b")["input_ids"]) == 4


def test_an_absent_original_is_told_without_network(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    absent = pretrained.Original("nobody/nothing", "0" * 40)
    monkeypatch.setitem(pretrained.HUB, "gpt2", absent)
    with pytest.raises(ValueError, match="not on this machine"):
        pretrained.from_hub("gpt2")
