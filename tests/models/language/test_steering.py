"""Steering against plain runs of the encoder, and against MiniLM's own states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.evidence import pretrained
from brainbook.models.language import steering


@pytest.fixture(scope="module")
def model():
    return pretrained.minilm()[0]


def test_running_in_pieces_is_the_model(model):
    ids = np.random.default_rng(0).integers(1000, 20000, (3, 10))
    with torch.no_grad():
        expected = model(torch.as_tensor(ids), output_hidden_states=True).hidden_states
    start = steering.embedded(model, ids)
    middle = steering.run(model, start, 0, 4)
    assert torch.allclose(middle, expected[4], atol=1e-5)
    last = steering.depth(model)
    assert torch.allclose(steering.run(model, middle, 4, last), expected[last], atol=1e-5)


def test_many_passages_run_as_one_by_one(model, monkeypatch):
    ids = np.random.default_rng(2).integers(1000, 20000, (5, 6))
    whole = steering.run(model, steering.embedded(model, ids), 0, 2)
    monkeypatch.setattr(steering, "TOGETHER", 2)
    apart = steering.run(model, steering.embedded(model, ids), 0, 2)
    assert torch.allclose(whole, apart, atol=1e-5)


def test_edits_enter_where_they_should(model):
    ids = np.random.default_rng(1).integers(1000, 20000, (2, 8))
    start, step = steering.embedded(model, ids), np.full(model.config.hidden_size, 0.5)
    last = steering.run(model, start, 0, 6, {6: steering.added(step, 2.0)})
    assert torch.allclose(last, steering.run(model, start, 0, 6) + 1.0, atol=1e-5)
    inside = steering.run(model, start, 0, 6, {2: steering.added(step, 2.0)})
    by_hand = steering.run(model, steering.run(model, start, 0, 2) + 1.0, 2, 6)
    assert torch.allclose(inside, by_hand, atol=1e-5)


@pytest.mark.parametrize("layers", [(4, 2), (-1, 2), (0, 7)])
def test_wrong_layers_are_named(model, layers):
    with pytest.raises(ValueError, match=f"start, stop: got {layers[0]}, {layers[1]}"):
        steering.run(model, torch.zeros(1, 2, 384), *layers)


def test_vectors_are_means_of_length_one():
    states = torch.tensor([[[3.0, 0.0], [3.0, 8.0]]])
    assert steering.vectors(states).tolist() == [[3.0, 4.0]]
    assert steering.unit(steering.vectors(states)) == pytest.approx(np.array([[0.6, 0.8]]))
