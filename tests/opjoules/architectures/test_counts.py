"""From an architecture to counts: by hand, and against modules that run."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.architectures.counts import dense_counts, from_rates
from opjoules.architectures.hierarchical import qkformer, swin_transformer
from opjoules.architectures.text import text_transformer
from opjoules.architectures.transformers import (
    residual_network,
    spiking_transformer,
    vision_transformer,
)
from opjoules.counting.operations import count_operations
from opjoules.pricing.estimate import estimate


def rates(network, value):
    return {layer: value for layer in network["layer"] if layer not in ("stem.0", "head")}


def test_counts_from_rates():
    network = spiking_transformer(1, 64, 4, 32)
    table = from_rates(network, rates(network, 0.25), timesteps=6, bias=False)
    dense = network.set_index("layer")["macs"]
    found = table.set_index("layer")
    assert found.loc["stem.0", "macs"] == 6 * dense["stem.0"]
    assert found.loc["head", "macs"] == dense["head"]
    driven = dense.drop(["stem.0", "head"])
    assert table["acs"].sum() == pytest.approx(0.25 * 6 * driven.sum())
    assert "neuron updates" in table.attrs["uncounted"]


def test_dense_counts_match_a_convolution_that_runs():
    model = nn.Sequential(nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False))
    with torch.device("meta"):
        counted = count_operations(model, torch.empty(1, 3, 64, 64)).iloc[0]
    closed = dense_counts(residual_network(18, 64)).iloc[0]
    for column in ("macs", "weight_reads", "activation_reads", "activation_writes", "dense"):
        assert closed[column] == counted[column] > 0, column


def test_one_call_gives_counts_ready_to_price():
    for table in (
        spiking_transformer(1, 64, 4, 32, timesteps=4, rates=0.25),
        qkformer(64, 4, 32, timesteps=4, rates=0.25),
        residual_network(18, 32, timesteps=4, rates=0.25),
    ):
        assert table.attrs["uncounted"] == {}
        spiking = table["acs"] > 0
        assert (table.loc[spiking, "spikes"] == 0.25 * table.loc[spiking, "sites"]).all()
        assert table["neuron_updates"].sum() > 0
        bare = estimate(table, "45nm_fp32", memory=False).joules.central
        assert estimate(table, "45nm_fp32").joules.central > bare > 0
    for table in (
        vision_transformer(1, 64, 32, counts=True),
        swin_transformer(224, counts=True),
        text_transformer(1, 64, 2, 16, counts=True),
    ):
        assert (table["acs"] == 0).all() and (table["macs"] == table["dense"]).all()
        assert estimate(table, "45nm_int8").joules.central > 0


def test_traffic_of_spikes_follows_the_counting_rules():
    layer = spiking_transformer(1, 64, 4, 32, timesteps=8, rates=0.5).set_index("layer")
    query, tokens = layer.loc["block.0.query"], 4
    assert query["spikes"] == 0.5 * 8 * tokens * 64 == query["activation_reads"]
    # Four tokens at rate one half use each weight twice a step, but fetch it once.
    assert query["weight_reads"] == 8 * 64**2
    sparse = spiking_transformer(1, 64, 4, 32, timesteps=8, rates=0.05)
    row = sparse.set_index("layer").loc["block.0.query"]
    assert row["weight_reads"] == pytest.approx(row["acs"])
    updates = layer.loc["block.0.query:neurons", "neuron_updates"]
    assert updates == 8 * tokens * 64
    assert "block.0.product 1:neurons" not in layer.index


def test_errors_name_the_parameter():
    network = spiking_transformer(1, 64, 4, 32)
    good = rates(network, 0.1)
    with pytest.raises(ValueError, match="rates: got .*1.5.*from 0 to 1"):
        from_rates(network, good | {"stem.1": 1.5}, 4)
    with pytest.raises(ValueError, match="missing layers .*'stem.1'"):
        from_rates(network, {k: v for k, v in good.items() if k != "stem.1"}, 4)
    with pytest.raises(ValueError, match="unknown layers .*'tail'"):
        from_rates(network, good | {"tail": 0.1}, 4)
    with pytest.raises(ValueError, match="timesteps: got 0"):
        from_rates(network, good, 0)
    with pytest.raises(ValueError, match="rates: got .*-0.1"):
        spiking_transformer(1, 64, 4, 32, timesteps=2, rates=-0.1)
