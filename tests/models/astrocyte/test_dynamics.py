"""The circuit in time: integration against closed forms, limits, and attention with a bias."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.signal import StateSpace, lsim
from torch.nn.functional import scaled_dot_product_attention

from brainbook.models.astrocyte.circuit import read, write
from brainbook.models.astrocyte.dynamics import (
    Kernel,
    Timing,
    alibi_bias,
    exact_features,
    integrate,
    lag,
    smear,
    token_weights,
    write_leaking,
)
from brainbook.models.attention.softmax import softmax_attention


@pytest.fixture
def head():
    generator = torch.Generator().manual_seed(5)
    query, key, value = torch.randn(3, 9, 2, generator=generator, dtype=torch.float64)
    return query, key, value


@pytest.fixture
def stored():
    generator = torch.Generator().manual_seed(6)
    features = torch.rand(8, 5, generator=generator, dtype=torch.float64)
    return features, torch.randn(8, 3, generator=generator, dtype=torch.float64)


def test_without_leak_and_rise_time_does_not_matter(stored):
    for interval in (0.1, 3.0):
        synapses, trace = integrate(*stored, Timing(interval))
        plain_synapses, plain_trace = write(*stored)
        torch.testing.assert_close(synapses, plain_synapses, atol=1e-10, rtol=0)
        torch.testing.assert_close(trace, plain_trace, atol=1e-10, rtol=0)
    assert torch.equal(token_weights(8, 0.3, math.inf), torch.ones(8, dtype=torch.float64))


@pytest.mark.parametrize("decay, rise", [(1.1, 0.0), (1.1, 0.25), (math.inf, 0.4), (0.2, 0.9)])
def test_weights_are_the_mean_response_to_a_brief_pulse(decay, rise):
    def response(age):
        if rise == 0:
            return math.exp(-age / decay)
        if math.isinf(decay):
            return 1 - math.exp(-age / rise)
        return decay / (decay - rise) * (math.exp(-age / decay) - math.exp(-age / rise))

    interval, tokens = 0.3, 6
    ages = [(tokens - 1 - s) * interval for s in range(tokens)]
    expected = [quad(response, age, age + interval)[0] / interval for age in ages]
    np.testing.assert_allclose(token_weights(tokens, interval, decay, rise), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "timing",
    [Timing(0.2, 0.15, 1.3, 2.6), Timing(0.2, 0, 0.5, 0.7), Timing(0.2, 0.7, 1.9, gated=True)],
)
def test_integration_agrees_with_closed_form(stored, timing):
    features, value = stored
    synapses, trace = integrate(features, value, timing)
    weight = token_weights(8, timing.interval, timing.decay_g, timing.rise)
    torch.testing.assert_close(trace, weight @ features, atol=1e-10, rtol=0)
    if timing.gated:
        expected = value.mT @ smear(8, timing.interval, timing.rise) @ features
    else:
        weight = token_weights(8, timing.interval, timing.decay_h)
        expected = value.mT @ (features * weight.unsqueeze(-1))
    torch.testing.assert_close(synapses, expected, atol=1e-10, rtol=0)


def test_trace_agrees_with_a_linear_filter_of_scipy():
    """Rise and decay as a state space in time, driven by steps; sampled finely."""
    interval, rise, decay, tokens, fine = 0.25, 0.1, 0.8, 5, 4000
    system = StateSpace([[-1 / rise, 0], [1 / interval, -1 / decay]], [[1 / rise], [0]], [0, 1], 0)
    rates = torch.tensor([0.3, 2.0, 0.1, 1.0, 0.7], dtype=torch.float64)
    time = np.linspace(0, tokens * interval, tokens * fine + 1)
    drive = np.repeat(rates.numpy(), fine)
    _, trace, _ = lsim(system, np.append(drive, drive[-1]), time, interp=False)
    ours = float(token_weights(tokens, interval, decay, rise) @ rates)
    assert ours == pytest.approx(trace[-1], rel=1e-9)


def test_smeared_calcium_adds_up_to_what_the_trace_has_received():
    arrived = token_weights(7, 0.3, math.inf, 0.5)
    torch.testing.assert_close(smear(7, 0.3, 0.5).sum(0), arrived, atol=1e-12, rtol=0)
    assert torch.equal(smear(4, 0.3, 0), torch.eye(4, dtype=torch.float64))


def test_lag_is_a_low_pass_that_starts_settled():
    weight = lag(6, 0.3, 0.5)
    torch.testing.assert_close(
        weight.sum(1), torch.ones(6, dtype=torch.float64), atol=1e-12, rtol=0
    )
    keep, asked = math.exp(-0.3 / 0.5), [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    state, expected = asked[0], []
    for one in asked:
        state = one + (state - one) * keep
        expected.append(state)
    got = weight @ torch.tensor(asked, dtype=torch.float64)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert torch.equal(lag(3, 0.3, 0), torch.eye(3, dtype=torch.float64))


def test_exact_features_are_the_exponential_kernel(head):
    query, key, value = head
    asked, kept = exact_features(query, key)
    torch.testing.assert_close(asked @ kept.mT, (query @ key.mT).exp(), rtol=1e-10, atol=1e-10)
    output, _ = read(*write(kept, value), asked)
    torch.testing.assert_close(output, softmax_attention(*head)[0], atol=1e-10, rtol=0)


def test_shared_leak_is_attention_with_a_linear_bias(head):
    query, key, value = head
    asked, kept = exact_features(query, key)
    dt, decay = 0.4, 1.7
    output, _ = read(*integrate(kept, value, Timing(dt, 0, decay, decay)), asked)
    scores = query @ key.mT + torch.arange(9, dtype=torch.float64) * dt / decay
    torch.testing.assert_close(output, scores.softmax(-1) @ value, atol=1e-10, rtol=0)


def test_reading_after_every_token_is_causal_alibi(head):
    query, key, value = head
    asked, kept = exact_features(query, key)
    slope = 0.3
    synapses, trace = write_leaking(kept, value, math.exp(-slope))
    output = torch.stack(
        [read(h, g, q[None])[0][0] for h, g, q in zip(synapses, trace, asked, strict=True)]
    )
    place = torch.arange(9)
    distance = place.unsqueeze(1) - place
    published = torch.where(distance >= 0, -slope * distance.double(), -math.inf)
    expected = scaled_dot_product_attention(query, key, value, attn_mask=published, scale=1.0)
    torch.testing.assert_close(output, expected, atol=1e-10, rtol=0)
    torch.testing.assert_close(alibi_bias(9, slope, True), published, atol=0, rtol=0)


def test_leaking_writes_are_the_recursion(stored):
    features, value = stored
    synapses, trace = write_leaking(features, value, 0.7)
    h, g = torch.zeros_like(synapses[0]), torch.zeros_like(trace[0])
    for step, (rate, out) in enumerate(zip(features, value, strict=True)):
        h, g = 0.7 * h + torch.outer(out, rate), 0.7 * g + rate
        torch.testing.assert_close(synapses[step], h, atol=1e-12, rtol=1e-12)
        torch.testing.assert_close(trace[step], g, atol=1e-12, rtol=1e-12)


def test_different_leaks_are_not_attention(head):
    query, key, value = head
    asked, kept = exact_features(query, key)
    output, _ = read(*integrate(kept, value, Timing(0.4, 0, 1.7, 5.0)), asked)
    shared = alibi_bias(9, 0.4 / 1.7, False)
    gap = (output - ((query @ key.mT + shared).softmax(-1) @ value)).abs().max()
    assert gap > 0.01


def test_kernel_reads_the_output_and_the_absolute_trace(head):
    query, key, value = head
    readout = Kernel.of_scores(query @ key.mT).read(value)
    output, log_z = softmax_attention(query, key, value)
    torch.testing.assert_close(readout.output, output)
    torch.testing.assert_close(readout.log_p, log_z)


@pytest.mark.parametrize(
    "name, given",
    [
        ("interval", {"interval": 0}),
        ("rise", {"rise": -1.0}),
        ("decay_g", {"decay_g": 0}),
        ("decay_h", {"decay_h": -2}),
        ("decay_g", {"rise": 0.5, "decay_g": 0.5}),
    ],
)
def test_impossible_times_are_refused(name, given):
    with pytest.raises(ValueError, match=f"{name}: got"):
        Timing(**given)
