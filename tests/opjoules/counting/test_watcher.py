"""Layers, shared weights and neurons are told apart, and nothing stays attached."""

from __future__ import annotations

import pytest
import snntorch
import torch
from torch import nn
from torch.nn import functional

from opjoules.counting.operations import Ledger, count_operations
from opjoules.counting.watcher import watching


def row(table, layer):
    return table.set_index("layer").loc[layer]


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_no_hook_stays_when_the_block_fails():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    with pytest.raises(ZeroDivisionError):
        with watching(model, Ledger(1), ()) as watcher:
            assert hooks(model) == 2 * 3
            model(torch.randn(1, 3))
            assert watcher.unread == [] and watcher.read == {"0.weight"}
            raise ZeroDivisionError
    assert hooks(model) == 0


def test_shared_weights_make_one_row_with_two_calls():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(11, 4)

        def forward(self, tokens):
            return functional.linear(self.table(tokens), self.table.weight)

    table = count_operations(Tied(), torch.arange(6)[None])
    assert list(table["kind"]) == ["embedding", "linear"]
    assert row(table[table["kind"] == "embedding"], "table")["weight_reads"] == 6 * 4
    assert row(table[table["kind"] == "linear"], "table")["macs"] == 6 * 4 * 11


def test_recurrent_spikes_and_several_states():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.neurons = snntorch.RSynaptic(0.9, 0.8, linear_features=6, init_hidden=True)

        def forward(self, x):
            return [self.neurons(x) for _ in range(3)][-1]

    model, x = Recurrent(), torch.full((2, 6), 0.7)
    table = count_operations(model, x)
    assert row(table, "neurons")["neuron_updates"] == 3 * 6
    assert row(table, "neurons")["state_reads"] == 3 * 6 * 3
    recurrent = row(table, "neurons.recurrent")
    assert recurrent["acs"] == recurrent["spikes"] * 6 > 0
    assert table.equals(count_operations(model, x)), "hidden states must start from rest"


def test_neurons_of_another_library():
    class Threshold(nn.Module):
        def forward(self, current):
            return (current.exp() > 1.5).float()

    model = nn.Sequential(nn.Linear(4, 8), Threshold(), nn.Linear(8, 2))
    x = torch.randn(3, 4)
    assert "aten.exp" in count_operations(model, x).attrs["uncounted"]
    named = count_operations(model, x, neurons=(Threshold,))
    assert named.attrs["uncounted"] == {}
    assert row(named, "1")["neuron_updates"] == 8
