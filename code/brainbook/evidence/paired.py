"""Intervals of a mean over few repetitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

LEVEL = 0.95


def half_width(values: Sequence[float], level: float = LEVEL) -> float:
    """Half the confidence interval of the mean, by Student's t.

    Raises
    ------
    ValueError : fewer than two values, or a level that is not between 0 and 1.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        raise ValueError(f"values: got {len(values)}; an interval needs at least 2")
    if not 0 < level < 1:
        raise ValueError(f"level: got {level}; must lie between 0 and 1")
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(t.ppf(0.5 + level / 2, len(values) - 1) * error)
