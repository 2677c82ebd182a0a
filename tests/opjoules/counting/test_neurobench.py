"""Our counts against NeuroBench's, an independent implementation in an environment of its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from opjoules.counting.operations import count_operations

SCRIPT = Path(__file__).with_name("neurobench_peer.py")
SEEN = ("perceptron", "convolutions", "spiking perceptron", "spiking convolutions")


def _peer_module():
    spec = importlib.util.spec_from_file_location("neurobench_peer", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def peer(run_peer) -> dict[str, dict]:
    return run_peer("counting/neurobench_peer.py")


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("seed", range(5))
def test_same_effective_operations(peer, name, seed):
    theirs = peer[str(seed)][name]
    network, batch = _peer_module().networks(seed)[name]
    ours = count_operations(network, batch)
    assert theirs["Effective_MACs"] + theirs["Effective_ACs"] > 0
    assert ours["effective_macs"].sum() == pytest.approx(theirs["Effective_MACs"], abs=1e-9)
    assert ours["acs"].sum() == pytest.approx(theirs["Effective_ACs"], abs=1e-9)


def test_spikes_make_accumulates_in_both(peer):
    for counts in peer.values():
        assert counts["spiking perceptron"]["Effective_ACs"] > 0
        assert counts["spiking convolutions"]["Effective_ACs"] > 0
        assert counts["perceptron"]["Effective_ACs"] == 0


def test_neurobench_sees_no_attention_product(peer):
    network, batch = _peer_module().networks(0)["attention"]
    ours = count_operations(network, batch)
    products = ours["kind"] == "product"
    tokens, inputs, width = 9, 12, 8
    theirs = peer["0"]["attention"]["Effective_MACs"]
    assert theirs == 3 * tokens * inputs * width
    assert ours.loc[~products, "macs"].sum() == theirs
    assert ours.loc[products, "macs"].sum() == 2 * tokens**2 * width


@pytest.mark.parametrize("name", ["fused attention", "multi-head attention"])
def test_neurobench_sees_no_fused_attention(peer, name):
    network, batch = _peer_module().networks(0)[name]
    ours = count_operations(network, batch)
    theirs = peer["0"][name]["Effective_MACs"]
    projections = ours.loc[ours["kind"] == "linear", "macs"].sum()
    products = ours.loc[ours["kind"] == "product", "macs"].sum()
    tokens, width = 9, 12
    assert products == 2 * tokens**2 * width
    # It counts nn.Linear projections, and nothing inside nn.MultiheadAttention.
    assert theirs == (projections if name == "fused attention" else 0)
    assert projections == (3 if name == "fused attention" else 4) * tokens * width**2
