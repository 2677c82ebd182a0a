"""Figures of the page limitations/spiking."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style

from .measure import TITLES, BreakEven, means

MARKS = {
    "perceptron": ("reference", "o", "perceptron"),
    "spiking": ("spiking", "D", "spiking"),
    "rate-coded": ("spiking", "s", "spiking, rate-coded input"),
    "transformer": ("transformer", "^", "transformer"),
}
PANELS = {"accuracy": "accuracy (%)", "rate": "spikes per step", "energy": "energy (nJ)"}
PAID = {"fp32-memory": "fp32", "int8-memory": "int8", "loihi": "Loihi"}


def draw_accuracy_energy(networks: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_accuracy_energy."""
    fig, axes = style.figure(3, 2, 8.2, sharey=True)
    table = means(networks)
    for ax, (name, title) in zip(axes.flat, TITLES.items(), strict=True):
        for family, (role, marker, label) in MARKS.items():
            rows, shade = table.loc[name, family].sort_values("central"), style.colour(role)
            energy, percent = rows["central"], rows["percent"]
            ax.errorbar(
                energy,
                percent,
                xerr=[energy - rows["low"], rows["high"] - energy],
                yerr=rows["half_width"],
                fmt=marker,
                ms=5,
                lw=1,
                color=shade,
                mfc="none" if family == "rate-coded" else shade,
                label=label,
            )
            ax.step(energy, percent.cummax(), where="post", lw=1.2, color=shade)
        ax.set(xscale="log", title=title)
    axes[0, 0].legend(loc="lower right", fontsize=8)
    fig.supxlabel("energy per image (nJ)", fontsize=10)
    fig.supylabel("accuracy on held-out digits (%)", fontsize=10)
    return fig


def _curve(ax: Axes, rows: pd.DataFrame, column: str, label: str, line: str = "-") -> None:
    """Median and range over seeds against time steps, named at its start."""
    curves.over_seeds(ax, rows, "timesteps", "spiking", y=column, ls=line, marker="o", ms=4)
    first = rows[rows["timesteps"] == rows["timesteps"].min()]
    start = (first["timesteps"].iloc[0], first[column].median())
    shade = style.colour("spiking")
    ax.annotate(label, start, (4, 7), textcoords="offset points", color=shade, fontsize=8)


def _level(ax: Axes, seeds: pd.Series, label: str) -> None:
    """Median and range over seeds of what has no time steps, named at the left."""
    grey, height = style.colour("reference"), seeds.median()
    ax.axhline(height, color=grey, ls="--", lw=1)
    ax.axhspan(seeds.min(), seeds.max(), color=grey, alpha=0.15, lw=0)
    ax.annotate(label, (1, height), (3, 3), textcoords="offset points", color=grey, fontsize=8)


def draw_time_steps(steps: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_time_steps."""
    fig, axes = style.figure(1, 3, 3.4)
    accuracy, rate, energy = axes
    steps = steps.assign(percent=100 * steps["accuracy"])
    dense, spiking = (steps[steps["family"] == family] for family in ("perceptron", "spiking"))
    first = spiking[spiking["scenario"] == "fp32"]
    _curve(accuracy, first, "percent", "")
    _level(accuracy, dense[dense["scenario"] == "fp32"]["percent"], "perceptron")
    _curve(rate, first, "rate_1", "1st layer", "--")
    _curve(rate, first, "rate_2", "2nd layer")
    for name, label in PAID.items():
        _curve(energy, spiking[spiking["scenario"] == name], "central", label)
        level = dense[dense["scenario"] == name]["central"]
        # On Loihi's panel the perceptron is the one in int8, which is drawn and named already.
        _level(energy, level, "" if name == "loihi" else f"perceptron, {label}")
    energy.set_yscale("log")
    times = sorted(first["timesteps"].unique())
    for ax, title in zip(axes, PANELS.values(), strict=True):
        ax.set_xscale("log", base=2)
        ax.set_xticks(times, times)
        ax.set(title=title, xlabel="time steps")
    return fig


def draw_break_even(result: BreakEven) -> Figure:
    """Page limitations/spiking, figure draw_break_even."""
    fig, axes = style.figure(1, 2, 4.6, sharey=True)
    times, grey = result.layers["timesteps"], style.colour("reference")
    machines = result.curves.groupby("hardware", sort=False)
    for ax, (hardware, rows) in zip(axes, machines, strict=True):
        for paid, line, label in ((False, "-", "arithmetic"), (True, "--", "memory")):
            curve, ink = rows[rows["memory"] == paid], style.colour("ink")
            label = f"break-even, {label}"
            ax.plot(curve["timesteps"], curve["rate"], line, color=ink, label=label)
        for column, marker, name in (("rate_1", "D", "1st"), ("rate_2", "v", "2nd")):
            label = f"our {name} hidden layer"
            shade = style.colour("spiking")
            ax.plot(times, result.layers[column], marker, color=shade, label=label)
        ax.set(xlabel="time steps", yscale="log", ylim=(0.006, 2.5))
        ax.set_title(hardware.removeprefix("45nm_"))
        ax.set_xscale("log", base=2)
        ax.set_xticks(times, [f"{t:g}" for t in times])
    axes[0].set_ylabel("spikes per neuron and time step")
    axes[0].legend(loc="lower left", fontsize=8)
    for place, (_, band) in enumerate(result.bands.groupby("threshold")):
        x, low, high = band["timesteps"], band["low"], band["high"]
        axes[1].fill_between(x, low, high, color=grey, alpha=0.2, lw=0)
        axes[1].plot(x, low, ".-", x, high, ".-", ms=5, lw=1, color=grey)
        start, text = (x.iloc[0], low.iloc[0]), {"textcoords": "offset points", "fontsize": 8}
        offset = (2, -11 if place % 2 else 4)
        axes[1].annotate(band["study"].iloc[0], start, offset, **text, color=grey)
    return fig


def draw_schemes(schemes: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_schemes."""
    fig, ax = style.figure(1, 1, 4.4)
    names = list(schemes["scheme"].unique())
    looks = ((0.15, "spiking", "D"), (-0.15, "ink", "o"))
    for (pair, rows), (shift, role, marker) in zip(
        schemes.groupby("pair", sort=False), looks, strict=True
    ):
        shade = style.colour(role)
        heights = rows["scheme"].map(lambda name: len(names) - names.index(name)) + shift
        ax.hlines(heights, rows["ratio_low"], rows["ratio_high"], color=shade)
        decided = ~rows["verdict"].str.startswith("not")
        for part, face, label in ((decided, shade, pair), (~decided, "none", None)):
            ratio, look = rows["ratio"][part], {"ms": 5, "mfc": face, "color": shade}
            ax.plot(ratio, heights[part], marker, **look, label=label)
    ax.axvline(1, color=style.colour("reference"), lw=1)
    ax.set_yticks(range(len(names), 0, -1), names, fontsize=8)
    ax.set(xscale="log", xlabel="spiking over dense energy, or spikes over the threshold")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.12), ncols=2, fontsize=8)
    return fig


def draw_published(rows: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_published."""
    fig, (left, right) = style.figure(1, 2, 7.2, width_ratios=(3, 2))
    rows = rows[::-1].reset_index(drop=True)
    stems = rows.dropna(subset="own_width_mj").reset_index(drop=True)
    for column, marker, role in (("corrected_mj", "D", "spiking"), ("recomputed_mj", "|", "ink")):
        change = 100 * (rows[column] / rows["published_mj"] - 1)
        look = {"ms": 6, "mew": 1.5, "color": style.colour(role)}
        left.plot(change, rows.index, marker, **look, label=column.removesuffix("_mj"))
    left.axvline(0, color=style.colour("reference"), lw=1)
    left.set_xscale("symlog", linthresh=1)
    left.set_xticks([-10, -1, 0, 1, 10, 100], ["−10", "−1", "0", "1", "10", "100"])
    left.set(xlabel="difference from the printed energy (%)", xlim=(-40, 600))
    for column, marker, size, role, label in (
        ("own_width_mj", "D", 6, "spiking", "own width"),
        ("width_512_mj", "|", 6, "ink", "width 512"),
        ("residual_mj", "o", 11, "reference", "printed"),
    ):
        shade = style.colour(role)
        look = {"ms": size, "mew": 1.5, "color": shade, "mfc": "none" if size > 6 else shade}
        right.plot(stems[column], stems.index, marker, **look, label=label)
    right.set(xlabel="first convolution (mJ)", xlim=(1, 2.6))
    right.yaxis.tick_right()
    spacing = {"columnspacing": 0.8, "handletextpad": 0.2, "fontsize": 8, "ncols": 3}
    for ax, table in ((left, rows), (right, stems)):
        ax.set_yticks(table.index, table["network"], fontsize=7.5)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.07), **spacing)
    return fig
