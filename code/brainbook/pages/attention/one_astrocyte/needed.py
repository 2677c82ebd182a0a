"""How many tuned units a head needs, and how many random units that saves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.intervals import CONFIDENCE
from brainbook.models.astrocyte.comparison import crossing
from brainbook.models.astrocyte.sweep import PUBLISHED, Sweep, log10_units
from brainbook.models.features.landmarks import Landmarks

from .sweeps import TunedSweep

GOAL = 0.1  # relative error of a head's output


def measure_saved(
    published: Sweep, tuned: TunedSweep, units: int = PUBLISHED[1], map_name: str = Landmarks.name
) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_needed: tuned units in place of random ones.

    On every document and head: how many tuned units err as much as ``units`` random ones do?
    Read off the measured curve, in logs.

    Columns
    -------
    seed, layer, head.
    error : of ``units`` random units.
    units : tuned units with that error; infinite where the curve does not come down to it, and
        the smallest size where that does as well already.
    factor : random units over tuned ones: at most, where the curve does not come down to the
        error; at least, where the smallest size does as well already.
    within : whether the curve comes down to the error.
    """
    at = published.rows("output").query("units == @units")
    target = at.set_index(["seed", "layer", "head"])["error"]
    rows = tuned.of(map_name)
    curves = rows.groupby(["seed", "layer", "head", "units"])["error"].mean().unstack()
    shared = curves.index.intersection(target.index)
    needed = [crossing(curves.loc[key].dropna(), target.loc[key]) for key in shared]
    table = target.loc[shared].reset_index().assign(units=needed)
    within = np.isfinite(table["units"])
    return table.assign(factor=units / table["units"].clip(upper=tuned.largest), within=within)


def measure_needed(published: Sweep, tuned: TunedSweep, error: float = GOAL) -> pd.DataFrame:
    """Page attention/one_astrocyte, figure draw_needed: units for an error, a row a head.

    A head's curve is its median over documents.

    Columns
    -------
    layer, head.
    units : tuned units; infinite where the largest size is not enough.
    closed_form : log10 of the random units with ``error`` as root mean square.
    """
    place = ["layer", "head"]
    curves = tuned.of(Landmarks.name).groupby([*place, "units"])["error"].median().unstack()
    units = curves.apply(lambda curve: crossing(curve.dropna(), error), axis=1)
    laws = published.laws.query("part == 'output' and input == 'MiniLM'")
    log10_c = laws.groupby(place)["log10_c"].median()
    return pd.DataFrame({"units": units, "closed_form": log10_units(log10_c, error)}).reset_index()


def bootstrapped_median(
    table: pd.DataFrame, column: str, seed: int = 0, confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """Median of a column over documents and heads, and the ends of its bootstrap interval.

    Documents and heads are resampled, each as a whole: heads of one document are not independent.
    """
    wide = table.pivot_table(index="seed", columns=["layer", "head"], values=column).to_numpy()
    rng, (documents, heads) = np.random.default_rng(seed), wide.shape
    medians = [
        np.median(
            wide[np.ix_(rng.integers(0, documents, documents), rng.integers(0, heads, heads))]
        )
        for _ in range(2000)
    ]
    low, high = np.quantile(medians, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(np.median(wide)), float(low), float(high)
