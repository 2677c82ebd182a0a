"""Properties of MiniLM, on made-up signals with known answers and on the model itself."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.models.attention.minilm_text import passages_of
from brainbook.pages.limitations.plausibility import likeness


@pytest.fixture(scope="module")
def model():
    return pretrained.minilm()[0]


def test_majority_of_few_coins_by_hand():
    assert likeness.expected_majority(1) == 1
    assert likeness.expected_majority(2) == pytest.approx(0.75)
    large = likeness.expected_majority(10_000)
    assert large == pytest.approx(0.5 + 1 / math.sqrt(2 * math.pi * 10_000), rel=1e-4)
    with pytest.raises(ValueError, match="count"):
        likeness.expected_majority(0)


def test_activity_of_known_signals():
    generator = torch.Generator().manual_seed(0)
    gaussian = torch.randn(50, 20_000, generator=generator, dtype=torch.float64)
    positive, _, sparseness = likeness.activity_shares(gaussian)
    assert positive == pytest.approx(0.5, abs=0.01)
    assert sparseness == pytest.approx(1 / math.pi, abs=0.005)
    one_of_eight = likeness.activity_shares(torch.eye(8, dtype=torch.float64))
    assert one_of_eight == pytest.approx((1 / 8,) * 3)


def test_context_and_state_of_the_model(model):
    one, other = passages_of(TEST_TEXTS[:2], 16, 1)
    table = likeness.context_numbers(model, [one[:8], one])
    assert table["numbers"].tolist() == [2 * 6 * 384 * 8, 2 * 6 * 384 * 16]
    assert likeness.carried_over(model, one, other) == 0


def test_more_bits_are_closer(model):
    documents = {"digits": passages_of(TEST_TEXTS[:1], 16, 1)[0]}
    table = likeness.rounding(model, documents, (4, 10))
    by_kind = table.pivot(index="rounded", columns="bits", values="cosine")
    assert (by_kind[10] > by_kind[4]).all() and (by_kind[10] > 0.98).all()


def test_published_sizes_of_a_synapse_give_the_published_bits():
    published = likeness.measure_published()
    bits = math.log2(published["synapse_sizes"])
    assert bits == pytest.approx(published["synapse_bits"], abs=0.05)


def test_enough_bits_stay_enough():
    worst = pd.Series({4: 0.995, 5: 0.9, 6: 0.991, 8: 0.999})
    assert likeness.enough_bits(worst) == 6
    with pytest.raises(ValueError, match="worst"):
        likeness.enough_bits(worst - 0.1)


def test_rounded_weights_lie_on_their_grid(model):
    coarse = likeness.with_rounded_weights(model, 4)
    matrix = coarse.encoder.layer[0].output.dense.weight.detach()
    levels = matrix / (matrix.abs().amax(dim=1, keepdim=True) / 7)
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    assert coarse is not model
    with pytest.raises(ValueError, match="bits"):
        likeness.with_rounded_weights(model, 1)


def test_the_table_names_sources_where_brains_have_numbers(parts):
    published = likeness.measure_published()
    table = likeness.measure_likeness(parts, published)
    assert table["property"].is_unique
    assert ((table["source"] == "") == (table["brain"] == "not measured here")).all()
    one_sign = parts.signs.assign(majority=1.0)
    table = likeness.measure_likeness(replace(parts, signs=one_sign), published)
    assert table["MiniLM"][0] == "100%"
