"""Sweeps over tuned hidden units: error against their number, and what it saves.

Two kinds of size: at ``units`` every seed draws its own hidden units and reads its own test
document. At the ``large`` sizes, where a fit is slow and one draw is like another, ``draws`` fits
a head read all documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from brainbook.evidence.parallel import spread
from brainbook.models.astrocyte.circuit import Readout
from brainbook.models.astrocyte.sweep import Trace, ranked_traces
from brainbook.models.astrocyte.tuned import KINDS, trial, trial_with_traces
from brainbook.models.attention.minilm_heads import LAYERS, heads_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.features.landmarks import Landmarks

FEW = 2  # known passages that the largest circuits read


@dataclass(frozen=True)
class TunedSweep:
    """Errors of tuned units on held-out documents and on known passages.

    frame : columns map, units, draw (of hidden units), seed (the test document), document,
        split (test or calibration), layer, head, part (output, trace, bare trace), error.
    traces : best, median and worst head at ``largest``.
    largest : most hidden units.
    """

    frame: pd.DataFrame
    traces: tuple[Trace, ...]
    largest: int

    def of(self, map_name: str, part: str = "output", split: str = "test") -> pd.DataFrame:
        """Rows of one map, part and split."""
        return self.errors(part, split).query("map == @map_name")

    def errors(self, part: str = "output", split: str = "test") -> pd.DataFrame:
        """Rows of one part and split."""
        return self.frame.query("part == @part and split == @split")

    def at(self, units: int, part: str = "output") -> pd.DataFrame:
        """Held-out errors of tuned units with lateral inhibition at one size."""
        return self.of(Landmarks.name, part).query("units == @units")

    def medians(self, part: str = "output", split: str = "test") -> pd.DataFrame:
        """Median over heads: a row a map and seed, units across."""
        rows = self.errors(part, split)
        return rows.groupby(["map", "seed", "units"])["error"].median().unstack()


def tuned_sweep(
    units: Sequence[int],
    large: Sequence[int],
    gated_units: Sequence[int],
    documents: Mapping[int, Passage],
    calibration: Sequence[Passage],
    draws: int = 1,
    workers: int = 1,
    cluster: str = "",
) -> TunedSweep:
    """All 72 heads of MiniLM on held-out documents, with tuned units of both kinds.

    Parameters
    ----------
    units : sizes at which every document has a fit of its own.
    large : sizes at which ``draws`` fits a head read all documents.
    gated_units : those of all sizes that are tried without lateral inhibition too.
    documents : held-out passages, by the seed that draws their hidden units.
    calibration : passages to fit to.
    draws : fits a head at the large sizes.
    workers, cluster : as in :func:`brainbook.evidence.parallel.spread`.

    Raises
    ------
    ValueError : no large size, or the same size in ``units`` and ``large``.
    """
    if not large or set(units) & set(large):
        raise ValueError(f"large: got {tuple(large)}; needed are sizes that units does not name")
    text = {"calibration": tuple(calibration)}

    def kinds(size: int) -> Sequence[str]:
        return KINDS if size in gated_units else KINDS[:1]

    small = [
        {"kind": kind, "layer": layer, "units": size, "seed": seed, "documents": {seed: ids}} | text
        for size in units
        for kind in kinds(size)
        for seed, ids in documents.items()
        for layer in range(LAYERS)
    ]
    most = [
        {"kind": kind, "layer": layer, "units": size, "seed": draw, "documents": dict(documents)}
        | {"known": FEW if size == max(large) else None}
        | text
        for size in sorted(large)
        for kind in reversed(kinds(size))
        for draw in range(draws)
        for layer in range(LAYERS)
    ]
    frames = spread(trial, small, workers, cluster)
    read = spread(trial_with_traces, most, workers, cluster)
    frames += [frame for frame, _ in read]
    log_p = torch.cat([trace for _, trace in read[-LAYERS:]])
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.assign(draw=frame["seed"], seed=frame["document"])
    _, log_z = heads_on(next(iter(documents.values()))).problem.flatten(0, 1).exact()
    shown = Readout(max(large), log_z, log_p, torch.ones_like(log_p))
    return TunedSweep(frame, ranked_traces(log_z, [shown]), max(large))
