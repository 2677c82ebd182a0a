"""The small causal transformer: what it may see, what it says, and that it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from brainbook.models.language import small_language_model as language

SMALL = replace(language.SETTINGS, width=16, heads=2, window=8, epochs=2, batch_size=8)


@pytest.fixture
def model():
    return language.seeded(lambda: language.LanguageModel(20, SMALL), 0).eval()


def test_the_network_cannot_look_ahead(model):
    text = torch.randint(20, (1, 8), generator=torch.Generator().manual_seed(0))
    changed = text.clone()
    changed[0, -1] = (text[0, -1] + 1) % 20
    with torch.no_grad():
        first, second = model(text), model(changed)
    assert torch.allclose(first[0, :-1], second[0, :-1], atol=1e-6)
    assert not torch.allclose(first[0, -1], second[0, -1], atol=1e-3)


def test_reading_gives_what_the_network_says(model):
    text = np.random.default_rng(0).integers(20, size=30)
    states, likely = language.read(model, text)
    assert states.shape == (26, 16) and len(likely) == 26
    with torch.no_grad():
        state = model(torch.as_tensor(text[:8])[None])[0]
        expected = model.logits(state).softmax(-1)[3, text[4]]
    assert likely[0] == pytest.approx(float(expected), rel=1e-4)
    assert torch.allclose(states[0], state[3], atol=1e-5)


def test_training_learns_a_pattern_and_repeats():
    text = np.tile(np.arange(6), 60)
    one, two = (language.trained(text, 6, 0, replace(SMALL, epochs=20)) for _ in range(2))
    likely = language.read(one, text)[1]
    assert likely.mean() > 0.9
    assert np.array_equal(likely, language.read(two, text)[1])


@pytest.mark.parametrize("call", [language.read, lambda m, t: language.train(m, t, 0, 1, 0.1)])
def test_a_text_that_is_too_short_is_named(model, call):
    with pytest.raises(ValueError, match="tokens: got 8"):
        call(model, np.zeros(8, int))
