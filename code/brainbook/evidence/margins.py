"""Half the 95% interval of a mean over independent seeds (Student's t)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95


def half_width(values: pd.Series) -> float:
    """Half the 95% interval of the mean over independent seeds (Student's t).

    Raises
    ------
    ValueError : fewer than three values.
    """
    if len(values) < 3:
        raise ValueError(f"seeds: got {len(values)}; a tolerance needs at least 3")
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return float(quantile * values.std() / np.sqrt(len(values)))
