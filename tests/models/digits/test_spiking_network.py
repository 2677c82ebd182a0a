"""The spiking network against its equations, written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.evidence.datasets import digits
from brainbook.models.digits import spiking_network as spiking
from brainbook.models.digits.training import seeded


def build(**settings) -> spiking.SpikingNetwork:
    shape = spiking.SpikingShape(**settings)
    return seeded(
        lambda: spiking.SpikingNetwork(shape), 1
    ).eval()  # snnTorch sends spikes as float32


def images(count: int = 9) -> torch.Tensor:
    return torch.as_tensor(digits(0).test_images[:count])


def by_hand(model: spiking.SpikingNetwork, batch: torch.Tensor) -> torch.Tensor:
    """U ← βU + I − θ·[U > θ], spike where U > θ; membrane and reset as snnTorch defines them."""
    weights = [(layer.weight.numpy(), layer.bias.numpy()) for layer in model.layers]
    constants = [(n.beta.numpy(), n.threshold.numpy()) for n in model.neurons]
    drive = batch.flatten(1).numpy()
    membranes = [np.zeros((len(drive), len(beta))) for beta, _ in constants]
    total = np.zeros((len(drive), 10))
    for _ in range(model.shape.time_steps):
        signal = drive
        for i, (beta, threshold) in enumerate(constants):
            current = signal @ weights[i][0].T + weights[i][1]
            reset = membranes[i] > threshold
            membranes[i] = beta * membranes[i] + current - reset * threshold
            signal = (membranes[i] > threshold).astype(float)
        total += signal @ weights[-1][0].T + weights[-1][1]
    return torch.from_numpy(total / model.shape.time_steps).float()


@pytest.mark.parametrize("time_steps", [1, 2, 5])
def test_the_network_is_its_equations(time_steps):
    model = build(hidden=(20, 15), time_steps=time_steps).requires_grad_(False)
    logits, spikes = model.run(images())
    torch.testing.assert_close(logits, by_hand(model, images()), atol=1e-5, rtol=0)
    assert 0 < sum(float(layer.detach().sum()) for layer in spikes)


@pytest.mark.parametrize("coding", spiking.CODINGS)
def test_the_step_of_training_is_snntorchs_own(coding):
    """Loss and gradients of our one function and of snnTorch's many, to the last bit."""
    found = []
    for training in (True, False):
        model = build(hidden=(20, 15), time_steps=3, coding=coding).train(training)
        loss = spiking.priced_spikes(0.01)(model, images(), torch.arange(9))
        loss.backward()
        found.append([loss, *(p.grad for p in model.parameters())])
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))
    assert all(float(gradient.abs().sum()) > 0 for gradient in found[0][1:])


def test_spikes_are_zeros_and_ones_of_the_right_shape():
    model = build(hidden=(20, 15), time_steps=3)
    _, (first, second) = model.run(images())
    assert first.shape == (3, 9, 20) and second.shape == (3, 9, 15)
    assert set(torch.cat([first.flatten(), second.flatten()]).tolist()) <= {0.0, 1.0}


def test_an_image_does_not_remember_the_one_before():
    model = build(hidden=(20,)).requires_grad_(False)
    first = model(images())
    model(torch.ones(9, 8, 8))
    assert torch.equal(model(images()), first)


def test_rate_coding_spikes_as_often_as_pixels_are_bright():
    model = build(hidden=(4,), coding="rate")
    brightness = torch.linspace(0, 1, 64).expand(20000, 64)
    spikes = model.encode(brightness)
    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    error = (spikes.mean(dim=0) - brightness[0]).abs().max()
    assert error < 5 * 0.5 / np.sqrt(20000)
    assert spikes[:, 0].sum() == 0 and spikes[:, -1].mean() == 1


def test_rates_count_spikes():
    model = build(hidden=(20, 15), time_steps=3).requires_grad_(False)
    _, spikes = model.run(images())
    rates = spiking.spike_rates(model, images())
    assert rates == pytest.approx([float(s.sum()) / s.numel() for s in spikes])


def test_a_price_adds_spikes_per_image_to_the_loss():
    model, labels = build(hidden=(20, 15)), torch.arange(9)
    sent = sum(float(layer.detach().sum()) for layer in model.run(images())[1]) / 9
    free, priced = (spiking.priced_spikes(p)(model, images(), labels) for p in (0.0, 0.01))
    assert float(priced - free) == pytest.approx(0.01 * sent)


def test_a_price_makes_the_network_quiet():
    made = [
        spiking.train_spiking(seed=0, hidden=(32,), epochs=8, spike_price=price)
        for price in (0.0, 1e-2)
    ]
    assert made[1].rates[0] < 0.8 * made[0].rates[0]
    assert made[0].test_accuracy > 0.75


def test_training_comes_back_from_the_weights():
    made = spiking.train_spiking(seed=2, hidden=(16,), time_steps=2, epochs=2)
    split = digits(2)
    hits = made.model()(torch.as_tensor(split.test_images)).argmax(1).numpy() == split.test_labels
    assert made.test_accuracy == pytest.approx(hits.mean())
    again = spiking.train_spiking(seed=2, hidden=(16,), time_steps=2, epochs=2)
    assert all(torch.equal(made.state_dict[n], again.state_dict[n]) for n in made.state_dict)


@pytest.mark.parametrize(
    "setting",
    [
        {"hidden": ()},
        {"hidden": (0,)},
        {"time_steps": 0},
        {"coding": "phase"},
        {"leak": 1.1},
        {"slope": 0.0},
    ],
)
def test_a_bad_shape_is_named(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        spiking.SpikingShape(**setting)


def test_a_negative_price_is_refused():
    with pytest.raises(ValueError, match="spike_price"):
        spiking.train_spiking(seed=0, spike_price=-1.0)
