"""What a schedule keeps at hand does not move: words by hand, on tables and on models."""

from __future__ import annotations

import pandas as pd
import pytest
import snntorch
import torch
from torch import nn

from opjoules.architectures.transformers import spiking_transformer, vision_transformer
from opjoules.counting.operations import COLUMNS, count_operations
from opjoules.pricing.estimate import estimate
from opjoules.pricing.schedules import IN_ACCUMULATORS, SCHEDULES, STEP_BY_STEP, scheduled

STEPS, INPUTS, NEURONS = 3, 4, 2
FUSED, LAYERS, BOTH = "neuron fused", "layer by layer", "layer by layer, fused"


class Repeated(nn.Module):
    """A map and its neurons for some steps; ``held``: the map runs once, its current is held."""

    def __init__(self, held: bool) -> None:
        super().__init__()
        self.held, self.map = held, nn.Linear(INPUTS, NEURONS, bias=False)
        self.neurons = snntorch.Leaky(beta=0.5)

    def forward(self, spikes):
        membrane, current = self.neurons.init_leaky(), self.map(spikes)
        for step in range(STEPS):
            if step and not self.held:
                current = self.map(spikes)
            sent, membrane = self.neurons(current, membrane)
        return sent


def words(held: bool, name: str) -> pd.DataFrame:
    counted = count_operations(Repeated(held), torch.ones(1, INPUTS))
    return scheduled(counted, name).set_index("kind")


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_map_and_its_neurons_by_hand(name):
    table, kept = words(False, name), SCHEDULES[name]
    fetched = 1 if kept.layer_by_layer else STEPS
    assert table.loc["linear", "weight_reads"] == fetched * INPUTS * NEURONS
    assert table.loc["linear", "activation_reads"] == STEPS * INPUTS  # spikes that come in
    currents = 0 if kept.fused else STEPS * NEURONS
    assert table.loc["linear", "activation_writes"] == currents
    assert table.loc["neuron", "activation_reads"] == currents
    assert table.loc["neuron", "activation_writes"] == table.loc["neuron", "spikes"]  # go out
    states = 0 if kept.in_accumulators else STEPS * NEURONS
    assert table.loc["neuron", "state_reads"] == table.loc["neuron", "state_writes"] == states


@pytest.mark.parametrize(("name", "stays"), [(FUSED, False), (BOTH, True), (IN_ACCUMULATORS, True)])
def test_a_held_current_stays_only_while_its_layer_runs_alone(name, stays):
    table = words(True, name)
    assert table.loc["linear", "activation_writes"] == (0 if stays else NEURONS)
    assert table.loc["neuron", "activation_reads"] == (0 if stays else STEPS * NEURONS)


def test_operations_do_not_depend_on_the_schedule():
    table = spiking_transformer(1, 64, 4, 64, timesteps=4, rates=0.2)
    bare = {estimate(table, "45nm_int8", False, schedule=name).joules for name in SCHEDULES}
    assert len(bare) == 1
    priced = [estimate(table, "45nm_int8", schedule=name).joules.central for name in SCHEDULES]
    assert priced == sorted(priced, reverse=True) and len(set(priced)) == len(SCHEDULES)
    assert min(priced) > bare.pop().central


def test_membranes_of_one_layer_fit_a_nearer_memory():
    # 1,500 states of 32 bits fit 8 KB, twice as many 32 KB: 5 and 10 pJ a word.
    row = dict.fromkeys(COLUMNS, 0.0) | {"kind": "neuron", "state_reads": 100, "state_size": 1500}
    table = pd.DataFrame([row | {"layer": "a"}, row | {"layer": "b"}])
    found = {name: estimate(table, "45nm_fp32", schedule=name).terms for name in SCHEDULES}
    assert found[STEP_BY_STEP].loc["state", "central"] == pytest.approx(200 * 10e-12)
    assert found[LAYERS].loc["state", "central"] == pytest.approx(200 * 5e-12)
    assert found[FUSED].equals(found[STEP_BY_STEP]) and found[IN_ACCUMULATORS].empty


def test_a_network_without_time_saves_its_attention_scores_and_nothing_else():
    table = vision_transformer(1, 64, 64, heads=2, counts=True)
    kept = scheduled(table, IN_ACCUMULATORS)
    scores = 2 * (16 + 1) ** 2
    saved = (table.drop(columns=["layer", "kind"]) - kept.drop(columns=["layer", "kind"])).sum()
    # queries and keys are larger than scores here, so only the second product needs less room
    moved = ("activation_reads", "activation_writes", "activation_size")
    assert saved[saved != 0].to_dict() == dict.fromkeys(moved, scores)
    assert scheduled(table, LAYERS).equals(table)
    alone = table[~table["layer"].str.contains("product 2")]
    writes = scheduled(alone, IN_ACCUMULATORS)["activation_writes"]
    assert writes.sum() == alone["activation_writes"].sum()  # nothing takes them over


def test_kept_scores_need_no_room_where_they_are_the_largest():
    table = vision_transformer(1, 64, 64, heads=64, counts=True)  # 17 tokens, heads of width 1
    scores, tokens = 64 * 17**2, 17 * 64
    kept = scheduled(table, FUSED).set_index("layer")["activation_size"]
    before = table.set_index("layer")["activation_size"]
    for product, others in (("1", 2 * tokens), ("2", tokens)):
        (layer,) = [name for name in kept.index if name.endswith(f"product {product}")]
        assert before[layer] >= scores > kept[layer] == others


def test_scores_of_spikes_are_read_spike_by_spike():
    rate = 0.25
    table = spiking_transformer(1, 64, 4, 64, timesteps=4, rates=rate).set_index("layer")
    kept = scheduled(table.reset_index(), FUSED).set_index("layer")
    first, second = "block.0.product 1", "block.0.product 2"
    moved = table.loc[first, "activation_writes"]
    assert kept.loc[first, "activation_writes"] == 0 < moved
    read = table.loc[second, "activation_reads"] - kept.loc[second, "activation_reads"]
    assert read == pytest.approx(rate * moved)


def test_an_unknown_schedule_is_refused():
    table = vision_transformer(1, 64, 32, counts=True)
    with pytest.raises(ValueError, match="schedule: got 'at leisure'; allowed are"):
        estimate(table, "45nm_fp32", schedule="at leisure")
