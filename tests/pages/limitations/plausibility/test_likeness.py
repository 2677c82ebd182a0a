"""Properties of MiniLM, on made-up signals with known answers and on the model itself."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch

from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.pages.limitations.plausibility import likeness as brain


def test_majority_of_few_coins_by_hand():
    assert brain.expected_majority(1) == 1
    assert brain.expected_majority(2) == pytest.approx(0.75)
    large = brain.expected_majority(10_000)
    assert large == pytest.approx(0.5 + 1 / math.sqrt(2 * math.pi * 10_000), rel=1e-4)
    with pytest.raises(ValueError, match="count"):
        brain.expected_majority(0)


def test_activity_of_known_signals():
    generator = torch.Generator().manual_seed(0)
    gaussian = torch.randn(50, 20_000, generator=generator, dtype=torch.float64)
    positive, _, sparseness = brain._activity(gaussian)
    assert positive == pytest.approx(0.5, abs=0.01)
    assert sparseness == pytest.approx(1 / math.pi, abs=0.005)
    assert brain._activity(torch.eye(8, dtype=torch.float64)) == pytest.approx((1 / 8,) * 3)


def test_context_and_state_of_the_model():
    table = brain.context_numbers((8, 16))
    assert table["numbers"].tolist() == [2 * 6 * 384 * 8, 2 * 6 * 384 * 16]
    assert brain.carried_over(TEST_TEXTS[0], TEST_TEXTS[1], 16) == 0


def test_more_bits_are_closer_and_enough_bits_are_found():
    table = brain.rounding((4, 10), TEST_TEXTS[:1], 16)
    by_kind = table.pivot(index="rounded", columns="bits", values="cosine")
    assert (by_kind[10] > by_kind[4]).all() and (by_kind[10] > 0.98).all()
    worst = pd.Series({4: 0.995, 5: 0.9, 6: 0.991, 8: 0.999})
    assert brain.enough_bits(worst) == 6
    with pytest.raises(ValueError, match="worst"):
        brain.enough_bits(worst - 0.1)


def test_rounded_weights_lie_on_their_grid():
    matrix = brain.with_rounded_weights(4).encoder.layer[0].output.dense.weight.detach()
    scale = matrix.abs().amax(dim=1, keepdim=True) / 7
    levels = matrix / scale
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    with pytest.raises(ValueError, match="bits"):
        brain.with_rounded_weights(1)
