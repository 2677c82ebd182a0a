"""The networks that we and NeuroBench count, and NeuroBench's counts of them.

Imported by ``test_neurobench.py`` for the networks; run by an interpreter that has NeuroBench,
it prints its counts as JSON. It needs torch and snnTorch, and nothing of this book.
"""

from __future__ import annotations

import json

import snntorch
import torch
from torch import nn

STEPS = 6


class SpikingPerceptron(nn.Module):
    """Two fully connected layers of leaky neurons, the image repeated at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(30, 24)
        self.hidden_neurons = snntorch.Leaky(beta=0.9, threshold=0.2)
        self.out = nn.Linear(24, 5)
        self.out_neurons = snntorch.Leaky(beta=0.9, threshold=0.2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        first, second = self.hidden_neurons.reset_mem(), self.out_neurons.reset_mem()
        total = torch.zeros(len(image), 5)
        for _ in range(STEPS):
            spikes, first = self.hidden_neurons(self.hidden(image), first)
            spikes, second = self.out_neurons(self.out(spikes), second)
            total = total + spikes
        return total


class SpikingConvolutions(nn.Module):
    """Spikes in, two convolutions with strides, padding, groups and dilation, one readout."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, stride=2, padding=1)
        self.first_neurons = snntorch.Leaky(beta=0.8, threshold=0.1)
        self.second = nn.Conv2d(6, 9, 3, padding=2, dilation=2, groups=3, bias=False)
        self.second_neurons = snntorch.Leaky(beta=0.8, threshold=0.1)
        self.readout = nn.Linear(9 * 5 * 5, 4)

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        first, second = self.first_neurons.reset_mem(), self.second_neurons.reset_mem()
        total = torch.zeros(len(spikes), 4)
        for step in range(spikes.shape[1]):
            here, first = self.first_neurons(self.first(spikes[:, step]), first)
            here, second = self.second_neurons(self.second(here), second)
            total = total + self.readout(here.flatten(1))
        return total


class Attention(nn.Module):
    """One attention head written with functional calls."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(12, 8) for _ in range(3))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        scores = self.query(tokens) @ self.key(tokens).transpose(-2, -1)
        return scores.softmax(-1) @ self.value(tokens)


class FusedAttention(nn.Module):
    """Heads by ``scaled_dot_product_attention``."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(12, 12) for _ in range(3))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        heads = [
            layer(tokens).unflatten(-1, (3, 4)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        ]
        return nn.functional.scaled_dot_product_attention(*heads)


class MultiheadAttention(nn.Module):
    """The library's own module."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


def networks(seed: int) -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Name → network and batch, the same for the same seed."""
    torch.manual_seed(seed)
    perceptron = nn.Sequential(nn.Linear(20, 40), nn.ReLU(), nn.Linear(40, 7))
    convolutions = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 4, 5, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 4 * 4, 10),
    )
    return {
        "perceptron": (perceptron, torch.randn(5, 20)),
        "convolutions": (convolutions, torch.rand(3, 3, 11, 11)),
        "spiking perceptron": (SpikingPerceptron(), torch.rand(4, 30)),
        "spiking convolutions": (SpikingConvolutions(), (torch.rand(3, 7, 2, 10, 10) < 0.3) * 1.0),
        "attention": (Attention(), torch.randn(2, 9, 12)),
        "fused attention": (FusedAttention(), torch.randn(2, 9, 12)),
        "multi-head attention": (MultiheadAttention(), torch.randn(2, 9, 12)),
    }


def neurobench_counts(seed: int) -> dict[str, dict[str, float]]:
    """NeuroBench's operations per sample: ``Effective_MACs``, ``Effective_ACs``, ``Dense``."""
    from neurobench.metrics.workload import SynapticOperations
    from neurobench.models import TorchModel

    counts = {}
    for name, (network, batch) in networks(seed).items():
        model = TorchModel(network)
        model.register_hooks()
        with torch.no_grad():
            predictions = model(batch)
            counts[name] = SynapticOperations()(model, predictions, (batch, None))
    return counts


if __name__ == "__main__":
    print(json.dumps({seed: neurobench_counts(seed) for seed in range(5)}))
