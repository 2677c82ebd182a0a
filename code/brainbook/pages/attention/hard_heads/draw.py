"""Figures of the page attention/hard_heads."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from brainbook.evidence import curves, style

from .difficulty import PLACE
from .learning import METHODS
from .meaning import LABELS, MAPS
from .measure import HardHeads
from .stretching import FACTORS

WORDS = {  # quantity: how a reader calls it
    "predicted": "predicted error",
    "unreached": "share of a query left over",
    "scatter": "squared length of q + k",
    "query_norm": "length of queries",
    "key_norm": "length of keys",
    "perplexity": "keys attended to",
    "log10_functions": "functions asked for",
    "reach": "scatter of queries",
    "dimension": "directions of queries",
    "output_rank": "rank of the output",
    "truncated_rank": "rank for a 10% error",
    "entropy_rank": "rank of attention, entropy",
    "stable_rank": "rank of attention, stable",
}
SPLITS = {"test": "held-out", "calibration": "known"}


def draw_difficulty(result: HardHeads) -> Figure:
    """Page attention/hard_heads, figure draw_difficulty: what goes with error, what predicts."""
    table, within = result.order.iloc[::-1], result.order_within
    fig, (ax, plot) = style.figure(1, 2, height=4.4, width_ratios=[1, 1.1])
    place = pd.Series(range(len(table)), index=table["quantity"])
    shade = style.colour("transformer")
    looks = {"all heads": (table, shade, 0.15), "within a layer": (within, "none", -0.15)}
    for height, (label, (rows, inner, shift)) in enumerate(looks.items()):
        at = rows["quantity"].map(place) + shift
        ax.hlines(at, rows["low"], rows["high"], color=shade, lw=1)
        ax.plot(rows["rho"], at, "o", ms=4, color=shade, mfc=inner)
        ax.scatter(-0.93, 1.6 - height, s=16, edgecolors=shade, facecolors=inner)
        ax.text(-0.87, 1.6 - height, label, color=shade, fontsize=8, va="center")
    ax.axvline(0, color=style.colour("ink"), lw=1)
    ax.set_yticks(place, [WORDS[one] for one in place.index])
    ax.set(xlabel="rank correlation", xlim=(-1, 1))
    ax.set_title("of a head's error with …")
    middle = result.heads.groupby(PLACE)[["predicted", "error"]].median()
    plot.loglog(middle["predicted"], middle["error"], "o", ms=4, color=style.colour("transformer"))
    ends, ticks = [0.02, 1.0], [0.05, 0.1, 0.2, 0.5]
    plot.loglog(ends, ends, color=style.colour("reference"), lw=1)
    plot.text(0.48, 0.36, "equal", color=style.colour("reference"))
    plot.set(xlabel="predicted, nothing fitted", ylabel="measured", xlim=ends, ylim=ends)
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    plot.set_title("output error of a head")
    return fig


def draw_stretched(result: HardHeads) -> Figure:
    """Page attention/hard_heads, figure draw_stretched: the same heads with longer queries."""
    rows = result.stretched
    fig, (ax, plot) = style.figure(1, 2, height=3.2)
    ends = []
    for column, role in (("error", "transformer"), ("predicted", "reference")):
        label = {"error": "measured"}.get(column, column)
        ends.append(curves.over_seeds(ax, rows, "factor", role, label, column, marker="o", ms=3))
    curves.over_seeds(plot, rows, "factor", "transformer", "", "perplexity", marker="o", ms=3)
    labels = {ax: "relative error of the output", plot: "keys attended to"}
    for one, label in labels.items():
        one.set(xscale="log", yscale="log", xlabel="length of queries (factor)", ylabel=label)
        one.set_xticks(FACTORS, [f"{factor:g}" for factor in FACTORS])
    ax.set_xlim(right=max(FACTORS) * 1.9)
    ax.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
    plot.set_yticks([20, 50, 100, 200], ["20", "50", "100", "200"])
    for one in (ax, plot):
        one.minorticks_off()
    style.label_ends(ax, ends)
    return fig


def draw_rank_bounds(result: HardHeads) -> Figure:
    """Page attention/hard_heads, figure draw_rank_bounds: units that a knowing circuit needs."""
    fig, ax = style.figure(height=3.2)
    columns = ["error", "output_rank", "truncated_rank"]
    middle = result.bounds.groupby(PLACE)[columns].median().sort_values("error")
    shade = style.colour("transformer")
    kinds = {
        "truncated_rank": ("o", shade, "knows the attention"),
        "output_rank": ("s", "none", "knows attention and values"),
    }
    left, right = middle["error"].iloc[[0, -1]]
    ends = []
    for column, (marker, inner, label) in kinds.items():
        ax.plot(middle["error"], middle[column], marker, ms=4, color=shade, mfc=inner)
        ends.append((label, right, middle[column].iloc[-1], shade))
    shade = style.colour("reference")
    ax.plot([left, right], [result.units] * 2, color=shade, lw=1.1, ls="--")
    ends.append(("units of the tuned circuit", right, result.units, shade))
    ax.set(xscale="log", yscale="log", xlabel="measured error of tuned units", xlim=(None, 4))
    ax.set_ylabel("units for an error of 0.1")
    ax.set_xticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
    ax.set_yticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
    ax.set_ylim(4, 1.6 * result.units)
    ax.minorticks_off()
    style.label_ends(ax, ends)
    return fig


def draw_meaning(result: HardHeads) -> Figure:
    """Page attention/hard_heads, figure draw_meaning: shared information by layer."""
    colours = dict(zip(MAPS, (style.colour("hybrid"), style.colour("reference")), strict=True))
    layers = result.meaning_by_layer.set_index(["label", "map"])
    fig, axes = style.figure(1, len(LABELS), height=3.2, sharey=True)
    for ax, label in zip(axes, LABELS, strict=True):
        for kind, shade in colours.items():
            rows = layers.loc[label, kind]
            ax.fill_between(rows["layer"], rows["low"], rows["high"], color=shade, alpha=0.25, lw=0)
            ax.plot(rows["layer"], rows["middle"], color=shade)
        ax.set_title(label)
        ax.set(xlabel="layer", xticks=range(6), ylim=(0, 1))
    axes[0].set_ylabel("information shared with the unit")
    for height, (kind, shade) in zip((0.94, 0.86), colours.items(), strict=True):
        axes[-1].text(0.97, height, kind, transform=axes[-1].transAxes, color=shade, ha="right")
    return fig


def draw_learned_ways(result: HardHeads) -> Figure:
    """Page attention/hard_heads, figure draw_learned_ways: known and held-out text, by method."""
    rows = result.learned
    budgets, methods = sorted(rows["steps"].unique()), METHODS[::-1]
    error = rows.groupby(["steps", "method", "split", "layer", "head"])["error"].median()
    place = {method: height for height, method in enumerate(methods)}
    shade = style.colour("hybrid")
    looks = dict(zip(SPLITS, ((shade, 0.12), ("none", -0.12)), strict=True))
    fig, axes = style.figure(1, len(budgets), height=2.8, sharex=True, sharey=True, squeeze=False)
    for ax, steps in zip(axes[0], budgets, strict=True):
        for split, (inner, shift) in looks.items():
            for method, height in place.items():
                heads = error[steps, method, split]
                at = [height + shift] * len(heads)
                ax.plot(heads, at, "o", ms=4, color=shade, mfc=inner, alpha=0.8)
        ax.set_title(f"{steps} steps of gradient")
        ax.set(xlabel="output error of a head", xlim=(0, error.max() * 1.05))
    axes[0, 0].set_yticks(list(place.values()), list(place))
    right = error.max()
    for split, (inner, height) in looks.items():
        axes[0, 0].scatter(0.72 * right, 1.6 * height, s=16, edgecolors=shade, facecolors=inner)
        words = {"va": "center", "fontsize": 8, "color": shade}
        axes[0, 0].text(0.75 * right, 1.6 * height, SPLITS[split], **words)
    return fig
