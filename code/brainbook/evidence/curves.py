"""Curves over seeds, levels and published ranges: the parts that many figures share.

Rows are a long frame with a column ``seed``, a column for x and one for y, and any number of rows
per seed and x, for instance one a head.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from . import style


def over_seeds(
    ax: Axes, rows: pd.DataFrame, x: str, role: str, label: str = "", y: str = "error", **line
) -> tuple[str, float, float, str]:
    """Median over seeds of the median row, with the range over seeds as a band.

    Returns what ``style.label_ends`` needs to write ``label`` beside the end.

    Raises
    ------
    ValueError : ``rows`` is empty.
    """
    if rows.empty:
        raise ValueError(f"rows: got none for {label!r}; a curve needs at least one")
    curves = rows.groupby(["seed", x])[y].median().unstack(x)
    shade, middle = style.colour(role), curves.median()
    ax.fill_between(curves.columns, curves.min(), curves.max(), color=shade, alpha=0.25, lw=0)
    ax.plot(curves.columns, middle, color=shade, **line)
    return label, float(curves.columns[-1]), float(middle.iloc[-1]), shade


def level(ax: Axes, height: float, label: str, right: float) -> tuple[str, float, float, str]:
    """Dashed line across the axes for a value that does not depend on x; for label_ends too."""
    shade = style.colour("reference")
    ax.axhline(height, color=shade, lw=1.1, ls="--")
    return label, right, height, shade


def ranges(ax: Axes, published: dict[str, tuple[float, float]]) -> None:
    """Grey bands along a logarithmic x axis from low to high, named at the top."""
    for label, (low, high) in published.items():
        ax.axvspan(low, high, color=style.colour("reference"), alpha=0.18, lw=0)
        place = {"x": np.sqrt(low * high), "y": 0.99, "ha": "center", "va": "top"}
        ax.text(s=label, fontsize=8, transform=ax.get_xaxis_transform(), **place)
