"""SpikingJelly's counts and energies of small networks, printed as JSON with ours.

Run by an interpreter that has SpikingJelly, with the library and the folder of
``neurobench_peer`` on its path. Its networks are counted by both; networks with SpikingJelly's own
neurons are priced by both after Lemaire et al. (2023).
"""

from __future__ import annotations

import json

import torch
from neurobench_peer import networks
from spikingjelly.activation_based import functional, neuron, op_counter
from torch import nn

from opjoules.counting.operations import count_operations
from opjoules.pricing import lemaire

STEPS = 5
FUSED = ("fused attention", "multi-head attention")  # test_peers_coverage says what is seen


class Timed(nn.Module):
    """A chain of layers, run for some steps on one input a step; maps are flattened once."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        total = 0
        for here in inputs:
            for layer in self.layers:
                flat = isinstance(layer, nn.Linear) and here.ndim > 2
                here = layer(here.flatten(1) if flat else here)
            total = total + here
        return total


def priced_networks(seed: int) -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Name → network with leaky or no neurons, and an input of one sample, time first."""
    torch.manual_seed(seed)

    def cells() -> nn.Module:
        return neuron.LIFNode(v_threshold=0.2)

    image = torch.rand(1, 1, 3, 12, 12)
    spikes = (torch.rand(STEPS, 1, 2, 12, 12) < 0.3).float()
    flat = (torch.rand(STEPS, 1, 700) < 0.2).float()
    return {
        "dense perceptron": (
            Timed(nn.Linear(432, 90), nn.Linear(90, 10, bias=False)),
            image.flatten(2),
        ),
        "dense convolutions": (
            Timed(
                nn.Conv2d(3, 16, 3, padding=1),
                nn.Conv2d(16, 24, 5, stride=2, bias=False),
                nn.Linear(24 * 16, 10),
            ),
            image,
        ),
        "spiking perceptron": (
            Timed(nn.Linear(700, 60), cells(), nn.Linear(60, 10, bias=False), cells()),
            flat,
        ),
        "spiking convolutions": (
            Timed(
                nn.Conv2d(2, 8, 3, padding=1, stride=2),
                cells(),
                nn.Conv2d(8, 12, 3, bias=False),
                cells(),
                nn.Linear(12 * 16, 10),
                cells(),
            ),
            spikes,
        ),
    }


def counts(seed: int) -> dict[str, dict[str, float]]:
    """SpikingJelly's multiply-accumulates and synaptic operations per sample."""
    found = {}
    for name, (network, batch) in networks(seed).items():
        if name in FUSED:
            continue
        counters = {"macs": op_counter.MACCounter(), "acs": op_counter.SynOpCounter()}
        mode = op_counter.DispatchCounterMode(list(counters.values()), strict=False)
        with torch.no_grad(), mode:
            network.eval()(batch)
        found[name] = {k: c.get_total() / len(batch) for k, c in counters.items()}
    return found


def prices(seed: int) -> dict[str, dict[str, float]]:
    """Joules after Lemaire et al. by SpikingJelly (``theirs``) and by the book (``ours``)."""
    found = {}
    for name, (network, inputs) in priced_networks(seed).items():
        network.eval()
        report = op_counter.estimate_lemaire_energy(network, (inputs,))
        functional.reset_net(network)
        table = count_operations(network, inputs, batch_dim=1, neurons=(neuron.BaseNode,))
        functional.reset_net(network)
        parts = lemaire.layer_energies(table, lemaire.geometry(network)).sum(numeric_only=True)
        theirs = {
            "memory": report.breakdown_pj["memory_pj"] * 1e-12,
            "operations": report.breakdown_pj["ops_pj"] * 1e-12,
            "addressing": report.breakdown_pj["addressing_pj"] * 1e-12,
            "total": report.total_pj * 1e-12,
        }
        found[name] = {"theirs": theirs, "ours": parts.to_dict()}
    return found


if __name__ == "__main__":
    seeds = range(5)
    found = {"counts": {s: counts(s) for s in seeds}, "prices": {s: prices(s) for s in seeds}}
    print(json.dumps(found))
