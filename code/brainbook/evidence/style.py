"""How every figure looks: one palette with a meaning, on a light and on a dark page.

Colours are from Okabe and Ito's set, chosen to stay apart under the common forms of colour
blindness; each of the book's four protagonists has one. Ask for a colour while drawing, with
``colour("brain")``: the answer depends on the page's background.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = {
    "light": {
        "brain": "#C14F00",
        "transformer": "#0072B2",
        "spiking": "#00805E",
        "hybrid": "#A3447D",
        "reference": "#555555",
        "ink": "#1F1F1F",
        "faint": "#D8D8D8",
    },
    "dark": {
        "brain": "#FF8A3D",
        "transformer": "#56B4E9",
        "spiking": "#2BC79A",
        "hybrid": "#E08CBB",
        "reference": "#B0B0B0",
        "ink": "#E6E6E6",
        "faint": "#4A4A4A",
    },
}
WIDTH = 7.0
_theme: ContextVar[str] = ContextVar("theme", default="light")


def colour(role: str) -> str:
    """Hex colour of a role on the current background.

    Raises
    ------
    ValueError : the role is not in the palette.
    """
    palette = PALETTE[_theme.get()]
    if role not in palette:
        raise ValueError(f"role: got {role!r}; allowed are {tuple(palette)}")
    return palette[role]


@contextmanager
def theme(name: str):
    """Draw for a ``light`` or a ``dark`` page inside this context.

    Raises
    ------
    ValueError : another name.
    """
    if name not in PALETTE:
        raise ValueError(f"theme: got {name!r}; allowed are {tuple(PALETTE)}")
    token = _theme.set(name)
    ink, faint = colour("ink"), colour("faint")
    settings = {
        "figure.figsize": (WIDTH, 4.2),
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "savefig.edgecolor": "none",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": ink,
        "axes.labelcolor": ink,
        "text.color": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": faint,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.8,
        "legend.frameon": False,
        "svg.hashsalt": "brainbook",
        "svg.fonttype": "path",
        "axes.prop_cycle": mpl.cycler(  # type: ignore[attr-defined]
            color=[colour(r) for r in ("transformer", "brain", "spiking", "hybrid", "reference")]
        ),
    }
    try:
        with mpl.rc_context(settings):
            yield
    finally:
        _theme.reset(token)


def figure(rows: int = 1, columns: int = 1, height: float = 4.2, **subplots) -> tuple[Figure, Any]:
    """A figure of the book's width (inches), with its axes or an array of them.

    It stands outside pyplot's registry.
    """
    fig = Figure(figsize=(WIDTH, height), layout="constrained")
    return fig, fig.subplots(rows, columns, **subplots)


def label_ends(ax: Axes, ends: list[tuple[str, float, float, str]], gap: float = 0.055) -> None:
    """Write labels beside the ends of lines, moved apart where they would overlap.

    ``ends`` holds (text, x, y, colour) in data coordinates; ``gap`` is the least distance
    between two labels, as a fraction of the axes' height. Call it after the limits are set.
    """
    to_axes = ax.transData + ax.transAxes.inverted()
    placed = sorted(
        ((to_axes.transform((x, y)), text, shade) for text, x, y, shade in ends),
        key=lambda item: item[0][1],
    )
    heights = np.array([point[1] for point, _, _ in placed], dtype=float)
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    overflow = max(0.0, heights[-1] - 1.0) if len(heights) else 0.0
    heights -= overflow
    for (point, text, shade), height in zip(placed, heights, strict=True):
        ax.annotate(
            text,
            xy=(point[0], height),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            color=shade,
            va="center",
            annotation_clip=False,
        )
