"""Tuned hidden units: the closed form, the lateral network, and what they may know."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from brainbook.models.astrocyte.circuit import run
from brainbook.models.attention.softmax import relative_error, softmax_attention
from brainbook.models.features.landmarks import (
    Gated,
    Landmarks,
    Tuning,
    key_metric,
    tune,
    unexplained,
    usual_log_normaliser,
)
from brainbook.models.features.maps import Positive


def passages(seed=0, count=6, heads=2, tokens=40, d=4, scale=0.8, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    query, key, value = torch.randn(3, count, heads, tokens, d, generator=generator, dtype=dtype)
    return scale * query, scale * key, value, generator


def error(feature_map, query, key, value):
    exact, _ = softmax_attention(query, key, value)
    units = feature_map.units
    (readout,) = run(query, key, value, [units], [len(units)], feature_map)
    return relative_error(readout.output, exact)


def test_unexplained_is_the_square_residual_of_the_best_mixture_for_gaussian_keys():
    """The law of the module, against the normal equations over a million Gaussian keys."""
    generator = torch.Generator().manual_seed(1)
    d, units, keys = 3, 12, 400_000
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64) / 2
    metric = mix @ mix.T
    landmark = torch.randn(units, d, generator=generator, dtype=torch.float64) / 2
    query = torch.randn(5, d, generator=generator, dtype=torch.float64) / 2
    tuning = Tuning(
        landmark[None], torch.zeros(1, units), torch.zeros(1, 1, d).double(), metric[None]
    )
    law = unexplained(Landmarks(tuning, ridge=1e-9), query[None])[0]
    measured = []
    for _ in range(8):
        key = torch.randn(keys, d, generator=generator, dtype=torch.float64) @ mix.T

        def functions(x, key=key):  # norm one over Gaussian keys: E exp(2 x.k) = exp(2 x S x)
            return (key @ x.T - ((x @ metric) * x).sum(-1)).exp()

        basis, target = functions(landmark), functions(query)
        gram, cross = basis.T @ basis / keys, basis.T @ target / keys
        rates = Landmarks(tuning, ridge=1e-9).rates(query[None])[0]
        square = target.square().mean(0) - 2 * (rates.T * cross).sum(0)
        measured.append(square + ((gram @ rates.T) * rates.T).sum(0))
    measured = torch.stack(measured)
    spread = measured.std(0) / len(measured) ** 0.5
    assert (spread < 0.2 * law).all()  # the test can tell
    assert ((measured.mean(0) - law).abs() < 5 * spread).all()


def test_rates_are_where_units_settle_that_inhibit_each_other():
    query, key, _, generator = passages()
    features = Landmarks.fitted(query, key, 10, generator, ridge=0.1)
    drive = features.tuning_curves(query[0])[0, 0]
    landmark = features._landmark[0]
    overlap = (-torch.cdist(landmark, landmark).square() / 2).exp()

    def change(_time, rate):
        return (drive - 0.1 * torch.from_numpy(rate) - overlap @ torch.from_numpy(rate)).numpy()

    settled = solve_ivp(change, (0, 400), np.zeros(10), rtol=1e-9, atol=1e-12).y[:, -1]
    np.testing.assert_allclose(settled, features.rates(query[0])[0, 0], atol=1e-6)


def test_a_landmark_is_read_as_itself():
    query, key, value, generator = passages(tokens=30)
    features = Landmarks.fitted(query, key, 20, generator, ridge=1e-10)
    landmark = features.tuning.landmark
    rates = features.rates(landmark)
    torch.testing.assert_close(rates, torch.eye(20).double().expand(2, -1, -1), atol=1e-4, rtol=0)
    held = key[0, :, :20], value[0, :, :20]
    assert (error(features, landmark, *held) < 1e-3).all()


def test_the_trace_follows_the_normaliser_where_the_output_follows():
    query, key, value, generator = passages(count=8, tokens=60)
    features = Landmarks.fitted(query[:6], key[:6], 200, generator, ridge=1e-6)
    _, log_z = softmax_attention(query[6:], key[6:], value[6:])
    (readout,) = run(query[6:], key[6:], value[6:], [features.units], [200], features)
    assert (readout.sign == 1).all()
    assert (readout.log_p - log_z).abs().median() < 0.05


def test_passages_at_once_equal_passages_one_by_one():
    query, key, value, generator = passages()
    features = Landmarks.fitted(query, key, 25, generator)
    together = error(features, query, key, value)
    alone = [error(features, *part) for part in zip(query, key, value, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone))


def test_held_out_error_falls_with_units_and_beats_random_units():
    query, key, value, generator = passages(count=12, tokens=60)
    held = query[10:], key[10:], value[10:]
    sizes = (16, 64, 256)
    found = [
        error(Landmarks.fitted(query[:10], key[:10], m, generator), *held).median() for m in sizes
    ]
    assert found[0] > 1.5 * found[1] > 1.5 * 1.5 * found[2]
    units = Positive().draw(256, 4, generator, (2,), torch.float64)
    (random,) = run(*held, [units], [256], Positive())
    exact, _ = softmax_attention(*held)
    assert found[2] < 0.5 * relative_error(random.output, exact).median()


def test_gated_rates_are_positive_and_share_one_unit_of_activity():
    query, key, _, generator = passages(count=10)
    gated = Gated(tune(query, key, 16, generator), torch.tensor([0.5, 3.0]))
    landmark = gated.tuning.landmark
    _, exponent = gated.read(query)
    near = query @ landmark.mT - landmark.square().sum(-1).unsqueeze(-2) / 2
    share = (gated.width.view(-1, 1, 1) * near).softmax(-1)
    level = exponent - share.log()
    torch.testing.assert_close(level, level[..., :1].expand_as(level))
    wider = Gated(gated.tuning, torch.full((2,), 1e4))
    _, sharp = wider.read(landmark)
    assert (sharp.argmax(-1) == torch.arange(16)).all()


def test_metric_of_uniform_attention_is_the_keys_covariance():
    query, key, _, _ = passages()
    key = key - key.mean((-2,), keepdim=True)  # every passage centred: both halves agree
    plain = key.transpose(0, 1).flatten(1, 2)
    expected = plain.mT @ plain / plain.shape[1]
    torch.testing.assert_close(key_metric(torch.zeros_like(query), key), expected)


def test_usual_normaliser_of_a_zero_query_is_the_number_of_keys():
    query, key, _, _ = passages(tokens=40)
    level = usual_log_normaliser(torch.zeros(2, 1, 4).double(), key)
    torch.testing.assert_close(level, torch.full((2, 1), 40.0).double().log())


@pytest.mark.parametrize("units", [0, 241])
def test_units_must_lie_between_one_and_the_calibration_queries(units):
    query, key, _, generator = passages()
    with pytest.raises(ValueError, match=f"units: got {units}; allowed are 1 to 240"):
        tune(query, key, units, generator)


def test_other_bad_input_is_named():
    query, key, value, generator = passages()
    with pytest.raises(ValueError, match="query: got"):
        tune(query[0], key[0], 4, generator)
    tuning = tune(query, key, 4, generator)
    with pytest.raises(ValueError, match="ridge: got 0"):
        Landmarks(tuning, 0)
    with pytest.raises(ValueError, match="width: got -1"):
        Gated(tuning, torch.tensor([-1.0, 2.0]))


def test_same_seed_same_units():
    query, key, _, _ = passages()
    first, again = (tune(query, key, 9, torch.Generator().manual_seed(5)) for _ in range(2))
    other = tune(query, key, 9, torch.Generator().manual_seed(6))
    assert torch.equal(first.landmark, again.landmark)
    assert not torch.equal(first.landmark, other.landmark)
