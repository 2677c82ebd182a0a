"""Error of the circuit's feature maps at equal size, and size at equal error, side by side.

    python -m benches features

All 72 heads of MiniLM on held-out text, another document for each of five seeds; errors are
medians over heads, then median (least to largest) over seeds. The published map is the yardstick.
performer-pytorch, a public implementation of positive orthogonal features, runs on the same
queries, keys and values in float64, in the environment of peers, at all its settings: what is
printed is the best of them in hindsight, an advantage that our own maps do not have.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from brainbook.evidence.parallel import spread
from brainbook.models.astrocyte.comparison import compare, crossing
from brainbook.models.astrocyte.tuned import trial
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.draws import Orthogonal
from brainbook.models.features.landmarks import Landmarks
from brainbook.models.features.maps import Positive
from brainbook.models.features.unbiased import fit

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "tests/models/features/performer_peer.py"
TOKENS, SEEDS = 128, range(5)
UNITS = (64, 256, 1024, 4096, 16384)
TUNED_UNITS = (2, 4, 8, 64, 1024)
PEER_UNITS = (256, 1024)
SHOWN = 1024

Curves = dict[str, pd.DataFrame]  # map -> error, sizes down and seeds across


def problems() -> dict[int, Problem]:
    """The heads under test, by seed."""
    documents = held_out_passages(SEEDS, TOKENS)
    return {seed: heads_on(ids).problem.flatten(0, 1) for seed, ids in documents.items()}


def medians(frame: pd.DataFrame, part: str) -> Curves:
    """Median over heads, by map."""
    rows = frame.query("part == @part")
    table = rows.groupby(["map", "units", "seed"], sort=False)["error"].median().unstack("seed")
    return {name: table.loc[name].sort_index() for name in dict.fromkeys(rows["map"])}


def our_errors(given: dict[int, Problem]) -> pd.DataFrame:
    """Errors of our maps: columns map, units, seed, part, error and more; published map first."""
    calibration = calibration_passages(TOKENS)
    known = problem_on(calibration).flatten(1, 2)
    fitted = fit(known.query, known.key, "dense", attended=True)
    maps = [Positive(), Positive().drawn(Orthogonal()), fitted]
    calls = [
        {"kind": Landmarks.name, "layer": layer, "units": units, "seed": seed}
        | {"documents": {seed: ids}, "calibration": calibration}
        for units in TUNED_UNITS
        for seed, ids in held_out_passages(SEEDS, TOKENS).items()
        for layer in range(LAYERS)
    ]
    tuned = pd.concat(spread(trial, calls), ignore_index=True)
    return pd.concat([compare(given, maps, UNITS), tuned.query("split == 'test'")])


def peer_errors(given: dict[int, Problem]) -> pd.DataFrame:
    """performer-pytorch's errors: columns seed, units, scaling, eps, output, trace.

    Raises
    ------
    RuntimeError : there is no environment of peers, or the peer failed.
    """
    python = os.environ.get("BRAINBOOK_PEERS", ROOT / ".venv/peers/bin/python")
    if not Path(python).is_file():
        raise RuntimeError(f"no interpreter with the peers at {python}: run `make peers`")
    query, key, value = (
        torch.stack([problem.tensors[i] for problem in given.values()]).double() for i in range(3)
    )
    back = query.shape[-1] ** 0.25  # the peer divides by it again
    inputs = {"query": query * back, "key": key * back, "value": value}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.json"
        arrays = {name: x.numpy() for name, x in inputs.items()}
        np.savez(source, units=np.array(PEER_UNITS), **arrays)
        done = subprocess.run(
            [python, PEER, "sweep", source, target],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{PEER.name}: {done.stderr[-2000:]}")
        return pd.DataFrame(json.loads(target.read_text()))


def told(values: pd.Series, form: str = ".3f") -> str:
    """Median (least to largest)."""
    middle, low, high = (format(x, form) for x in (values.median(), values.min(), values.max()))
    return f"{middle} ({low} to {high})"


def equal_size(curves: dict[str, Curves]) -> Iterator[tuple]:
    """Rows of errors with :data:`SHOWN` units; targets are for the maps fitted to text."""
    for part, by_map in curves.items():
        published, orthogonal, *fitted = by_map.items()
        yardstick = published[1].loc[SHOWN]
        for (name, curve), note in ((published, " (published)"), (orthogonal, "")):
            what = f"{part} error, m = {SHOWN:,}: {name}{note}"
            yield what, told(curve.loc[SHOWN]), "", None
        for name, curve in fitted:
            errors, target = curve.loc[SHOWN], f"< {yardstick.min():.3f}"
            met = bool(errors.max() < yardstick.min())
            yield f"{part} error, m = {SHOWN:,}: {name}", told(errors), target, met


def equal_error(by_map: Curves) -> Iterator[tuple]:
    """Rows of sizes that give the published map's error at its largest size, seed by seed."""
    (published, yardstick), _, *fitted = by_map.items()
    most = yardstick.index[-1]
    for name, curve in fitted:
        needed = [crossing(curve[seed], yardstick.loc[most, seed]) for seed in curve]
        factor = most / pd.Series(needed)
        yield (
            f"output error {told(yardstick.loc[most])}: m of {published} / m of {name}",
            told(factor, ",.0f"),
            "> 1",
            bool(factor.min() > 1),
        )


def against_peer(given: dict[int, Problem], curves: dict[str, Curves]) -> Iterator[tuple]:
    """Rows of performer-pytorch at its best settings, and our best map over it."""
    theirs = peer_errors(given)
    ours = min(curves["output"].items(), key=lambda one: one[1].loc[SHOWN].median())
    for size in PEER_UNITS:
        rows = theirs[theirs["units"] == size]
        tried = rows.groupby(["scaling", "eps"])[["output", "trace"]]
        scaling, eps = tried.median()["output"].idxmin()
        best = tried.get_group((scaling, eps)).set_axis(rows["seed"].unique())
        settings = f"performer-pytorch at its best (scaling {scaling}, eps {eps:g})"
        yield f"output error, m = {size:,}: {settings}", told(best["output"]), "", None
        if size == SHOWN:
            least = tried.median()["trace"].min()
            what = (
                f"trace error, m = {size:,}: performer-pytorch, least (stabilisers take its scale)"
            )
            yield what, f"{least:.3f}", "", None
            ratio = best["output"] / ours[1].loc[size]
            what = f"output error, m = {size:,}: performer-pytorch / {ours[0]}"
            yield what, told(ratio, ".1f"), "> 1", bool(ratio.min() > 1)


def rows() -> Iterator[tuple[str, str, str, bool | None]]:
    """What is measured, the number, its target and whether it was met, where there is one."""
    given = problems()
    errors = our_errors(given)
    curves = {part: medians(errors, part) for part in ("output", "trace")}
    yield from equal_size(curves)
    yield from equal_error(curves["output"])
    yield from against_peer(given, curves)


if __name__ == "__main__":
    sys.exit("run it as: python -m benches features")
