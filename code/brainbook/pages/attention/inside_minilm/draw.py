"""Figures of the page attention/inside_minilm."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style
from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED

from .measure import GATED, LATERAL, Inside
from .replacing import INTACT, UNIFORM
from .tasks import INPUTS, WORDS

LOOKS = {
    LATERAL: ("hybrid", "-"),
    GATED: ("hybrid", "--"),
    UNBIASED: ("transformer", "--"),
    PUBLISHED: ("brain", "-"),
}
LABELS = {LATERAL: LATERAL, GATED: GATED, UNBIASED: "best unbiased map", PUBLISHED: "published"}
LEFT = 11  # hidden units, where the axis starts
LEVELS = {
    INTACT: ("transformer", "-"),
    WORDS: ("reference", "--"),
    INPUTS: ("reference", "-."),
    UNIFORM: ("reference", ":"),
}


def _points(dash: str) -> dict:
    """Full markers on full lines, hollow ones on broken lines."""
    return {"marker": "o", "ms": 4, "mfc": None if dash == "-" else "none"}


def _units_axis(ax: Axes, largest: float, room: float) -> None:
    ax.set(xscale="log", xlim=(LEFT, room * largest), xlabel="hidden units a head")
    ticks = [size for size in (16, 100, 625, 3750) if size <= 1.5 * largest]
    ax.set_xticks(ticks, [f"{size:,}" for size in ticks])
    ax.minorticks_off()


def _cell(ax: Axes, cell: tuple[int, int], largest: float) -> None:
    """The rodent budget, as far as the axis goes."""
    low, high = cell
    curves.ranges(ax, {"rodent": (low, min(high, max(1.5 * low, 2 * largest)))})


def _levels(ax: Axes, rows: pd.DataFrame, right: float) -> list[tuple]:
    """Horizontal lines for what has no hidden units, and where their labels go."""
    ends = []
    for name, (role, dash) in LEVELS.items():
        height = float(rows.loc[rows["heads"] == name, "mean"].iloc[0])
        ax.plot([LEFT, right], [height] * 2, color=style.colour(role), ls=dash, lw=1.3)
        ends.append((name, right, height, style.colour(role)))
    return ends


def draw_inside_retrieval(result: Inside) -> Figure:
    """Page attention/inside_minilm, figure draw_inside_retrieval: finding what belongs together."""
    summary, largest, right = result.summary, result.largest, 2 * result.largest
    fig, axes = style.figure(1, 2, height=4.4, width_ratios=[1, 1.8])
    for ax, measure, room in zip(axes, ("recall at 1", "MRR"), (2, 90), strict=True):
        rows = summary[summary["measure"] == measure]
        _units_axis(ax, largest, room)
        ends = _levels(ax, rows, right)
        for place, (name, (role, dash)) in enumerate(LOOKS.items()):
            part, shade = rows[rows["heads"] == name], style.colour(role)
            beside = part["units"] * 1.09 ** (place - 1.5)
            line = {"color": shade, "ls": dash, "elinewidth": 0.9} | _points(dash)
            ax.errorbar(beside, part["mean"], yerr=part["half"], **line)
            ends.append((LABELS[name], right, part["mean"].iloc[-1], shade))
        low, high = (rows["mean"] - rows["half"]).min(), (rows["mean"] + rows["half"]).max()
        ax.set(ylim=(low - 0.03, high + 0.06), ylabel=measure)
        _cell(ax, result.cell, largest)
    style.label_ends(axes[1], ends, gap=0.05)
    return fig


def draw_inside_agreement(result: Inside) -> Figure:
    """Page attention/inside_minilm, figure draw_inside_agreement: saying the same as before."""
    fig, (ax, plot) = style.figure(1, 2, height=3.8, width_ratios=[1.75, 1])
    largest = result.largest
    _units_axis(ax, largest, 60)
    rows = result.replaced.frame.query("measure == 'cosine'")
    ends = []
    for name, (role, dash) in LOOKS.items():
        own = rows[rows["heads"] == name]
        ends.append(
            curves.over_seeds(
                ax, own, "units", role, LABELS[name], "value", ls=dash, **_points(dash)
            )
        )
    alone = rows.loc[rows["heads"] == UNIFORM, "value"].median()
    ax.plot([13, largest], [alone] * 2, color=style.colour("reference"), ls=":")
    ends.append((UNIFORM, largest, alone, style.colour("reference")))
    ax.set(ylim=(0.3, 1.02), ylabel="cosine to the intact model")
    style.label_ends(ax, [(t, largest, y, c) for t, _, y, c in ends])
    means = result.table.set_index("heads")
    for name, (role, dash) in (LOOKS | LEVELS).items():
        points, shade = means.loc[[name]], style.colour(role)
        inner = shade if dash == "-" else "none"
        plot.scatter(points["cosine"], points["MRR"], s=24, edgecolors=shade, facecolors=inner)
    plot.set(xlabel="cosine to the intact model", ylabel="MRR", xlim=(0.3, 1.05))
    return fig


def draw_inside_drift(result: Inside) -> Figure:
    """Page attention/inside_minilm, figure draw_inside_drift: errors from layer to layer."""
    fig, ax = style.figure(height=4)
    drift = result.replaced.drift
    shown = (
        (UNIFORM, 0, ":"),
        (PUBLISHED, result.largest, "-"),
        (UNBIASED, result.largest, "--"),
        (LATERAL, result.few, ":"),
        (LATERAL, result.middle, "--"),
        (LATERAL, result.largest, "-"),
    )
    ends = []
    for name, units, dash in shown:
        rows = drift.query("heads == @name and units == @units")
        label = f"{LABELS[name]}, {units:,}" if units else name
        role = (LOOKS | LEVELS)[name][0]
        ends.append(curves.over_seeds(ax, rows, "layer", role, label, ls=dash))
    layers = sorted(drift["layer"].unique())
    ax.set(xlim=(0, 1.55 * layers[-1]), ylim=(0, 1), ylabel="relative error of the state")
    ax.set_xticks(layers, [str(layer) for layer in layers])
    ax.set_xlabel("layers passed")
    style.label_ends(ax, ends)
    return fig


def draw_inside_layers(result: Inside) -> Figure:
    """Page attention/inside_minilm, figure draw_inside_layers: which layer hurts most."""
    layers = result.layers
    fig, axes = style.figure(1, 2, height=3.2, sharey=True)
    axes[0].set(ylim=(0, 1.1 * layers[["own", "end"]].max().max()), ylabel="relative error")
    told = {"own": "error of that layer's output", "end": "error of the model's output"}
    for ax, (column, title) in zip(axes, told.items(), strict=True):
        ends = []
        for name, rows in layers.groupby("heads", sort=False):
            role, dash = (LOOKS | LEVELS)[name]
            label = {LATERAL: "tuned", UNIFORM: "uniform"}[name]
            ends.append(
                curves.over_seeds(ax, rows, "layer", role, label, column, ls=dash, marker="o")
            )
        ax.set(xlim=(-0.3, 6.8), title=title, xlabel="layer replaced", xticks=range(6))
        style.label_ends(ax, ends, gap=0.08)
    return fig
