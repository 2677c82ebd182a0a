"""Feature maps: unbiasedness and variance against closed forms, by plain averaging."""

import math

import pytest
import torch

from brainbook.models import feature_maps
from brainbook.models.feature_variance import pair_variance

UNITS = 400_000


def pairs(seed=0, d=6, scale=0.35):
    generator = torch.Generator().manual_seed(seed)
    x, y = (scale * torch.randn(5, d, generator=generator, dtype=torch.float64) for _ in "xy")
    return x, y, generator


def samples(feature_map, x, y, generator):
    """One estimate of exp(x . y) per hidden unit and pair, (pairs, units)."""
    units = feature_map.draw(UNITS, x.shape[-1], generator, dtype=x.dtype)
    return feature_map(x, units) * feature_map(y, units) * UNITS


@pytest.mark.parametrize("kind", [feature_maps.Positive, feature_maps.Trigonometric])
def test_unbiased_maps_estimate_the_exponential(kind):
    x, y, generator = pairs()
    values = samples(kind(), x, y, generator)
    exact = (x * y).sum(-1).exp()
    standard_error = values.std(-1) / math.sqrt(UNITS)
    assert ((values.mean(-1) - exact).abs() < 4 * standard_error).all()
    assert (standard_error < 0.02 * exact).all()


def test_positive_map_has_the_variance_of_the_closed_form():
    x, y, generator = pairs(scale=0.2)
    values = samples(feature_maps.Positive(), x, y, generator)
    measured = values.var(-1) / (x * y).sum(-1).exp() ** 2
    assert torch.allclose(measured, pair_variance(x, y), rtol=0.05)


def test_trigonometric_map_has_the_variance_of_the_closed_form():
    """One unit's 2 cos cos e^(..): variance from E[cos] = exp(-|u|^2/2), a textbook integral."""
    x, y, generator = pairs(scale=0.3)
    values = samples(feature_maps.Trigonometric(), x, y, generator)

    def norm(u):
        return u.square().sum(-1)

    scale = (norm(x) + norm(y)).exp()
    exact = (x * y).sum(-1).exp()
    # 2 cos A cos B = cos(A - B) + cos(A + B). Squared and averaged over the bias, which only
    # A + B carries: 1/2 + exp(-2|x - y|^2)/2 from the first term, 1/2 from the second.
    expected = scale * (1 + 0.5 * (-2 * norm(x - y)).exp()) - exact**2
    assert torch.allclose(values.var(-1), expected, rtol=0.05)


def test_biased_maps_miss_the_exponential_by_more_than_chance():
    x, y, generator = pairs()
    values = samples(feature_maps.Linear(), x, y, generator)
    standard_error = values.std(-1) / math.sqrt(UNITS)
    miss = (values.mean(-1) - (x * y).sum(-1).exp()).abs()
    assert (miss > 6 * standard_error).any()


def test_linear_map_has_its_own_closed_form():
    """E[(1 + w.x - a)(1 + w.y - b)] = (1 - a)(1 - b) + x.y with a = |x|^2/2, b = |y|^2/2."""
    x, y, generator = pairs()
    values = samples(feature_maps.Linear(), x, y, generator)
    a, b = x.square().sum(-1) / 2, y.square().sum(-1) / 2
    expected = (1 - a) * (1 - b) + (x * y).sum(-1)
    assert ((values.mean(-1) - expected).abs() < 4 * values.std(-1) / math.sqrt(UNITS)).all()


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


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="units"):
        feature_maps.Positive().draw(0, 3, torch.Generator())
    with pytest.raises(ValueError, match="ceiling"):
        feature_maps.TruncatedExponential(0)
