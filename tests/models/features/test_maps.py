"""Feature maps: what each unit does. Means and variances: test_feature_laws.py."""

import math

import pytest
import torch

from brainbook.models.attention import softmax as attention
from brainbook.models.features import maps as feature_maps


def pairs(seed=0, d=6, scale=0.35):
    generator = torch.Generator().manual_seed(seed)
    x, y = (scale * torch.randn(5, d, generator=generator, dtype=torch.float64) for _ in "xy")
    return x, y, generator


def test_truncation_is_off_where_the_ceiling_is_not_met():
    x, _, generator = pairs()
    units = feature_maps.Positive().draw(300, x.shape[-1], generator, dtype=x.dtype)
    free, low = feature_maps.TruncatedExponential(1e9), feature_maps.TruncatedExponential(1.5)
    assert torch.allclose(free(x, units), feature_maps.Positive()(x, units))
    rates = low(x, units) * math.sqrt(300) * (x.square().sum(-1, keepdim=True) / 2).exp()
    assert rates.max() == pytest.approx(1.5)


def test_rectified_cosine_is_the_positive_part():
    x, _, generator = pairs()
    cosine, rectified = feature_maps.Trigonometric(), feature_maps.RectifiedCosine()
    units = cosine.draw(300, x.shape[-1], generator, dtype=x.dtype)
    expected = cosine(x, units).clamp(min=0) / math.sqrt(math.pi)
    assert torch.allclose(rectified(x, units), expected)


@pytest.mark.parametrize("kind", feature_maps.MAPS)
def test_same_seed_same_units_and_inputs_unchanged(kind):
    x, _, _ = pairs()
    before = x.clone()

    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        return kind().draw(40, 6, generator, heads=(3,), dtype=x.dtype)

    first, again, other = draw(1), draw(1), draw(2)
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)
    assert first.weight.shape == (3, 40, 6)
    assert (first.bias is not None) == kind.needs_bias
    assert kind()(x.expand(3, 5, 6), first).shape == (3, 5, 40)
    assert torch.equal(x, before)


def test_split_gives_all_units_in_order():
    units = feature_maps.Trigonometric().draw(10, 3, torch.Generator().manual_seed(0))
    parts = list(units.split(4))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert torch.equal(torch.cat([part.weight for part in parts]), units.weight)
    assert torch.equal(torch.cat([part.bias for part in parts]), units.bias)


def test_gain_multiplies_what_is_written_and_read():
    x, _, generator = pairs()
    plain = feature_maps.Positive().draw(10, 6, generator, dtype=x.dtype)
    gain = torch.randn(10, generator=generator, dtype=x.dtype)
    units = feature_maps.HiddenUnits(plain.weight, log_gain=gain)
    for kind in (feature_maps.Positive(), feature_maps.Linear()):
        assert torch.allclose(kind(x, units), kind(x, plain) * gain.exp(), rtol=1e-12)
    parts = [part.log_gain for part in units.split(4)]
    assert torch.equal(torch.cat(parts), gain)


def test_taylor_units_are_the_taylor_features():
    x, y, generator = pairs(scale=0.8)
    taylor = feature_maps.Taylor()
    units = taylor.draw(28, 6, generator, (5,), x.dtype)
    assert units.weight.shape == (5, 28, 6)
    phi, other = (taylor(z.unsqueeze(-2), units).squeeze(-2) for z in (x, y))
    assert torch.allclose(phi, attention.taylor_features(x), rtol=1e-12)
    score = (x * y).sum(-1)
    assert torch.allclose((phi * other).sum(-1), 1 + score + score**2 / 2, rtol=1e-12)
    parts = list(taylor.blocks([5, 22, 1], 6, generator, (5,), x.dtype))
    assert torch.equal(torch.cat([part.weight for part in parts], -2), units.weight)


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="units"):
        feature_maps.Positive().draw(0, 3, torch.Generator())
    with pytest.raises(ValueError, match="ceiling"):
        feature_maps.TruncatedExponential(0)


def test_units_without_heads_are_those_of_every_head():
    shared = feature_maps.HiddenUnits(torch.randn(7, 3))
    assert shared.of(1) is shared
    own = feature_maps.HiddenUnits(torch.randn(4, 7, 3), torch.randn(4, 7))
    assert (own.of(1).weight == own.weight[1]).all() and (own.of(1).bias == own.bias[1]).all()
