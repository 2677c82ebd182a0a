"""Figures of the page limitations/spiking."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from .measure import TITLES, BreakEven

MARKS = {
    "perceptron": ("reference", "o", "perceptron"),
    "spiking": ("spiking", "D", "spiking"),
    "rate-coded": ("spiking", "s", "spiking, rate-coded input"),
    "transformer": ("transformer", "^", "transformer"),
}


def draw_accuracy_energy(networks: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_accuracy_energy."""
    fig, axes = style.figure(3, 2, 8.2, sharey=True)
    for ax, (name, title) in zip(axes.flat, TITLES.items(), strict=True):
        groups = networks[networks["scenario"] == name].groupby(["family", "network"], sort=False)
        table = groups[["accuracy", "low", "central", "high"]].mean()
        table["spread"] = groups["accuracy"].std()
        for family, (role, marker, label) in MARKS.items():
            rows, shade = table.loc[family].sort_values("central"), style.colour(role)
            bars = [rows["central"] - rows["low"], rows["high"] - rows["central"]]
            face = "none" if family == "rate-coded" else shade
            percent, spread = 100 * rows["accuracy"], 100 * rows["spread"]
            ax.errorbar(rows["central"], percent, yerr=spread, xerr=bars, fmt=marker, color=shade,
                        ms=5, lw=1, mfc=face, label=label)  # fmt: skip
            ax.step(rows["central"], percent.cummax(), where="post", lw=1.2, color=shade)
        ax.set(xscale="log", title=title)
    axes[0, 0].legend(loc="lower right", fontsize=8)
    fig.supxlabel("energy per image (nJ)", fontsize=10)
    fig.supylabel("accuracy on held-out digits (%)", fontsize=10)
    return fig


def _band(ax: Axes, table: pd.DataFrame, column: str, text: str, line: str = "-") -> None:
    """Mean over seeds against time steps, with a band of one standard deviation, named."""
    found, shade = table.groupby("timesteps")[column].agg(["mean", "std"]), style.colour("spiking")
    ax.plot(found.index, found["mean"], line, marker="o", ms=4, color=shade)
    edges = found["mean"] - found["std"], found["mean"] + found["std"]
    ax.fill_between(found.index, *edges, color=shade, alpha=0.2, lw=0)
    start = (found.index[0], found["mean"].iloc[0])
    ax.annotate(text, start, (4, 7), textcoords="offset points", color=shade, fontsize=8)


def draw_time_steps(steps: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_time_steps."""
    fig, (accuracy, rate, energy) = style.figure(1, 3, 3.4)
    steps, grey = steps.assign(percent=100 * steps["accuracy"]), style.colour("reference")
    spiking, dense = (rows for _, rows in steps.groupby(steps["family"] == "perceptron"))
    first = spiking[spiking["scenario"] == "fp32"]
    _band(accuracy, first, "percent", "")
    level = dense[dense["scenario"] == "fp32"]["percent"]
    accuracy.axhline(level.mean(), color=grey, ls="--", lw=1)
    accuracy.axhspan(level.mean() - level.std(), level.mean() + level.std(), lw=0, alpha=0.15,
                     color=grey)  # fmt: skip
    accuracy.annotate("perceptron", (first["timesteps"].min(), level.mean()), (2, 3),
                      textcoords="offset points", color=grey, fontsize=8)  # fmt: skip
    _band(rate, first, "rate_1", "1st layer", "--")
    _band(rate, first, "rate_2", "2nd layer")
    for name, text in (("fp32-memory", "fp32"), ("int8-memory", "int8"), ("loihi", "Loihi")):
        _band(energy, spiking[spiking["scenario"] == name], "central", text)
        height = dense[dense["scenario"] == name]["central"].mean()
        energy.axhline(height, color=grey, ls="--", lw=1)
        energy.annotate(f"perceptron, {text}" if name != "loihi" else "", (1, height), (4, 3),
                        textcoords="offset points", color=grey, fontsize=8)  # fmt: skip
    energy.set_yscale("log")
    times = sorted(first["timesteps"].unique())
    titles = {"accuracy (%)": accuracy, "spikes per step": rate, "energy (nJ)": energy}
    for title, ax in titles.items():
        ax.set_xscale("log", base=2)
        ax.set_xticks(times, times)
        ax.set(title=title, xlabel="time steps")
    return fig


def draw_break_even(result: BreakEven) -> Figure:
    """Page limitations/spiking, figure draw_break_even."""
    fig, axes = style.figure(1, 2, 4.6, sharey=True)
    times, grey = result.layers["timesteps"].to_numpy(float), style.colour("reference")
    curves = result.curves.groupby("hardware", sort=False)
    for ax, (hardware, rows) in zip(axes, curves, strict=True):
        for memory, line in ((False, "-"), (True, "--")):
            curve = rows[rows["memory"] == memory]
            ax.plot(curve["timesteps"], curve["rate"], line, color=style.colour("ink"),
                    label="break-even, memory" if memory else "break-even, arithmetic")  # fmt: skip
        for column, marker, text in (("rate_1", "D", "1st"), ("rate_2", "v", "2nd")):
            ax.plot(times, result.layers[column], marker, color=style.colour("spiking"),
                    label=f"our {text} hidden layer")  # fmt: skip
        ax.set(xlabel="time steps", yscale="log", ylim=(0.006, 2.5),
               title=hardware.removeprefix("45nm_"))  # fmt: skip
        ax.set_xscale("log", base=2)
        ax.set_xticks(times, [f"{t:g}" for t in times])
    axes[0].set_ylabel("spikes per neuron and time step")
    axes[0].legend(loc="lower left", fontsize=8)
    for place, row in enumerate(result.thresholds.itertuples()):
        per_step = not np.isnan(row.timesteps_low)
        x = np.array([row.timesteps_low, row.timesteps_high]) if per_step else times
        low, high = (np.full(len(x), v) / (1 if per_step else x) for v in (row.low, row.high))
        axes[1].fill_between(x, low, high, color=grey, alpha=0.2, lw=0)
        axes[1].plot(x, low, ".-", x, high, ".-", ms=5, lw=1, color=grey)
        axes[1].annotate(row.study, (x[0], low[0]), (2, -11 if place % 2 else 4), fontsize=8,
                         textcoords="offset points", color=grey)  # fmt: skip
    return fig


def draw_schemes(schemes: pd.DataFrame) -> Figure:
    """Page limitations/spiking, figure draw_schemes."""
    (fig, ax), names = style.figure(1, 1, 4.4), list(schemes["scheme"].unique())
    for (pair, rows), shift, role, marker in zip(
        schemes.groupby("pair", sort=False), (0.15, -0.15), ("spiking", "ink"), "Do", strict=True
    ):
        heights = rows["scheme"].map(lambda name: len(names) - names.index(name)) + shift
        decided = ~rows["verdict"].str.startswith("not")
        ax.hlines(heights, rows["ratio_low"], rows["ratio_high"], color=style.colour(role))
        for part, face in ((decided, style.colour(role)), (~decided, "none")):
            ax.plot(rows["ratio"][part], heights[part], marker, ms=5, mfc=face,
                    color=style.colour(role), label=pair if part is decided else None)  # fmt: skip
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
        left.plot(change, rows.index, marker, ms=6, mew=1.5, color=style.colour(role),
                  label=column.removesuffix("_mj"))  # fmt: skip
    left.axvline(0, color=style.colour("reference"), lw=1)
    left.set_xscale("symlog", linthresh=1)
    left.set_xticks([-10, -1, 0, 1, 10, 100], ["−10", "−1", "0", "1", "10", "100"])
    left.set(xlabel="difference from the printed energy (%)", xlim=(-40, 600))
    for column, marker, role, text in (
        ("own_width_mj", "D", "spiking", "own width"), ("width_512_mj", "|", "ink", "width 512"),
        ("residual_mj", "o", "reference", "printed"),
    ):  # fmt: skip
        right.plot(stems[column], stems.index, marker, ms=11 if marker == "o" else 6, mew=1.5,
                   color=style.colour(role), label=text,
                   mfc="none" if marker == "o" else style.colour(role))  # fmt: skip
    right.set(xlabel="first convolution (mJ)", xlim=(1, 2.6))
    right.yaxis.tick_right()
    for ax, table in ((left, rows), (right, stems)):
        ax.set_yticks(table.index, table["network"], fontsize=7.5)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.07), ncols=3, fontsize=8,
                  columnspacing=0.8, handletextpad=0.2)  # fmt: skip
    return fig
