"""All that the page limitations/plausibility measures, in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from brainbook.evidence.intervals import Interval, mean_interval

from .laws import Laws
from .likeness import Parts
from .measure import Rules

SPLITS = "splits"  # of the digits; they share images, so intervals are on the narrow side


@dataclass(frozen=True)
class Result:
    """What the functions ``measure_…`` return.

    Rules, two close rules over more splits, laws, attention, MiniLM, published values.
    """

    rules: Rules
    close: pd.DataFrame
    laws: Laws
    attention: pd.DataFrame
    minilm: Parts
    published: Mapping[str, float]


def gain(table: pd.DataFrame, better: str, worse: str, by: str, over: str = SPLITS) -> Interval:
    """Accuracy gained, in percentage points, paired by seed.

    Parameters
    ----------
    table : columns seed, accuracy, and the column ``by``.
    better, worse : values of that column.
    by : "rule" or "way".
    over : what a seed repeats, in the plural.
    """
    wide = 100 * table.pivot(index="seed", columns=by, values="accuracy")
    return mean_interval(wide[better] - wide[worse], over=over)
