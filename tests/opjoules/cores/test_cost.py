"""Joules per token of a block: closed forms on each machine, and nothing priced twice."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from torch import nn

from opjoules.architectures import layers
from opjoules.architectures.counts import dense_counts
from opjoules.cores import cost
from opjoules.counting.operations import count_operations
from opjoules.hardware import chips
from opjoules.hardware.catalogue import profile

D, N = 384, 16
PJ = 1e-12


@pytest.fixture(scope="module")
def block():
    """A block of MiniLM's size: 12·d² weights, two attention products."""
    rows = layers.projections("block", layers.QKV, N, D, bias=True)
    rows += layers.attention("block", N, D, heads=12)
    return dense_counts(pd.DataFrame(rows + layers.after_attention("block", N, D, mlp_ratio=4)))


@pytest.fixture(scope="module")
def arrivals(block):
    linear = block.loc[block["kind"] == "linear", "layer"]
    return {layer: 100.0 + i for i, layer in enumerate(linear)}


def by_term(terms):
    return terms.set_index("term")["central"]


def test_the_count_of_a_block_is_its_closed_form(block):
    macs = block.groupby("kind")["macs"].sum()
    assert macs["linear"] == 12 * N * D**2 and macs["product"] == 2 * N**2 * D


def test_logic_pays_arithmetic_and_one_fetch(block):
    terms = by_term(cost.on_logic(block, N, "45nm_int8"))
    assert terms["multiply-accumulates"] == pytest.approx(12 * D**2 * 0.23 * PJ)
    assert terms["weight memory"] == pytest.approx(12 * D**2 * 1950 / 8 * PJ / N)
    local = by_term(cost.on_logic(block, N, cost.kept_on_chip("45nm_int8")))
    assert local["weight memory"] == pytest.approx(12 * D**2 * 100 / 8 * PJ / N)


def test_crossbars_pay_each_weight_and_the_host_pays_attention(block):
    terms = by_term(cost.in_crossbars(block, N))
    assert terms["multiply-accumulates"] == pytest.approx(
        12 * D**2 * chips.in_memory().mac.central * PJ
    )
    logic = by_term(cost.on_logic(block, N, "45nm_int8"))
    assert terms[cost.ATTENTION] == pytest.approx(logic[cost.ATTENTION])
    assert "weight memory" not in terms.index


def test_events_pay_for_each_output_they_reach(block, arrivals):
    steps, loihi = 7, profile("loihi")
    terms = by_term(cost.on_events(block, N, loihi, arrivals, steps))
    outputs = dict(zip(block["layer"], block["activation_writes"] / N, strict=True))
    synapses = sum(count * outputs[layer] for layer, count in arrivals.items())
    assert terms["synaptic operations"] == pytest.approx(synapses * loihi.ac.central * PJ)
    updates = steps * sum(outputs[layer] for layer in arrivals)
    assert updates == steps * 9 * D
    assert terms["neuron updates"] == pytest.approx(updates * loihi.neuron_update.central * PJ)
    with pytest.raises(ValueError, match="arrivals: layers .*block.projection"):
        cost.on_events(block, N, loihi, {}, steps)


def test_synaptic_operations_agree_with_the_counter():
    layer = nn.Linear(6, 4)
    spikes = (torch.rand(10, 6, generator=torch.Generator().manual_seed(0)) < 0.4).float()
    counted = count_operations(layer, spikes)
    dense = count_operations(layer, torch.randn(10, 6, generator=torch.Generator().manual_seed(1)))
    name = dense["layer"].iloc[0]
    driven = cost.driven_by(dense, 1, {name: float(spikes.sum(dim=1).mean())}, 0)
    assert driven["acs"].iloc[0] == pytest.approx(counted["acs"].iloc[0])
    assert driven["macs"].iloc[0] == 0


def test_graded_events_may_multiply_and_messages_cost_what_they_say():
    plain, graded = profile("seneca"), cost.graded()
    assert graded.ac.low == plain.ac.low and graded.ac.high == pytest.approx(2.8 + 1.4)
    assert cost.per_event().central == 2
    row = cost.messages((10, 20, 30), chips.transport("loihi")).iloc[0]
    assert row["low"] == pytest.approx(10 * 3 * PJ) and row["high"] == pytest.approx(30 * 4.2 * PJ)
    total = cost.total(cost.messages((1, 1, 1), cost.per_event()))
    assert total.low == total.high == pytest.approx(2 * PJ)


def test_calibrated_constants_widen_loihi():
    plain, wide = chips.chip("loihi"), chips.chip("loihi", calibrated=True)
    assert wide.ac.low == plain.ac.high == 23.6 and wide.ac.high == 35.5
    assert wide.neuron_update.low == 51.2 and wide.neuron_update.high == 81
