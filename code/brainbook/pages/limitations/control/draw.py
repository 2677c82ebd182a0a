"""Figures of the page limitations/control."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from .erasing import ERASED, ERASERS, EVERY, FRESH, KERNEL, LEAST, MEANS, SAME
from .steering import DIRECTION, STEERED, Steering

PROBES = {SAME: "transformer", FRESH: "brain", KERNEL: "hybrid"}


def _chance(ax: Axes) -> None:
    ax.axvline(0.5, color=style.colour("ink"), lw=0.8, ls=":")


def _mean_and_range(ax: Axes, values: pd.Series, height: float, shade: str, label=None) -> None:
    ax.plot([values.min(), values.max()], [height] * 2, color=shade, lw=2, alpha=0.4)
    ax.plot([values.mean()], [height], "o", ms=5, color=shade, label=label)


def draw_erasure(table: pd.DataFrame) -> Figure:
    """Page limitations/control, figure draw_erasure."""
    fig, (ax, price) = style.figure(1, 2, 3.8, sharey=True, width_ratios=(1.6, 1))
    names = list(ERASERS)[::-1]
    for height, name in enumerate(names):
        rows = table[table["eraser"] == name]
        for place, (probe, role) in enumerate(PROBES.items()):
            label = probe if height == 0 else None
            y = height + 0.22 * (1 - place)
            _mean_and_range(ax, rows[probe], y, style.colour(role), label)
        if rows["size"].any():  # zero has no place on a logarithmic axis
            _mean_and_range(price, 100 * rows["size"], height, style.colour("reference"))
    _chance(ax)
    ax.set(xlabel="balanced accuracy on held-out modules", xlim=(0.4, 1.0))
    ax.set_yticks(range(len(names)), names)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=8)
    price.set(xlabel="change (% of variance)", xscale="log")
    return fig


def draw_erasure_text(text: pd.DataFrame) -> Figure:
    """Page limitations/control, figure draw_erasure_text."""
    fig, axes = style.figure(1, 2, 3.4)
    axes[0].axhline(0.5, color=style.colour("ink"), lw=0.8, ls=":")
    for ax, column, factor in zip(axes, ("accuracy", "size"), (1, 100), strict=True):
        ends = []
        for name, role in ((LEAST, "brain"), (MEANS, "reference")):
            rows = text[text["eraser"] == name].groupby("share")
            x, shade = rows["passages"].mean(), style.colour(role)
            y = factor * rows[column].agg(["mean", "min", "max"])
            ax.fill_between(x, y["min"], y["max"], color=shade, alpha=0.2, lw=0)
            ax.plot(x, y["mean"], "o-", ms=4, color=shade)
            ends.append((name, x.iloc[-1], y["mean"].iloc[-1], shade))
        ax.set_xscale("log", base=2)
        ax.set_xticks(x, [f"{size:.0f}" for size in x])
        ax.set_xlabel("passages that the eraser knows")
        style.label_ends(ax, ends, gap=0.09)
    axes[0].set_ylabel("accuracy of a fresh linear probe")
    axes[1].set_ylabel("change (% of variance)")
    return fig


def draw_erasure_depth(depth: pd.DataFrame) -> Figure:
    """Page limitations/control, figure draw_erasure_depth."""
    fig, ax = style.figure(height=3.0)
    places = ("entering layer 0", "entering layer 3", "at the output")
    names = {EVERY: "at every layer"} | dict(zip(ERASED[::-1], places[::-1], strict=True))
    ends = {name: depth.loc[depth["layer"] == layer, "end"] for layer, name in names.items()}
    ends["not erased"] = depth.groupby("seed")["intact"].first()
    for height, (name, values) in enumerate(ends.items()):
        shade = style.colour("reference" if name == "not erased" else "brain")
        ax.plot(values, [height] * len(values), "o", ms=4, alpha=0.5, color=shade)
        ax.plot([values.mean()], [height], "|", ms=18, mew=2, color=shade)
    _chance(ax)
    ax.set_yticks(range(len(ends)), list(ends))
    ax.set(xlabel="accuracy of a fresh linear probe at the end", ylim=(-0.6, len(ends) - 0.4))
    return fig


def draw_steering(steering: Steering) -> Figure:
    """Page limitations/control, figure draw_steering."""
    fig, axes = style.figure(1, 3, 3.6)
    titles = {"logit": "probe (log odds)", "share": "neighbours turned", "kept": "order kept"}
    roles = dict(zip(STEERED, ("transformer", "hybrid", "brain"), strict=True))
    for ax, (column, title) in zip(axes, titles.items(), strict=True):
        for (layer, direction), rows in steering.table.groupby(["layer", "direction"]):
            y, shade = rows.groupby("strength")[column], style.colour(roles[layer])
            style_of_line, label = ":", None
            if direction == DIRECTION:
                style_of_line, label = "o-", f"layer {layer}"
                low, high = y.min(), y.max()
                ax.fill_between(low.index, low, high, color=shade, alpha=0.15, lw=0)
            middle = y.mean()
            ax.plot(middle.index, middle, style_of_line, ms=3, color=shade, label=label)
        ax.set(title=title, xlabel="strength")
    closed = steering.closed
    axes[0].plot(closed["strength"], closed["logit"], color=style.colour("ink"), lw=0.8)
    axes[1].legend(loc="upper left", fontsize=8)
    return fig
