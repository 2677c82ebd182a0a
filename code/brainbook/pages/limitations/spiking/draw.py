"""Figures of the page limitations/spiking."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import on_schedule

from .measure import TITLES, BreakEven, means
from .schedules import FREE

MARKS = {
    "perceptron": ("reference", "o", "perceptron"),
    "spiking": ("spiking", "D", "spiking"),
    "rate-coded": ("spiking", "s", "spiking, rate-coded input"),
    "transformer": ("transformer", "^", "transformer"),
}
PANELS = {"accuracy": "accuracy (%)", "rate": "spikes per step", "energy": "energy (nJ)"}
BALANCES = (  # memory paid for, schedule, line, label
    (False, STEP_BY_STEP, "-", "arithmetic"),
    (True, STEP_BY_STEP, "--", "memory, step by step"),
    (True, IN_ACCUMULATORS, ":", f"memory, {IN_ACCUMULATORS}"),
)
SCHEDULE_MARKS = {  # role of the colour, marker, filled
    STEP_BY_STEP: ("ink", "o", True),
    "neuron fused": ("ink", "o", False),
    "layer by layer": ("brain", "s", True),
    "layer by layer, fused": ("brain", "s", False),
    IN_ACCUMULATORS: ("spiking", "D", True),
    FREE: ("reference", "|", True),
}
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


def _level(ax: Axes, seeds: pd.Series, label: str, side: str = "left") -> None:
    """Median and range over seeds of what has no time steps, named at one side."""
    grey, height = style.colour("reference"), seeds.median()
    ax.axhline(height, color=grey, ls="--", lw=1)
    ax.axhspan(seeds.min(), seeds.max(), color=grey, alpha=0.15, lw=0)
    place = (0.05 if side == "left" else 0.98, height)
    look = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "fontsize": 8}
    ax.annotate(label, place, (0, 3), ha=side, color=grey, **look)


def draw_time_steps(steps: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_time_steps."""
    fig, axes = style.figure(1, 3, 3.4)
    accuracy, rate, energy = axes
    steps = on_schedule(steps).assign(percent=100 * steps["accuracy"])
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
        _level(energy, level, "" if name == "loihi" else f"perceptron, {label}", "right")
    energy.set_yscale("log")
    times = sorted(first["timesteps"].unique())
    for ax, title in zip(axes, PANELS.values(), strict=True):
        ax.set_xscale("log", base=2)
        ax.set_xticks(times, times)
        ax.set(title=title, xlabel="time steps")
    return fig


def draw_schedules(schedules: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_schedules."""
    fig, ax = style.figure(1, 1, 5.4)
    height, ticks = 0.0, {}
    for case, rows in schedules.groupby("case", sort=False):
        height -= 1
        ax.text(0.0, height, case, transform=ax.get_yaxis_transform(), va="center", fontsize=9)
        for words, marks in rows.groupby("words", sort=False):
            height -= 1
            ticks[height] = words
            ax.axhline(height, color=style.colour("faint"), lw=0.6)
            for row in marks.itertuples():
                role, marker, filled = SCHEDULE_MARKS[row.schedule]
                shade = style.colour(role)
                ax.hlines(height, row.low, row.high, color=shade, lw=1, alpha=0.5)
                look = {"ms": 7, "mew": 1.5, "color": shade, "mfc": shade if filled else "none"}
                ax.plot(row.ratio, height, marker, **look)
    for schedule, (role, marker, filled) in SCHEDULE_MARKS.items():
        shade = style.colour(role)
        look = {"color": shade, "mfc": shade if filled else "none", "label": schedule}
        ax.plot([], [], marker, ms=7, mew=1.5, **look)
    ax.axvline(1, color=style.colour("ink"), lw=1.2)
    for place, text in ((0.93, "spikes need less"), (1.07, "spikes need more")):
        ax.text(place, 0, text, fontsize=9, va="center", ha="right" if place < 1 else "left")
    ax.set_yticks(list(ticks), list(ticks.values()), fontsize=9)
    ax.grid(axis="y", visible=False)
    ax.set(xscale="log", ylim=(height - 0.6, 0.6), xlabel="spiking over dense energy")
    ax.set_xticks([0.1, 0.2, 0.5, 1, 2, 5, 10], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8)
    return fig


def draw_break_even(result: BreakEven) -> Figure:
    """Page limitations/spiking, figure draw_break_even."""
    fig, axes = style.figure(1, 2, 4.8, sharey=True)
    times, ink = result.layers["timesteps"], style.colour("ink")
    machines = result.curves.groupby("hardware", sort=False)
    for ax, (hardware, rows) in zip(axes, machines, strict=True):
        for paid, schedule, line, label in BALANCES:
            curve = rows[(rows["memory"] == paid) & (rows["schedule"] == schedule)]
            ax.plot(curve["timesteps"], curve["rate"], line, color=ink, label=label)
        for column, marker, name in (("rate_1", "D", "1st"), ("rate_2", "v", "2nd")):
            label = f"our {name} hidden layer"
            shade = style.colour("spiking")
            ax.plot(times, result.layers[column], marker, color=shade, label=label)
        ax.set(xlabel="time steps", yscale="log", ylim=(0.009, 3.2))
        ax.set_title(hardware.removeprefix("45nm_"))
        ax.set_xscale("log", base=2)
        ax.set_xticks(times, [f"{t:g}" for t in times])
    axes[0].set_ylabel("spikes per neuron and time step")
    fig.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8
    )
    _thresholds(axes[1], result.bands)
    return fig


def _thresholds(ax: Axes, bands: pd.DataFrame) -> None:
    """Published thresholds: grey bands, each named where nothing else is drawn."""
    grey = style.colour("reference")
    for place, (_, band) in enumerate(bands.groupby("threshold")):
        x, low, high = band["timesteps"], band["low"], band["high"]
        ax.fill_between(x, low, high, color=grey, alpha=0.2, lw=0)
        ax.plot(x, low, ".-", x, high, ".-", ms=5, lw=1, color=grey)
        start, offset, side = (
            ((x.iloc[0], high.iloc[0]), (4, 5), "left"),
            ((x.iloc[-1], low.iloc[-1]), (0, -14), "right"),
            ((x.iloc[-1], high.iloc[-1]), (0, 6), "right"),
            ((x.iloc[0], low.iloc[0]), (6, -9), "left"),
        )[place]
        words = {"textcoords": "offset points", "fontsize": 8, "ha": side, "color": grey}
        ax.annotate(band["study"].iloc[0], start, offset, **words)


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
    green, ink, grey = (style.colour(role) for role in ("spiking", "ink", "reference"))
    change = 100 * (rows["corrected_mj"] / rows["published_mj"] - 1)
    left.plot(change, rows.index, "D", ms=6, color=green, label="corrected")
    change = 100 * (rows["recomputed_mj"] / rows["published_mj"] - 1)
    left.plot(change, rows.index, "|", ms=8, mew=1.5, color=ink, label="recomputed")
    missed = ~rows["met"]
    outside = {"ms": 11, "mfc": "none", "color": style.colour("brain")}
    left.plot(change[missed], rows.index[missed], "s", **outside, label="beyond rounding")
    left.axvline(0, color=grey, lw=1)
    left.set_xscale("symlog", linthresh=0.1, linscale=0.4)
    left.set_xticks([-10, -1, 0, 1, 10, 100], ["−10", "−1", "0", "1", "10", "100"], fontsize=8)
    left.set(xlabel="difference from the printed energy (%)", xlim=(-40, 600))
    right.plot(stems["own_width_mj"], stems.index, "^", ms=7, color=green, label="own width")
    printed = {"ms": 12, "mew": 1.5, "mfc": "none", "color": grey}
    right.plot(stems["residual_mj"], stems.index, "o", **printed, label="charged")
    right.axvline(stems["width_512_mj"].iloc[0], color=ink, lw=1.2, ls="--", label="width 512")
    right.set(xlabel="first convolution (mJ)", xlim=(1, 2.6))
    right.yaxis.tick_right()
    spacing = {"columnspacing": 0.8, "handletextpad": 0.2, "fontsize": 8, "ncols": 2}
    for ax, table in ((left, rows), (right, stems)):
        ax.set_yticks(table.index, table["network"], fontsize=7.5)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.1), **spacing)
    return fig
