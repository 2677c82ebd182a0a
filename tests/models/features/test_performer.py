"""Our positive features against performer-pytorch's, an independent implementation."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from brainbook.evidence import paths
from brainbook.models.astrocyte.circuit import run
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.attention.minilm_text import held_out_passages
from brainbook.models.attention.softmax import scaled
from brainbook.models.features.draws import Orthogonal
from brainbook.models.features.maps import HiddenUnits, Positive

SCRIPT = Path(__file__).with_name("performer_peer.py")
UNITS, TOKENS, SOME = 96, 24, slice(None, None, 9)  # every ninth head of the 72


@pytest.fixture(scope="module")
def heads() -> tuple[torch.Tensor, ...]:
    """Query, key (divided by d^(1/4)) and value of some heads of MiniLM, float64."""
    heads = heads_on(held_out_passages([0], TOKENS)[0]).problem.flatten(0, 1)
    return tuple(x.double() for x in heads[SOME].tensors)


@pytest.fixture(scope="module")
def peer(heads, tmp_path_factory) -> dict[str, torch.Tensor]:
    """Its results with our independent rows, our orthogonal rows, and its own orthogonal rows."""
    python = os.environ.get("BRAINBOOK_PEERS", paths.ROOT / ".venv" / "peers" / "bin" / "python")
    if not Path(python).is_file():
        reason = f"no interpreter with the peers at {python}; BRAINBOOK_PEERS names one"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    query, key, value = heads
    maps = (Positive(), Positive().drawn(Orthogonal()))
    ours = [
        one.draw(UNITS, query.shape[-1], torch.Generator().manual_seed(5), dtype=torch.float64)
        for one in maps
    ]
    back = query.shape[-1] ** 0.25
    folder = tmp_path_factory.mktemp("performer")
    inputs = {
        "query": query * back,
        "key": key * back,
        "value": value,
        "projections": torch.stack([units.weight for units in ours]),
    }
    np.savez(folder / "in.npz", **{name: x.numpy() for name, x in inputs.items()})
    done = subprocess.run(
        [python, SCRIPT, "once", folder / "in.npz", folder / "out.npz"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: torch.from_numpy(x) for name, x in np.load(folder / "out.npz").items()}


DRAWS = pytest.mark.parametrize("draw", range(3), ids=["independent", "orthogonal", "its own"])


def our_readout(heads, projection: torch.Tensor):
    (readout,) = run(*heads, [HiddenUnits(projection)], [UNITS], Positive())
    return readout


@DRAWS
def test_same_projection_same_output(heads, peer, draw):
    ours = our_readout(heads, peer["projections"][draw]).output
    assert ours.std() > 0.01
    torch.testing.assert_close(ours, peer["output"][draw], rtol=1e-9, atol=1e-12)


@DRAWS
def test_same_trace_once_the_stabilisers_are_undone(heads, peer, draw):
    """The peer divides a query's features by their largest drive, and all keys' by one number."""
    query, key, _ = heads
    weight = peer["projections"][draw]
    removed = (query @ weight.mT).amax(-1) + (key @ weight.mT).amax((-2, -1)).unsqueeze(-1)
    ours = our_readout(heads, weight)
    as_given = peer["normaliser"][draw].log()
    torch.testing.assert_close(ours.log_p, as_given + removed, rtol=1e-10, atol=1e-10)
    assert (ours.log_p - as_given).abs().min() > 1


def test_what_the_peer_is_given_is_what_we_take(heads):
    query, key, _ = heads
    back = query.shape[-1] ** 0.25
    for one, other in zip(scaled(query * back, key * back), (query, key), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-14, atol=0)


def test_its_own_rows_are_orthogonal_in_groups_and_as_long_as_gaussian_ones(peer):
    groups = peer["projections"][2].unflatten(0, (-1, peer["projections"].shape[-1]))
    products = groups @ groups.mT
    squares = products.diagonal(dim1=-2, dim2=-1)
    assert (products - torch.diag_embed(squares)).abs().max() < 1e-4 * squares.max()
    d = groups.shape[-1]
    # |w|^2 is chi-square with d degrees of freedom: mean d, variance 2d
    assert (squares.mean() - d).abs() < 4 * (2 * d / squares.numel()) ** 0.5
