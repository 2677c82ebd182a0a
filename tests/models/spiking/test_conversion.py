"""Conversion: closed forms against neurons simulated one by one, in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.spiking import conversion


@pytest.fixture
def perceptron():
    torch.manual_seed(0)
    return Perceptron(PerceptronShape((7, 5))).requires_grad_(False)


def images(count: int = 6) -> torch.Tensor:
    return torch.rand(count, 8, 8, generator=torch.Generator().manual_seed(1))


def one_neuron(current: float, threshold: float, steps: int) -> int:
    membrane, spikes = threshold / 2, 0
    for _ in range(steps):
        membrane += current
        if membrane >= threshold:
            membrane, spikes = membrane - threshold, spikes + 1
    return spikes


@pytest.mark.parametrize("current", [-0.7, 0.0, 0.013, 0.31, 0.77, 1.2, 5.0])
@pytest.mark.parametrize("steps", [1, 3, 10])
def test_closed_form_of_a_single_neuron(current, steps):
    value = torch.tensor(current, dtype=torch.float64)
    assert conversion.spike_count(value, 1.1, steps) == one_neuron(current, 1.1, steps)


def test_error_is_at_most_half_a_level():
    values = torch.linspace(0, 2, 4001, dtype=torch.float64)
    error = conversion.spike_count(values, 2.0, 9) * 2.0 / 9 - values
    assert float(error.abs().max()) == pytest.approx(2.0 / 18, abs=1e-9)


def test_first_layer_counts_and_balance(perceptron):
    run = conversion.ConvertedPerceptron(perceptron, [0.8, 0.5], 11).run(images())
    current = conversion.activations(perceptron, images().numpy())[0]
    assert torch.equal(run.counts[0], conversion.spike_count(current, 0.8, 11))
    for theta, n, mean, last in zip(
        [0.8, 0.5], run.counts, run.mean_current, run.final, strict=True
    ):
        assert torch.allclose(theta * n, 11 * mean + theta / 2 - last, atol=1e-12)


def test_long_runs_approach_the_perceptron(perceptron):
    thetas = conversion.thresholds_at(conversion.activations(perceptron, images().numpy()), 100)
    exact = perceptron(images()).double()
    errors = [
        float((conversion.ConvertedPerceptron(perceptron, thetas, t)(images()) - exact).abs().max())
        for t in (10, 1000)
    ]
    assert errors[1] < errors[0] / 20


def test_quantised_twin_of_one_hidden_layer():
    torch.manual_seed(3)
    shallow = Perceptron(PerceptronShape((9,))).requires_grad_(False)
    rate = conversion.ConvertedPerceptron(shallow, [0.6], 5)(images())
    word = conversion.QuantisedPerceptron(shallow, [0.6], 5)(images())
    assert torch.allclose(rate, word, atol=1e-12)


def test_spike_trains_have_their_rates():
    values = torch.tensor([0.0, 0.25, 0.7, 1.0], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    even = conversion.train_of(values, 8, "regular", generator)
    assert even.sum(0).tolist() == [0, 2, 6, 8] and set(even.unique().tolist()) <= {0, 1}
    random = conversion.train_of(values, 20000, "poisson", generator)
    assert random.mean(0).numpy() == pytest.approx(values.numpy(), abs=0.02)


@pytest.mark.parametrize("coding", conversion.CODINGS)
def test_same_seed_same_logits(perceptron, coding):
    model = conversion.ConvertedPerceptron(perceptron, [0.8, 0.5], 4, coding, spike_seed=2)
    assert torch.equal(model(images()), model(images()))


def test_thresholds_are_percentiles(perceptron):
    layers = conversion.activations(perceptron, images().numpy())
    found = layers[0].numpy()
    theta = conversion.thresholds_at(layers, 80)[0]
    assert theta == pytest.approx(np.percentile(found[found > 0], 80))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda p: conversion.spike_count(torch.zeros(1), 0.0, 3), "threshold"),
        (lambda p: conversion.spike_count(torch.zeros(1), 1.0, 0), "steps"),
        (lambda p: conversion.IntegrateAndFire(1.0, start=1.0), "start"),
        (lambda p: conversion.ConvertedPerceptron(p, [1.0], 3), "thresholds"),
        (lambda p: conversion.ConvertedPerceptron(p, [1.0, 1.0], 3, "morse"), "coding"),
        (lambda p: conversion.train_of(torch.zeros(1), 3, "current", torch.Generator()), "coding"),
        (lambda p: conversion.thresholds_at([torch.ones(2, 8)], 0), "percentile"),
    ],
)
def test_refusals_name_the_parameter(perceptron, call, name):
    with pytest.raises(ValueError, match=name):
        call(perceptron)
