"""A tiny encoder and made-up passages: everything of the page runs on them in a second."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from brainbook.models.language import steering
from brainbook.pages.limitations.control.erasing import (
    measure_depth,
    measure_erasure,
    measure_text,
)
from brainbook.pages.limitations.control.measure import Passages
from brainbook.pages.limitations.control.steering import measure_steering

SEEDS = (0, 1, 2)
WIDTH, LAYERS, TOKENS, MODULES, EACH = 16, 6, 8, 40, 6


@pytest.fixture(scope="package")
def encoder() -> BertModel:
    config = BertConfig(
        vocab_size=60,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        initializer_range=0.3,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return BertModel(config).eval()


@pytest.fixture(scope="package")
def passages(encoder) -> Passages:
    """Two libraries that use some tokens more often than the other does."""
    generator = np.random.default_rng(0)
    module = np.repeat(np.arange(MODULES), EACH)
    library = module % 2
    ids = generator.integers(30, size=(len(module), TOKENS)) + 30 * library[:, None]
    states = steering.run(encoder, steering.embedded(encoder, ids), 0, LAYERS)
    return Passages(ids, library, module, steering.unit(steering.vectors(states)))


@pytest.fixture(scope="package")
def erased(passages):
    return measure_erasure(passages, SEEDS)


@pytest.fixture(scope="package")
def text(passages):
    return measure_text(passages, SEEDS)


@pytest.fixture(scope="package")
def depth(encoder, passages):
    return measure_depth(encoder, passages, SEEDS, 100)


@pytest.fixture(scope="package")
def steered(encoder, passages):
    return measure_steering(encoder, passages, SEEDS, 12)
