"""Claims of page SECTION/PAGE."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim, law
from brainbook.evidence.intervals import log_slope, mean_interval


def claims(means: pd.DataFrame) -> list[Claim]:
    """Page SECTION/PAGE: what ``measure_SECTION_PAGE`` gave, against the closed form."""
    errors = means.pivot(index="seed", columns="size", values="error")  # (seeds, sizes)
    return [
        law(
            "SECTION-PAGE-slope",
            "REPLACE: The error of a mean of n independent numbers falls as n^(-1/2).",
            mean_interval(log_slope(errors.columns, errors), over="seeds"),
            expected=-0.5,
            precision=0.05,  # a slope of -0.45 would refute it
            source="standard error: n^(-1/2)",
        )
    ]
