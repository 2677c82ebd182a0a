"""Text encoders against BERT as Hugging Face builds it."""

from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertModel

from opjoules.architectures.text import text_transformer
from opjoules.counting.operations import count_operations

COLUMNS = ["macs", "weight_reads", "activation_reads", "activation_writes", "dense", "calls"]
COLUMNS += ["weight_size", "activation_size"]


def test_a_text_transformer_counts_as_its_modules_do():
    depth, width, heads, tokens, vocabulary = 3, 96, 4, 7, 50
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * width,
    )
    counted = count_operations(BertModel(config), torch.arange(tokens)[None])
    closed = text_transformer(
        depth, width, heads, tokens, vocabulary=vocabulary, pooler=True, counts=True
    )
    assert len(counted) == len(closed) == 3 + depth * 8 + 1
    # Row by row; the module names its layers otherwise.
    theirs, ours = (
        table.sort_values(["kind", *COLUMNS]).reset_index(drop=True) for table in (counted, closed)
    )
    assert list(theirs["kind"]) == list(ours["kind"])
    assert (theirs[COLUMNS] == ours[COLUMNS]).all(axis=None)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="tokens: got 600"):
        text_transformer(1, 64, 2, 600)
    with pytest.raises(ValueError, match="width: got 64; must be a multiple of heads"):
        text_transformer(1, 64, 3, 16)
