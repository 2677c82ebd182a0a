"""Our counts against NeuroBench's, an independent implementation in an environment of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest

from brainbook.energy.operations import count_operations
from brainbook.evidence import paths

SCRIPT = Path(__file__).with_name("neurobench_peer.py")
SEEN = ("perceptron", "convolutions", "spiking perceptron", "spiking convolutions")


def _peer_module():
    spec = importlib.util.spec_from_file_location("neurobench_peer", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def peer() -> dict[str, dict]:
    python = os.environ.get("BRAINBOOK_PEERS", paths.ROOT / ".venv" / "peers" / "bin" / "python")
    if not Path(python).is_file():
        reason = f"no interpreter with NeuroBench at {python}; BRAINBOOK_PEERS names one"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    run = subprocess.run([python, SCRIPT], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


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
