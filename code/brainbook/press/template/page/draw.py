"""Figures of page SECTION/PAGE."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import curves, style


def draw_SECTION_PAGE(means: pd.DataFrame) -> Figure:
    """Page SECTION/PAGE: REPLACE: error against size, median and range over seeds."""
    fig, ax = style.figure()
    curves.over_seeds(ax, means, "size", "reference")
    ax.set(xscale="log", yscale="log", xlabel="numbers in a sample", ylabel="error of the mean")
    return fig
