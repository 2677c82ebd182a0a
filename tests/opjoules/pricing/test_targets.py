"""Prices side by side: skipped zeros, chips with a host, and the cheapest rival."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from torch import nn

from opjoules.counting.operations import COLUMNS, count_operations
from opjoules.pricing import targets
from opjoules.pricing.estimate import estimate
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP

NAMES = tuple(targets.TARGETS)


@pytest.fixture
def dense() -> pd.DataFrame:
    model = nn.Linear(10, 4, bias=False)
    batch = torch.full((2, 10), 0.5)  # not one, or it would count as spikes
    batch[:, 3:] = 0
    return count_operations(model, batch)


def table(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["scenario", "family", "network", "accuracy", "central"])


def test_skipping_zeros_leaves_what_is_not_zero(dense):
    skipped = targets.zeros_skipped(dense).iloc[0]
    assert skipped["macs"] == 3 * 4 and dense["macs"].iloc[0] == 10 * 4
    assert skipped["activation_reads"] == 3 and skipped["weight_reads"] == 12
    assert skipped["activation_writes"] == 4


def test_skipping_zeros_leaves_spikes_alone():
    spikes = (torch.rand(8, 10, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    counted = count_operations(nn.Linear(10, 4), spikes)
    assert counted["acs"].sum() > 0
    pd.testing.assert_frame_equal(targets.zeros_skipped(counted), counted)


@pytest.mark.parametrize("name", ["fp32", "fp32-memory", "int8", "int8-memory"])
def test_a_price_is_the_estimate_of_its_machine(dense, name):
    target = targets.TARGETS[name]
    expected = estimate(dense, target.hardware, target.memory).joules
    assert targets.price(dense, name).joules == expected


def test_a_network_without_spikes_stays_off_the_chip(dense):
    assert targets.price(dense, "loihi").profile == "45nm_int8"
    spiking = dense.assign(neuron_updates=4.0)
    priced = targets.price(spiking, "loihi")
    assert (priced.profile, priced.host) == ("loihi", "45nm_int8")


def test_memory_costs_and_skipping_saves(dense):
    cost = {name: targets.price(dense, name).joules.central for name in NAMES}
    assert cost["int8"] < cost["int8-skip"] < cost["int8-memory"] < cost["fp32-memory"]


def test_the_cheapest_rival_is_as_accurate():
    found = targets.cheapest_rivals(
        table(
            [
                ("fp32", "perceptron", "small", 0.90, 1.0),
                ("fp32", "perceptron", "middle", 0.95, 3.0),
                ("fp32", "perceptron", "large", 0.99, 9.0),
                ("fp32", "spiking", "quiet", 0.94, 6.0),
                ("fp32", "spiking", "quiet", 0.96, 6.0),
                ("fp32", "spiking", "best", 0.999, 4.0),
            ]
        ),
        "perceptron",
        margin=0.001,
    )
    assert list(found.index) == [("fp32", "spiking", "quiet")]
    assert found["rival"].iloc[0] == "middle" and found["ratio"].iloc[0] == 2.0


def test_the_margin_lets_others_in():
    rows = [("fp32", "perceptron", "small", 0.90, 1.0), ("fp32", "spiking", "a", 0.93, 2.0)]
    assert targets.cheapest_rivals(table(rows), "perceptron", 0.02).empty
    assert len(targets.cheapest_rivals(table(rows), "perceptron", 0.04)) == 1


def test_a_schedule_selects_rows_where_words_move_and_keeps_the_others():
    names = {"scenario": ["fp32", "int8-memory", "int8-memory"]}
    both = pd.DataFrame(names | {"schedule": [STEP_BY_STEP, STEP_BY_STEP, IN_ACCUMULATORS]})
    assert list(targets.on_schedule(both).index) == [0, 1]
    assert list(targets.on_schedule(both, IN_ACCUMULATORS).index) == [0, 2]


def test_a_target_is_priced_on_a_schedule():
    row = dict.fromkeys(COLUMNS, 0.0) | {"layer": "a", "kind": "neuron", "neuron_updates": 5.0}
    counted = pd.DataFrame([row | {"state_reads": 5.0, "state_size": 5}])
    steps, kept = (
        targets.price(counted, "int8-memory", schedule).joules.central
        for schedule in (STEP_BY_STEP, IN_ACCUMULATORS)
    )
    assert steps > kept == targets.price(counted, "int8").joules.central


def test_errors_name_what_came(dense):
    with pytest.raises(ValueError, match="name: got 'gpu'"):
        targets.price(dense, "gpu")
    with pytest.raises(ValueError, match="margin: got -1"):
        targets.cheapest_rivals(table([]), "perceptron", -1)
    with pytest.raises(ValueError, match="family: got 'forest'"):
        targets.cheapest_rivals(table([("a", "b", "c", 1.0, 1.0)]), "forest", 0.0)
