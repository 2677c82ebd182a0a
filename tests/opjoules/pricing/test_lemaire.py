"""The model of Lemaire et al. (2023) against its equations, written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import snntorch
import torch
from torch import nn

from opjoules.architectures.counts import dense_counts, from_rates
from opjoules.architectures.text import text_transformer
from opjoules.architectures.transformers import residual_network
from opjoules.counting.operations import count_operations
from opjoules.pricing import lemaire

ADD, MULTIPLY = 0.1, 3.1  # pJ, 32-bit integers (Horowitz 2014)
MAC = ADD + MULTIPLY
KILO = 1024


def access(words: float) -> float:
    """Piecewise linear through the three memories, written independently of the module."""
    size = 4 * words
    if size <= 8 * KILO:
        return 10 * size / (8 * KILO)
    if size <= 32 * KILO:
        return 10 + 10 * (size - 8 * KILO) / (24 * KILO)
    return min(100.0, 20 + 80 * (size - 32 * KILO) / (KILO**2 - 32 * KILO))


@pytest.mark.parametrize("words", [0, 500, 2048, 5000, 8192, 100_000, 262_144, 10**7])
def test_memory_energy_interpolates_between_the_three_memories(words):
    assert float(lemaire.memory_energy(words)) == pytest.approx(access(words), rel=1e-12)


def test_the_other_reading_is_the_least_squares_line_through_them():
    energy = lemaire.memories()["energy_pj"]
    # Its authors take a kilobyte as a thousand bytes, and print three digits.
    slope, offset = np.polyfit([8e3, 32e3, 1e6], energy, 1)
    zero, one = lemaire.memory_energy([0, 1e6 / 4], "line")
    assert zero == pytest.approx(offset, abs=0.05)
    assert (one - zero) / 1e6 == pytest.approx(slope, rel=0.005)


def test_dense_fully_connected_layer_by_hand():
    inputs, outputs = 300, 40
    model = nn.Sequential(nn.Linear(inputs, outputs))
    table = count_operations(model, torch.randn(5, inputs))
    row = lemaire.layer_energies(table, lemaire.geometry(model)).iloc[0]
    products = inputs * outputs
    assert row["operations"] * 1e12 == pytest.approx(products * MAC + outputs * ADD)
    assert row["addressing"] * 1e12 == pytest.approx((inputs + outputs) * ADD)
    memory = (
        inputs * access(inputs)
        + (products + outputs) * access(products + outputs)
        + outputs * access(outputs)
    )
    assert row["memory"] * 1e12 == pytest.approx(memory)
    assert row["total"] == pytest.approx(row[["operations", "addressing", "memory"]].sum())
    line = lemaire.layer_energies(table, lemaire.geometry(model), "line").iloc[0]
    assert line["addressing"] * 1e12 == pytest.approx(products * ADD)


def test_dense_convolution_by_hand():
    model = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2, bias=False))
    table = count_operations(model, torch.randn(2, 3, 15, 15))
    row = lemaire.layer_energies(table, lemaire.geometry(model)).iloc[0]
    products, image, maps = 8 * 6 * 6 * 3 * 25, 3 * 15 * 15, 8 * 6 * 6
    assert row["operations"] * 1e12 == pytest.approx(products * MAC)
    assert row["addressing"] * 1e12 == pytest.approx((image + maps + 8 * 25) * ADD)
    memory = products * (access(image) + access(8 * 3 * 25)) + maps * access(maps)
    assert row["memory"] * 1e12 == pytest.approx(memory)


class Spiking(nn.Module):
    """One spike-driven layer and its leaky neurons, over a few steps."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.neurons = layer, snntorch.Leaky(beta=0.9, threshold=0.3)

    def forward(self, spikes):
        membrane, out = self.neurons.reset_mem(), 0
        for step in spikes:
            fired, membrane = self.neurons(self.layer(step), membrane)
            out = out + fired
        return out


@pytest.mark.parametrize("leaky", [True, False])
def test_spiking_convolution_by_hand(leaky):
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 6, 3, stride=2, padding=1)
    model, steps = Spiking(layer), 7
    spikes = (torch.rand(steps, 1, 2, 10, 10) < 0.3).float()
    table = count_operations(model, spikes, batch_dim=1)
    rows = lemaire.layer_energies(table, lemaire.geometry(model), leaky=leaky).set_index("layer")
    fired = table.set_index("layer").loc["neurons", "spikes"]
    theta, neurons = float(spikes.sum()), 6 * 5 * 5
    assert theta > 0 and fired > 0
    fan_out, strided, biased = 6 * 9, 6 * 2 * 2, steps * neurons
    synapses, cells = rows.loc["layer"] * 1e12, rows.loc["neurons"] * 1e12
    assert synapses["operations"] == pytest.approx((theta * strided + biased) * ADD)
    assert synapses["addressing"] == pytest.approx(theta * fan_out * ADD + 2 * theta * MAC)
    queue, weights = access(1000), access(6 * 2 * 9 + 6)
    memory = theta * queue + (theta * fan_out + biased) * weights
    memory += 2 * theta * fan_out * access(neurons)
    assert synapses["memory"] == pytest.approx(memory)
    leak = steps * neurons * MAC if leaky else 0
    assert cells["operations"] == pytest.approx(leak + fired * ADD)
    assert cells["memory"] == pytest.approx(2 * steps * neurons * access(neurons) + fired * queue)


def test_spiking_fully_connected_layer_by_hand():
    torch.manual_seed(1)
    model, steps = Spiking(nn.Linear(50, 20, bias=False)), 4
    spikes = (torch.rand(steps, 3, 50) < 0.2).float()
    table = count_operations(model, spikes, batch_dim=1)
    row = lemaire.layer_energies(table, lemaire.geometry(model)).set_index("layer").loc["layer"]
    theta = float(spikes.sum()) / 3
    assert row["operations"] * 1e12 == pytest.approx(theta * 20 * ADD)
    assert row["addressing"] * 1e12 == pytest.approx(theta * 20 * ADD)
    memory = theta * access(1000) + theta * 20 * (access(1000) + 2 * access(20))
    assert row["memory"] * 1e12 == pytest.approx(memory)
    bare = lemaire.layer_energies(table).set_index("layer").loc["layer"]
    assert bare["total"] == pytest.approx(row["total"])


def test_readings_span_the_interval_and_products_are_named_as_left_out():
    network = text_transformer(1, 64, 4, 16)
    found = lemaire.estimate_lemaire(dense_counts(network), network)
    assert found.joules.low <= found.joules.central <= found.joules.high
    assert found.joules.low < found.joules.high
    assert {"block.0.product 1", "block.0.product 2", "embedding.word"} <= set(found.left_out)
    assert found.joules.central == pytest.approx(found.layers["total"].sum())
    assert not set(found.layers["layer"]) & set(found.left_out)


def test_errors_name_what_is_missing():
    network = residual_network(18, 32)
    bare = from_rates(network, 0.1, 4, real=("stem",), once=("head",))  # without traffic
    with pytest.raises(ValueError, match="traffic=True"):
        lemaire.estimate_lemaire(bare)
    with pytest.raises(ValueError, match="reading: got 'guess'"):
        lemaire.memory_energy(10, "guess")
