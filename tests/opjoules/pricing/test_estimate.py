"""Joules against sums done by hand on small tables."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from torch import nn

from opjoules.counting.operations import COLUMNS, count_operations
from opjoules.hardware.catalogue import profile
from opjoules.pricing.estimate import TERMS, estimate

PICO = 1e-12


def table(**counts) -> pd.DataFrame:
    row = dict.fromkeys(COLUMNS, 0.0) | {"layer": "layer", "kind": "linear"} | counts
    return pd.DataFrame([row])


@pytest.mark.parametrize(
    "count,cost",
    [
        ("macs", "mac"),
        ("acs", "ac"),
        ("neuron_updates", "neuron_update"),
        ("comparisons", "comparison"),
    ],
)
@pytest.mark.parametrize("name", ["45nm_fp32", "45nm_int8"])
def test_arithmetic_is_count_times_cost(count, cost, name):
    found = estimate(table(**{count: 1000.0}), name, memory=False)
    price = getattr(profile(name), cost)
    for end in ("low", "central", "high"):
        assert getattr(found.joules, end) == pytest.approx(1000 * getattr(price, end) * PICO)
    assert found.dominant == count


def test_traffic_by_hand():
    # 1,000 fp32 weights fit 8 KB: 10 pJ a 64-bit access, so 5 pJ a word. 10,000 activations
    # (40 KB) need the 1 MB memory: 50 pJ a word. 500,000 states (2 MB) need DRAM: 650 to 1300.
    counts = table(
        weight_reads=1000,
        weight_size=1000,
        activation_reads=4000,
        activation_writes=6000,
        activation_size=10_000,
        state_reads=7,
        state_writes=3,
        state_size=500_000,
    )
    found = estimate(counts, "45nm_fp32", memory=True)
    terms = found.terms
    assert terms.loc["weights", "central"] == pytest.approx(1000 * 5 * PICO)
    assert terms.loc["activations", "central"] == pytest.approx(10_000 * 50 * PICO)
    assert terms.loc["state", "low"] == pytest.approx(10 * 650 * PICO)
    assert terms.loc["state", "high"] == pytest.approx(10 * 1300 * PICO)
    assert set(found.table["level"]) == {"SRAM 8 KB", "SRAM 1 MB", "DRAM"}
    assert found.widest == "state" and found.dominant == "activations"
    nothing = estimate(counts, "45nm_fp32", memory=False)
    assert nothing.joules == (0, 0, 0) and nothing.dominant == nothing.widest == ""


def test_weights_of_all_layers_share_one_memory():
    one = table(weight_reads=2000, weight_size=2000)
    both = pd.concat([one, one.assign(layer="second")], ignore_index=True)
    assert set(estimate(one, "45nm_fp32").table["level"]) == {"SRAM 8 KB"}
    assert set(estimate(both, "45nm_fp32").table["level"]) == {"SRAM 32 KB"}
    alone, together = (estimate(t, "45nm_fp32").joules.central for t in (one, both))
    assert together == pytest.approx(4 * alone)


def test_narrow_words_move_cheaper():
    counts = table(weight_reads=100, weight_size=100)
    wide = estimate(counts, "45nm_fp32").joules.central
    assert estimate(counts, "45nm_int8").joules.central == pytest.approx(wide / 4)


def test_terms_and_layers_add_up_to_the_whole():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
    found = estimate(count_operations(model, torch.randn(2, 1, 8, 8)), "45nm_int8")
    for end in ("low", "central", "high"):
        whole = getattr(found.joules, end)
        assert found.terms[end].sum() == pytest.approx(whole)
        assert found.layers[end].sum() == pytest.approx(whole)
    assert found.joules.low <= found.joules.central < found.joules.high
    assert found.terms["share"].sum() == pytest.approx(1)
    assert list(found.terms.index) == [t for t in TERMS if t in found.terms.index]
    saved = found.as_dataframe()
    assert {"profile", "host", "term", "source", "low", "high"} <= set(saved.columns)
    assert (saved["source"].str.len() > 0).all()


def test_chip_without_multiplier_needs_spikes_or_a_host():
    counts = pd.concat([table(macs=10.0, layer="first"), table(acs=20.0, layer="second")])
    with pytest.raises(ValueError, match=r"loihi has no multiply-accumulate.*\['first'\].*host"):
        estimate(counts, "loihi")
    hosted = estimate(counts, "loihi", memory=False, host="45nm_int8")
    expected = 10 * profile("45nm_int8").mac.central + 20 * profile("loihi").ac.central
    assert hosted.joules.central == pytest.approx(expected * PICO)
    assert hosted.host == "45nm_int8"
    assert estimate(table(acs=1.0), "loihi", host="45nm_int8").host == ""
    with pytest.raises(ValueError, match="no multiply-accumulate"):
        estimate(counts, "loihi", host="truenorth")


def test_memory_inside_a_synaptic_operation_is_not_charged_again():
    counts = table(acs=50.0, weight_reads=50.0, weight_size=10, state_reads=5, state_size=5)
    with_memory, without = (estimate(counts, "loihi", memory=m).joules for m in (True, False))
    assert with_memory == without


def test_uncounted_operations_travel_with_the_estimate():
    counts = count_operations(nn.Sequential(nn.Linear(3, 3), nn.GELU()), torch.randn(2, 3))
    assert estimate(counts, "45nm_fp32").uncounted == ("aten.gelu",)


@pytest.mark.parametrize(
    "counts,message",
    [
        (pd.DataFrame(columns=COLUMNS), "empty table"),
        (pd.DataFrame({"layer": ["a"], "macs": [1]}), "columns .*acs.* are missing"),
        (table(acs=-1.0), "negative count"),
    ],
)
def test_bad_tables(counts, message):
    with pytest.raises(ValueError, match=message):
        estimate(counts, "45nm_fp32")


def test_unknown_profile_or_host():
    for arguments in ({"hardware": "brain"}, {"hardware": "loihi", "host": "brain"}):
        with pytest.raises(ValueError, match="profile: got 'brain'"):
            estimate(table(macs=1.0), **arguments)
