"""Sweeps over tuned hidden units: error against their number, and what it saves.

Two kinds of size: at ``units`` every seed draws its own hidden units and reads its own test
document. At the ``large`` sizes, where a fit is slow, ``draws`` fits a head read all documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy import stats

from brainbook.evidence.margins import CONFIDENCE
from brainbook.evidence.parallel import spread
from brainbook.models.astrocyte.circuit import Readout
from brainbook.models.astrocyte.comparison import compare, crossing, published_maps
from brainbook.models.astrocyte.sweep import Sweep, Trace, ranked_traces
from brainbook.models.astrocyte.tuned import trial, trial_with_traces
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.unbiased import Optimal, fit

TAUGHT = Landmarks.name, Gated.name


@dataclass(frozen=True)
class Small:
    """``frame``: columns as in ``tuned.trial``, with ``draw`` for what drew the units
    and ``seed`` for the test document. ``traces``: best, median and worst head at ``largest``.
    """

    frame: pd.DataFrame
    traces: tuple[Trace, ...]
    largest: int

    def errors(self, part: str = "output", split: str = "test") -> pd.DataFrame:
        """Rows of one part and split."""
        return self.frame.query("part == @part and split == @split")

    def at(self, units: int, part: str = "output") -> pd.DataFrame:
        """Held-out errors of tuned units with lateral inhibition at one size."""
        rows = self.errors(part)
        return rows[(rows["map"] == Landmarks.name) & (rows["units"] == units)]

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
) -> Small:
    """All 72 heads of MiniLM on held-out documents, with tuned units of both kinds.

    Parameters
    ----------
    units : sizes at which every document has a fit of its own.
    large : sizes at which ``draws`` fits a head read all documents.
    gated_units : sizes of units without lateral inhibition, as ``units``.
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
    known = {"calibration": tuple(calibration)}
    small = [
        {"kind": kind, "layer": layer, "units": size, "seed": seed, "documents": {seed: ids}}
        | known
        for kind, sizes in ((Landmarks.name, units), (Gated.name, gated_units))
        for size in sizes
        for seed, ids in documents.items()
        for layer in range(LAYERS)
    ]
    most = [
        {"kind": Landmarks.name, "layer": layer, "units": size, "seed": draw}
        | {"documents": dict(documents)}
        | known
        for size in sorted(large)
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
    return Small(frame, ranked_traces(log_z, [shown]), max(large))


def unbiased_sweep(
    units: Sequence[int],
    documents: Mapping[int, Passage],
    calibration: Sequence[Passage],
    per_layer: int,
) -> pd.DataFrame:
    """Unbiased maps on the first heads of every layer; columns as in ``compare``.

    Maps that know no text, and maps fitted to calibration passages.
    """
    known = problem_on(calibration)[:, :, :per_layer].flatten(1, 2)
    problems = {
        seed: heads_on(ids).problem[:, :per_layer].flatten(0, 1) for seed, ids in documents.items()
    }
    fitted = Optimal.fitted(*known.tensors[:2]), fit(*known.tensors[:2], "dense", True)
    return compare(problems, [*published_maps(), *fitted], units)


def saved(
    published: Sweep, small: Small, units: int, map_name: str = Landmarks.name
) -> pd.DataFrame:
    """Units that reach the output error that the published map has with ``units`` of its own.

    Per seed and head, read off the measured curve in logs; ``within`` tells whether the curve
    comes down to that error. Columns seed, layer, head, error, units, factor, within. Where the
    smallest size does as well already, the factor is what that size saves: at least.
    """
    at = published.frame.query("part == 'output' and input == 'MiniLM' and units == @units")
    rows = small.errors().query("map == @map_name")
    curves = rows.groupby(["seed", "layer", "head", "units"])["error"].mean().unstack()
    target = at.set_index(["seed", "layer", "head"])["error"]
    shared = curves.index.intersection(target.index)
    found = [crossing(curves.loc[key].dropna(), target.loc[key]) for key in shared]
    table = target.loc[shared].reset_index().assign(units=found)
    top = float(curves.columns.max())
    within = np.isfinite(table["units"])
    return table.assign(factor=units / table["units"].fillna(np.inf).clip(upper=top), within=within)


def goal(published: Sweep, small: Small, error: float) -> pd.DataFrame:
    """Tuned units that bring a head's output to ``error``, beside what random units need.

    A head's curve is its median over seeds. Columns layer, head, units (infinite where the
    largest size is not enough) and closed_form, log10 of the published map's units for the same
    root mean square error.
    """
    rows = small.errors().query("map == @Landmarks.name")
    curves = rows.groupby(["layer", "head", "units"])["error"].median().unstack()
    units = curves.apply(lambda curve: crossing(curve.dropna(), error), axis=1)
    laws = published.laws.query("part == 'output' and input == 'MiniLM'")
    constant = laws.groupby(["layer", "head"])["log10_c"].median()
    return pd.DataFrame(
        {"units": units, "closed_form": 2 * (constant - np.log10(error))}
    ).reset_index()


def interval(table: pd.DataFrame, column: str, seed: int = 0, level: float = CONFIDENCE) -> tuple:
    """Median of a column over heads, with a bootstrap interval over seeds and heads.

    Seeds and heads are resampled, each as a whole: heads of one document are not independent.
    """
    wide = table.pivot_table(index="seed", columns=["layer", "head"], values=column).to_numpy()
    rng = np.random.default_rng(seed)
    drawn = [
        np.median(wide[np.ix_(rng.integers(0, n, n), rng.integers(0, h, h))])
        for n, h in [wide.shape] * 2000
    ]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(wide)), float(low), float(high)


def rank_correlation(left: pd.Series, right: pd.Series) -> float:
    """Spearman's, over the heads that both name."""
    both = pd.concat([left, right], axis=1, join="inner")
    return float(stats.spearmanr(both.iloc[:, 0], both.iloc[:, 1]).statistic)
