"""Figures of the page limitations/external_memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from brainbook.evidence import style

from .measure import ALL, BOTH, COUNTS, MEMORY, NETWORK, TASKS, TUNED

MODELS = {
    NETWORK: "transformer",
    MEMORY: "brain",
    TUNED: "hybrid",
    COUNTS: "reference",
    BOTH: "reference",
    ALL: "brain",
}
TICKS = (30, 60, 120, 240)


def draw_memory_models(memory: pd.DataFrame) -> Figure:
    """Page limitations/external_memory, figure draw_memory_models."""
    fig, axes = style.figure(1, 3, 3.8, sharey=True, sharex=True)
    names = list(MODELS)[::-1]
    for ax, task in zip(axes, TASKS, strict=True):
        rows = memory[(memory["task"] == task) & (memory["fraction"] == 1)]
        for height, name in enumerate(names):
            values, shade = rows[name].dropna(), style.colour(MODELS[name])
            ax.plot(values, np.full(len(values), height), "o", ms=4, alpha=0.5, color=shade)
            if len(values):
                ax.plot([values.mean()], [height], "|", ms=16, mew=2, color=shade)
        ax.set(xscale="log", xlabel="perplexity", title=task.replace(", ", ",\n"))
        ax.set_xticks(TICKS, [f"{tick}" for tick in TICKS])
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].set_yticks(range(len(names)), names)
    return fig


def draw_store_size(growing: pd.DataFrame) -> Figure:
    """Page limitations/external_memory, figure draw_store_size."""
    fig, ax = style.figure(height=3.6)
    by_size, ends = growing.groupby("fraction"), []
    stored = by_size["stored"].mean()
    for name, dash in ((NETWORK, ":"), (MEMORY, "-"), (COUNTS, "-"), (BOTH, "--")):
        values, shade = by_size[name], style.colour(MODELS[name])
        if name in (MEMORY, COUNTS):
            ax.fill_between(stored, values.min(), values.max(), color=shade, alpha=0.15, lw=0)
        ax.plot(stored, values.mean(), "o" + dash, ms=4, color=shade)
        ends.append((name, stored.iloc[-1], values.mean().iloc[-1], shade))
    ax.set(xscale="log", yscale="log", xlabel="positions in memory", ylabel="perplexity")
    ax.set_xticks(stored, [f"{size:,.0f}" for size in stored])
    ax.set_yticks(TICKS, [f"{tick}" for tick in TICKS])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    style.label_ends(ax, ends, gap=0.075)
    return fig
