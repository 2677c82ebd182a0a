"""Centred and learned hidden units: exactness, improvement, and what learning may know."""

import pytest
import torch

from brainbook.models.astrocyte.circuit import run
from brainbook.models.astrocyte.tuned import gated
from brainbook.models.attention import softmax as attention
from brainbook.models.features import variance as feature_variance
from brainbook.models.features.learned import (
    LOSSES,
    Centred,
    Learned,
    Recipe,
    learn,
    unfolded,
)
from brainbook.models.features.maps import HiddenUnits, Positive


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


def gated_start(query, key, value, units=16):
    return gated(query, key, value, units, torch.Generator().manual_seed(5))


def output(feature_map, hidden, query, key, value):
    return next(run(query, key, value, [hidden], [len(hidden)], feature_map)).output


def test_unfolded_landmarks_give_the_gated_output():
    query, key, value, _ = passages(count=6, scale=0.9)
    gated = gated_start(query, key, value)
    free = unfolded(gated)
    one = output(gated, gated.units, query, key, value)
    other = output(free, free.writing, query, key, value)
    assert torch.allclose(one, other, atol=1e-10)


def test_learning_on_the_output_error_lowers_it_and_leaves_the_start_alone():
    query, key, value, _ = passages(count=6, scale=1.5)
    exact, _ = attention.softmax_attention(query, key, value)
    start = unfolded(gated_start(query, key, value))
    kept = start.writing.weight.clone()

    def learned(steps, loss):
        recipe = Recipe(steps, 0.03, loss)
        model = learn(query, key, 16, torch.Generator().manual_seed(1), recipe, value, start)
        found = output(model, model.writing, query, key, value)
        return attention.relative_error(found, exact).mean()

    before = learned(0, "output error")
    assert learned(150, "output error") < 0.7 * before
    assert learned(150, "cross-entropy") < before
    assert torch.equal(start.writing.weight, kept) and not start.writing.weight.requires_grad


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_autograd_through_the_circuits_own_weights(loss):
    query, key, value, generator = passages(count=1)
    query, key, value = query[0], key[0], value[0]
    start = learn(query[None], key[None], 8, generator, Recipe(steps=2))
    sides = [HiddenUnits(x.weight.clone(), x.bias.clone()) for x in (start.writing, start.reading)]
    parameters = [part.requires_grad_() for x in sides for part in (x.weight, x.bias)]
    model, target = Learned(*sides), (query @ key.mT).softmax(-1)
    exponents = model.read(query)[1].unsqueeze(-2) + model.write(key)[1].unsqueeze(-3)
    log_weights = exponents.logsumexp(-1).log_softmax(-1)  # (heads, N, N)
    estimate = output(model, model.writing, query, key, value)
    assert torch.allclose(log_weights.exp() @ value, estimate, atol=1e-10)
    by_head = {
        "cross-entropy": -(target * log_weights).sum(-1).mean(-1),
        "output error": attention.relative_error(
            log_weights.exp() @ value, target @ value
        ).square(),
    }[loss]
    expected = torch.autograd.grad(by_head.sum(), parameters)
    with torch.no_grad():
        found = model.gradients(query, key, target, value, loss)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-13)


def test_losses_and_starts_are_checked():
    query, key, value, generator = passages()
    with pytest.raises(ValueError, match="loss: got 'squares'"):
        Recipe(loss="squares")
    with pytest.raises(ValueError, match="value: got None"):
        learn(query, key, 4, generator, Recipe(loss="output error"))
    start = learn(query, key, 4, generator, Recipe(steps=1))
    with pytest.raises(ValueError, match="start: got 4 units; must be 5"):
        learn(query, key, 5, generator, start=start)


def test_shapes_are_checked():
    query, key, _, generator = passages()
    with pytest.raises(ValueError, match="query, key"):
        learn(query, key[..., :2], 4, generator)
    with pytest.raises(ValueError, match="a, b"):
        Centred(torch.zeros(2, 3), torch.zeros(2, 4))
