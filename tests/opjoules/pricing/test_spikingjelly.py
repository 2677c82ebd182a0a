"""Our counts and energies against SpikingJelly's, an independent implementation."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from opjoules.counting.operations import count_operations

NETWORKS = Path(__file__).parents[1] / "counting/neurobench_peer.py"


def _networks(seed: int):
    spec = importlib.util.spec_from_file_location("neurobench_peer", NETWORKS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.networks(seed)


@pytest.fixture(scope="module")
def peer(run_peer) -> dict:
    return run_peer("pricing/spikingjelly_peer.py", package=True)


@pytest.mark.parametrize("seed", range(5))
def test_same_operations(peer, seed):
    theirs, networks = peer["counts"][str(seed)], _networks(seed)
    assert len(theirs) == 5
    for name in theirs:
        ours = count_operations(*networks[name])
        assert ours["macs"].sum() == pytest.approx(theirs[name]["macs"], abs=1e-9), name
        assert ours["acs"].sum() == pytest.approx(theirs[name]["acs"], abs=1e-9), name
        assert theirs[name]["macs"] + theirs[name]["acs"] > 0


def test_spikes_make_synaptic_operations_in_both(peer):
    for counts in peer["counts"].values():
        assert counts["spiking perceptron"]["acs"] > 0 < counts["spiking perceptron"]["macs"]
        assert counts["spiking convolutions"]["acs"] > 0 == counts["spiking convolutions"]["macs"]
        assert counts["attention"]["acs"] == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("part", ["operations", "addressing", "memory", "total"])
def test_same_joules_after_lemaire(peer, seed, part):
    networks = peer["prices"][str(seed)]
    assert len(networks) == 4
    for name, found in networks.items():
        assert found["theirs"][part] > 0
        assert found["ours"][part] == pytest.approx(found["theirs"][part], rel=1e-12), name
