"""One spike a neuron: spike times against rectifiers, and against a fine simulation in time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.spiking import time_to_first_spike as tts
from brainbook.models.spiking.conversion import QuantisedPerceptron, activations


@pytest.fixture
def perceptron():
    torch.manual_seed(0)
    return Perceptron(PerceptronShape((12, 9))).requires_grad_(False)


def images(count: int = 20, seed: int = 1) -> torch.Tensor:
    return torch.rand(count, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_crossing_agrees_with_small_time_steps():
    times = torch.tensor([[0.2, 0.9, 0.5]], dtype=torch.float64)
    weight = torch.tensor([[1.5, -0.4, 0.8], [-1.0, 0.3, 0.2]], dtype=torch.float64)
    drift = torch.tensor([0.1, 0.5], dtype=torch.float64)
    threshold = torch.tensor([0.6, 0.7], dtype=torch.float64)
    found = tts.first_crossing(tts.membrane_pieces(times, weight, drift, 0.0), threshold)[0]
    clock = np.arange(0, 5, 1e-5)
    for i in range(2):
        arrived = np.clip(clock[:, None] - times[0].numpy(), 0, None)
        membrane = drift[i].item() * clock + arrived @ weight[i].numpy()
        above = np.flatnonzero(membrane >= threshold[i].item())
        expected = clock[above[0]] if len(above) else np.inf
        assert found[i].item() == pytest.approx(expected, abs=2e-5)


def test_a_membrane_that_never_gets_there_gives_no_time():
    pieces = tts.membrane_pieces(
        torch.tensor([[0.5]], dtype=torch.float64),
        -torch.ones(1, 1, dtype=torch.float64),
        torch.zeros(1, dtype=torch.float64),
        0.0,
    )
    assert torch.isinf(tts.first_crossing(pieces, torch.ones(1, dtype=torch.float64))).all()


def test_spike_times_are_the_rectifiers_activations(perceptron):
    network = tts.FirstSpikeNetwork(perceptron, images(200))
    logits, found = network.run(images(30, seed=5))
    exact = activations(perceptron, images(30, seed=5).numpy())
    for a, b in zip(found, exact, strict=True):
        assert torch.allclose(a, torch.relu(b), atol=1e-11)
    last = perceptron.layers[-1]
    goal = torch.relu(exact[-1]) @ last.weight.double().t() + last.bias.double()
    assert torch.allclose(logits, goal, atol=1e-11)


@pytest.mark.parametrize("bins", [1, 4, 9])
def test_bins_are_levels_and_nobody_spikes_twice(perceptron, bins):
    thetas = [0.5, 0.3]
    logits, counts = tts.BinnedFirstSpike(perceptron, thetas, bins).run(images())
    word = QuantisedPerceptron(perceptron, thetas, bins, input_levels=bins)(images())
    assert torch.allclose(logits, word, atol=1e-12)
    assert all(set(c.unique().tolist()) <= {0.0, 1.0} for c in counts)


def test_refusals_name_the_parameter(perceptron):
    with pytest.raises(ValueError, match="margin"):
        tts.FirstSpikeNetwork(perceptron, images(), margin=-0.1)
    with pytest.raises(ValueError, match="threshold"):
        tts.BinnedFirstSpike(perceptron, [0.0, 1.0], 3)
    with pytest.raises(ValueError, match="steps"):
        tts.BinnedFirstSpike(perceptron, [1.0, 1.0], 0)
