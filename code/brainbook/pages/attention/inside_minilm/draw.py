"""Figures of the page attention/inside_minilm."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style
from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED

from .measure import GATED, LATERAL, Inside
from .replacing import INTACT, MEAN, UNIFORM
from .tasks import INPUTS, WORDS

LOOKS = {
    LATERAL: ("hybrid", "-"),
    GATED: ("hybrid", "--"),
    UNBIASED: ("transformer", "--"),
    PUBLISHED: ("brain", "-"),
}
LABELS = {LATERAL: LATERAL, GATED: GATED, UNBIASED: "best unbiased map", PUBLISHED: "published"}
LEFT = 13  # hidden units, where lines without any start
LEVELS = {
    INTACT: ("transformer", "-"),
    WORDS: ("reference", "--"),
    INPUTS: ("reference", "-."),
    MEAN: ("reference", "-"),
    UNIFORM: ("reference", ":"),
}


def _points(dash: str) -> dict:
    """Full markers on full lines, hollow ones on broken lines."""
    return {"marker": "o", "ms": 4, "mfc": None if dash == "-" else "none"}


def _inner(name: str, dash: str, shade: str) -> str:
    """Hollow points for the second kind of a colour; what has no line has full ones."""
    return shade if dash == "-" or name in LEVELS else "none"


def _units_axis(ax: Axes, largest: float, room: float) -> None:
    ax.set(xscale="log", xlim=(LEFT, room * largest), xlabel="hidden units a head")
    ticks = [size for size in (16, 100, 625, 3750) if size <= 1.5 * largest]
    ax.set_xticks(ticks, [f"{size:,}" for size in ticks])
    ax.minorticks_off()


def draw_inside_retrieval(result: Inside) -> Figure:
    """Page attention/inside_minilm, figure draw_inside_retrieval: finding what belongs together.

    A row a setting; the interval stands at the difference whose interval it is.
    """
    rows = result.summary[result.summary["measure"] == "MRR"].set_index(["heads", "units"])
    order = [one for name in (*LOOKS, *LEVELS) for one in rows.index if one[0] == name]
    fig, (ax, plot) = style.figure(1, 2, height=4.6, sharey=True)
    for height, (name, units) in enumerate(reversed(order)):
        role, dash = (LOOKS | LEVELS)[name]
        row, shade = rows.loc[(name, units)], style.colour(role)
        mark = {"color": shade, "marker": "o", "ms": 4, "mfc": _inner(name, dash, shade)}
        ax.plot([row["lowest"], row["highest"]], [height] * 2, color=shade, lw=1)
        ax.plot(row["mean"], height, **mark)
        if name != INTACT:
            plot.errorbar(row["lost"], height, xerr=row["half"], elinewidth=1, **mark)
    names = [f"{LABELS.get(name, name)}, {units:,}" if units else name for name, units in order]
    ax.set_yticks(range(len(order)), names[::-1])
    ax.set(xlabel="MRR")
    plot.axvline(0, color=style.colour("ink"), lw=1)
    plot.set(xlabel="MRR below the intact model")
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
    for name in (MEAN, UNIFORM):
        alone, shade = rows.loc[rows["heads"] == name, "value"].median(), style.colour("reference")
        ax.plot([LEFT, largest], [alone] * 2, color=shade, ls=LEVELS[name][1])
        ends.append((name, largest, alone, shade))
    ax.set(ylim=(0.3, 1.02), ylabel="cosine to the intact model")
    style.label_ends(ax, [end for end in ends if end[1] == largest])
    for label, x, y, shade in ends:
        if x < largest:  # tried at one size only
            ax.text(0.9 * x, y - 0.09, label, color=shade, ha="right", fontsize=9)
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
        (MEAN, 0, "-"),
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
            label = {LATERAL: "tuned", MEAN: "mean"}[name]
            ends.append(
                curves.over_seeds(ax, rows, "layer", role, label, column, ls=dash, marker="o")
            )
        ax.set(xlim=(-0.3, 6.8), title=title, xlabel="layer replaced", xticks=range(6))
        style.label_ends(ax, ends, gap=0.08)
    return fig
