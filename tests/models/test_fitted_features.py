"""Centred and learned hidden units: exactness, improvement, and what learning may know."""

import pytest
import torch

from brainbook.models import attention, feature_variance
from brainbook.models.astrocyte import run
from brainbook.models.feature_maps import HiddenUnits, Positive
from brainbook.models.fitted_features import Centred, Learned, Recipe, learn


def passages(seed=0, count=3, heads=2, tokens=20, d=6, shift=0.0, scale=0.4):
    generator = torch.Generator().manual_seed(seed)
    query, key, value = torch.randn(
        3, count, heads, tokens, d, generator=generator, dtype=torch.float64
    )
    return scale * query + shift, scale * key - shift, value, generator


def test_centred_features_keep_the_kernel_unbiased():
    query, key, _, generator = passages(shift=0.5)
    centred = Centred.fitted(query, key)
    units = Positive().draw(200_000, 6, generator, (2,), torch.float64)
    reading, writing = (
        centred.read(query[0, :, :3], units)[1],
        centred.write(key[0, :, :3], units)[1],
    )
    estimate = (reading + writing).exp()
    exact = (query[0, :, :3] * key[0, :, :3]).sum(-1).exp()
    error = estimate.std(-1) / len(units) ** 0.5
    assert ((estimate.mean(-1) - exact).abs() < 4 * error).all()


def test_centring_lowers_the_scatter_of_shifted_heads():
    query, key, value, generator = passages(shift=0.8)
    key = key + 2.0  # a common offset of all keys, which softmax attention ignores
    centred = Centred.fitted(query, key)
    before = feature_variance.mean_log_scatter(query, key)
    after = feature_variance.mean_log_scatter(query - centred.a, key - centred.b)
    assert (after < before).all()
    units = Positive().draw(512, 6, generator, (2,), torch.float64)
    exact, _ = attention.softmax_attention(query, key, value)
    errors = [
        attention.relative_error(next(run(query, key, value, [units], [512], kind)).output, exact)
        for kind in (Positive(), centred)
    ]
    assert errors[1].mean() < 0.7 * errors[0].mean()


def test_learned_units_follow_attention_better_than_their_start():
    query, key, value, _ = passages(count=4, scale=0.9)
    exact, _ = attention.softmax_attention(query, key, value)

    def error(steps):
        learned = learn(query, key, 16, torch.Generator().manual_seed(3), Recipe(steps, 0.05))
        (readout,) = run(query, key, value, [learned.writing], [16], learned)
        return attention.relative_error(readout.output, exact).mean()

    assert error(150) < 0.6 * error(0)


def test_log_weights_are_the_circuits_own_weights():
    query, key, value, generator = passages(count=1)
    learned = learn(query, key, 12, generator, Recipe(steps=3))
    weights = learned.log_weights(query, key).exp()
    assert torch.allclose(weights.sum(-1), torch.ones(()).double())
    (readout,) = run(query, key, value, [learned.writing], [12], learned)
    assert torch.allclose(weights @ value, readout.output, atol=1e-10)


def test_learning_is_repeatable_and_leaves_its_input_alone():
    query, key, _, _ = passages()
    before = query.clone()

    def weights(seed):
        generator = torch.Generator().manual_seed(seed)
        return learn(query, key, 5, generator, Recipe(steps=4)).writing.weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    assert torch.equal(query, before) and not weights(1).requires_grad


def test_reading_and_writing_may_differ():
    one, two = (HiddenUnits(torch.randn(4, 3), torch.zeros(4)) for _ in "ab")
    learned = Learned(one, two)
    x = torch.randn(2, 3)
    assert not torch.allclose(learned.write(x)[1], learned.read(x)[1])


def test_shapes_are_checked():
    query, key, _, generator = passages()
    with pytest.raises(ValueError, match="query, key"):
        learn(query, key[..., :2], 4, generator)
    with pytest.raises(ValueError, match="a, b"):
        Centred(torch.zeros(2, 3), torch.zeros(2, 4))
