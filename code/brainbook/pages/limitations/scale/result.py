"""All that the page limitations/scale measures, in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from .collapse import Growth
from .measure import Counts, LinearCounts


@dataclass(frozen=True)
class Result:
    """What the functions ``measure_…`` of the same names return."""

    counts: Counts
    linear: LinearCounts
    costs: pd.DataFrame
    exponents: pd.DataFrame
    collapse: pd.DataFrame
    growth: Growth
    one_layer: pd.DataFrame
    sharpness: pd.DataFrame
    gaps: Mapping[str, float]
