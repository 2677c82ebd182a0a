"""Figures of the page limitations/control."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import style

from .erasing import ERASERS, EVERY, FRESH, KERNEL, LEAST, MEANS, SAME
from .measure import ERASED, STEERED, STRENGTHS

PROBES = {SAME: "transformer", FRESH: "brain", KERNEL: "hybrid"}


def draw_erasure(table: pd.DataFrame) -> Figure:
    """Page limitations/control, figure draw_erasure."""
    fig, (ax, price) = style.figure(1, 2, 3.8, sharey=True, width_ratios=(1.6, 1))
    names = list(ERASERS)[::-1]
    for place, (probe, role) in enumerate(PROBES.items()):
        for height, name in enumerate(names):
            values = table.loc[table["eraser"] == name, probe]
            y, shade = height + 0.22 * (1 - place), style.colour(role)
            ax.plot([values.min(), values.max()], [y, y], color=shade, lw=2, alpha=0.4)
            ax.plot([values.mean()], [y], "o", ms=5, color=shade,
                    label=probe if height == 0 else None)  # fmt: skip
    ax.axvline(0.5, color=style.colour("ink"), lw=0.8, ls=":")
    ax.set(xlabel="balanced accuracy on held-out modules", xlim=(0.4, 1.0))
    ax.set_yticks(range(len(names)), names)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=8)
    sizes = table.groupby("eraser")["size"]
    for height, name in enumerate(names[:-1]):
        low, middle, high = (100 * getattr(sizes, kind)()[name] for kind in ("min", "mean", "max"))
        price.plot([low, high], [height] * 2, color=style.colour("reference"), lw=2, alpha=0.4)
        price.plot([middle], [height], "o", ms=5, color=style.colour("reference"))
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
            found = factor * rows[column].agg(["mean", "min", "max"])
            ax.fill_between(x, found["min"], found["max"], color=shade, alpha=0.2, lw=0)
            ax.plot(x, found["mean"], "o-", ms=4, color=shade)
            ends.append((name, x.iloc[-1], found["mean"].iloc[-1], shade))
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
    names = {EVERY: "at every layer"} | {n: f"entering layer {n}" for n in ERASED[::-1]}
    for height, layer in enumerate(names):
        values = depth.loc[depth["layer"] == layer, "end"]
        ax.plot(values, [height] * len(values), "o", ms=4, alpha=0.5, color=style.colour("brain"))
        ax.plot([values.mean()], [height], "|", ms=18, mew=2, color=style.colour("brain"))
    intact, grey = depth.groupby("seed")["intact"].first(), style.colour("reference")
    ax.plot(intact, [len(names)] * len(intact), "o", ms=4, alpha=0.5, color=grey)
    ax.plot([intact.mean()], [len(names)], "|", ms=18, mew=2, color=grey)
    ax.axvline(0.5, color=style.colour("ink"), lw=0.8, ls=":")
    ax.set_yticks(range(len(names) + 1), [*names.values(), "not erased"])
    ax.set(xlabel="accuracy of a fresh linear probe at the end", ylim=(-0.6, len(names) + 0.6))
    return fig


def draw_steering(steer: pd.DataFrame) -> Figure:
    """Page limitations/control, figure draw_steering."""
    fig, axes = style.figure(1, 3, 3.6)
    titles = {"logit": "probe (log odds)", "share": "neighbours turned", "kept": "order kept"}
    roles = dict(zip(STEERED, ("transformer", "hybrid", "brain"), strict=True))
    for ax, (column, title) in zip(axes, titles.items(), strict=True):
        for (layer, direction), rows in steer.groupby(["layer", "direction"]):
            found, shade = rows.groupby("strength")[column], style.colour(roles[layer])
            middle, known = found.mean(), direction == "means"
            if known:
                ax.fill_between(
                    middle.index, found.min(), found.max(), color=shade, alpha=0.15, lw=0
                )
            ax.plot(middle.index, middle, "o-" if known else ":", ms=3, color=shade,
                    label=f"layer {layer}" if known else None)  # fmt: skip
        ax.set(title=title, xlabel="strength")
    still = steer[(steer["strength"] == 0)]["logit"].mean()
    last = steer[(steer["layer"] == STEERED[-1]) & (steer["direction"] == "means")]["slope"].mean()
    line = np.array(STRENGTHS[:1] + STRENGTHS[-1:])
    axes[0].plot(line, still + last * line, color=style.colour("ink"), lw=0.8)
    axes[1].legend(loc="upper left", fontsize=8)
    return fig
