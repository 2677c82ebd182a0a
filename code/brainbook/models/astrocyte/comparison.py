"""Every unbiased feature map on the same heads: error against hidden units.

Maps may know calibration passages, never the passage under test: they are made from one
problem, (passages, heads, N, d), and tried on others, (heads, N, d).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import HEADS
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.draws import Antithetic, Orthogonal, Simplex, Sobol
from brainbook.models.features.learned import Centred
from brainbook.models.features.maps import FeatureMap, Positive, Taylor, Trigonometric
from brainbook.models.features.unbiased import Optimal, Transformed, fit, fit_mixture

from .error import curve
from .sweep import place

COUPLED = (Antithetic(), Orthogonal(), Simplex(), Sobol())


def published_maps() -> list[FeatureMap]:
    """Maps that know no text: the published one first, then other draws, cosines and Taylor."""
    coupled = [Positive().drawn(draws) for draws in COUPLED]
    return [Positive(), *coupled, Trigonometric(), Taylor()]


def fitted_maps(calibration: Problem, centres: int = 512, seed: int = 0) -> list[FeatureMap]:
    """Unbiased maps fitted to calibration passages, from the least fitted to the most.

    ``seed`` chooses the pairs around which the mixture of ``centres`` lies.
    """
    query, key = calibration.query, calibration.key
    centred, optimal = Centred.fitted(query, key), Optimal.fitted(query, key)
    moved = Optimal.fitted(centred.moved_query(query), centred.moved_key(key))
    both = Transformed(centred.a.squeeze(-2), centred.b.squeeze(-2), base=moved)
    balanced = [
        fit(query, key, shape, attended)
        for shape in ("round", "optimal", "dense")
        for attended in (False, True)
    ]
    best = balanced[-1]
    return [
        centred,
        optimal,
        both,
        *balanced,
        *(best.drawn(draws) for draws in COUPLED),
        fit_mixture(query, key, centres, seeded(82, seed)),
    ]


def compare(
    problems: Mapping[int, Problem],
    maps: Iterable[FeatureMap],
    units: Sequence[int],
    per_layer: int = HEADS,
) -> pd.DataFrame:
    """Error of every map on every problem, one nested draw each.

    Parameters
    ----------
    problems : by seed, (layers x per_layer, N, d). The same seed draws from the same generator
        for every map.
    maps : those tried. One whose size is fixed by d is read at that size.
    units : numbers of hidden units.
    per_layer : heads of every layer.

    Columns
    -------
    map, unbiased, units, seed, layer, head, part, error.

    Raises
    ------
    ValueError : two maps have the same name, or as
        :func:`brainbook.models.astrocyte.circuit.circuit`.
    """
    maps = list(maps)
    names = [feature_map.name for feature_map in maps]
    if len(set(names)) < len(names):
        raise ValueError(f"maps: got the names {names}; every map needs its own")
    frames = []
    for feature_map in maps:
        for seed, problem in problems.items():
            fixed = isinstance(feature_map, Taylor)
            sizes = [Taylor.size(problem.query.shape[-1])] if fixed else units
            frame, _ = curve(problem, sizes, seeded(81, seed), feature_map)
            known = {"map": feature_map.name, "unbiased": feature_map.unbiased, "seed": seed}
            frames.append(place(frame, per_layer).assign(**known))
    columns = ["map", "unbiased", "units", "seed", "layer", "head", "part", "error"]
    return pd.concat(frames, ignore_index=True)[columns]


def crossing(line: pd.Series, error: float) -> float:
    """First size at which a curve is at ``error`` or below, by interpolation of logs."""
    below = (line <= error).to_numpy()
    if not below.any():
        return float("inf")
    first = int(below.argmax())
    if first == 0:
        return float(line.index[0])
    (left, right), (high, low) = line.index[first - 1 : first + 1], line.iloc[first - 1 : first + 1]
    share = np.log(high / error) / np.log(high / low)
    return float(left * (right / left) ** share)
