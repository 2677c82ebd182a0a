"""Figures of the page attention/one_astrocyte."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from brainbook.evidence import curves, style
from brainbook.models.astrocyte.sweep import Sweep
from brainbook.models.attention.minilm_heads import HEADS
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.maps import Positive
from brainbook.models.features.unbiased import Optimal

from .measure import UNBIASED, on_same_heads
from .needed import GOAL
from .sweeps import TunedSweep

FITTED = Optimal.name, UNBIASED  # unbiased maps that know calibration text
ROLES = {Landmarks.name: ("hybrid", "-"), Gated.name: ("hybrid", "--")}


def _units_axes(ax: Axes, right: float, ylabel: str = "relative error of the output") -> None:
    ax.set(xscale="log", yscale="log", xlim=(3, right), xlabel="hidden units m", ylabel=ylabel)
    ax.set_xticks([10, 100, 1e3, 1e4, 1e5])
    ax.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
    ax.minorticks_off()


def _cells(ax: Axes, cells: pd.DataFrame) -> None:
    """Grey bands for the hidden units that one astrocyte's synapses allow."""
    spans = {name: tuple(rows["units"]) for name, rows in cells.groupby("species", sort=False)}
    curves.ranges(ax, spans)


def draw_small(result: tuple[Sweep, TunedSweep, pd.DataFrame]) -> Figure:
    """Page attention/one_astrocyte, figure draw_small: all heads, published and tuned units."""
    published, tuned, cells = result
    fig, ax = style.figure(height=4.6)
    _units_axes(ax, 3e7)
    ax.set_ylim(0.045, 1.4)
    _cells(ax, cells)
    rows = published.rows("output")
    right = rows["units"].max()
    ends = [curves.over_seeds(ax, rows, "units", "brain", "published random units")]
    for name, (role, dash) in ROLES.items():
        ours = tuned.of(name)
        ends.append(curves.over_seeds(ax, ours, "units", role, name, ls=dash, marker="o", ms=3))
    levels = {"goal": GOAL, "uniform attention": published.baseline("uniform", "output")}
    for name, height in levels.items():
        ax.plot([3, right], [height] * 2, color=style.colour("reference"), lw=1.1, ls="--")
        ends.append((name, right, height, style.colour("reference")))
    style.label_ends(ax, ends)
    return fig


def draw_every_map(result: tuple[pd.DataFrame, TunedSweep, pd.DataFrame]) -> Figure:
    """Page attention/one_astrocyte, figure draw_every_map: all maps on the same heads."""
    unbiased, tuned, cells = result
    fig, ax = style.figure(height=4.8)
    _units_axes(ax, 1e8)
    _cells(ax, cells)
    rows = unbiased.query("part == 'output'")
    ends = []
    for name, part in rows.groupby("map", sort=False):
        role = "transformer" if name in FITTED else "brain"
        mark = {"marker": "s"} if part["units"].nunique() == 1 else {}
        label = "" if "," in name and name not in FITTED else name
        label = "positive exponential, five kinds of draw" if name == Positive.name else label
        ends.append(curves.over_seeds(ax, part, "units", role, label, **mark))
    errors = on_same_heads(tuned, rows)
    for name, (role, dash) in ROLES.items():
        ours = errors.query("map == @name")
        ends.append(curves.over_seeds(ax, ours, "units", role, name, ls=dash))
    ax.set_ylim(0.05, 2)
    style.label_ends(ax, [end for end in ends if end[0] and end[2] < 2])
    return fig


def draw_needed(result: tuple[pd.DataFrame, pd.DataFrame, int]) -> Figure:
    """Page attention/one_astrocyte, figure draw_needed: units for the goal, and what they save."""
    needed, saved, largest = result
    fig, (ax, plot) = style.figure(1, 2, height=3.8, width_ratios=[1.35, 1])
    table = needed.pivot(index="layer", columns="head", values="units")
    shading = LinearSegmentedColormap.from_list(
        "n", [style.colour("faint"), style.colour("hybrid")]
    )
    ax.imshow(table, cmap=shading, norm=LogNorm(10, largest), aspect="auto")
    for (layer, head), units in needed.set_index(["layer", "head"])["units"].items():
        label = f"{units:,.0f}" if np.isfinite(units) else "more"
        ax.text(head, layer, label, ha="center", va="center", fontsize=6)
    ax.set(xlabel="head", ylabel="layer", xticks=range(0, HEADS, 2))
    ax.set_title(f"tuned units for an error of {GOAL:g}")
    ax.grid(False)
    heads = saved.groupby(["layer", "head"])["factor"].median().sort_values()
    plot.plot(heads, np.arange(1, len(heads) + 1), color=style.colour("hybrid"))
    plot.set(xscale="log", xlabel="units saved (factor)", ylabel="heads, sorted")
    plot.set_title("at the published error")
    return fig


def draw_gap(result: TunedSweep) -> Figure:
    """Page attention/one_astrocyte, figure draw_gap: known passages against held-out ones."""
    fig, (ax, plot) = style.figure(1, 2, height=3.6, width_ratios=[1.3, 1])
    _units_axes(ax, 1e5)
    ends, heads = [], {}
    for split, words, dash in (("test", "held-out", "-"), ("calibration", "known", ":")):
        rows = result.of(Landmarks.name, split=split)
        ends.append(curves.over_seeds(ax, rows, "units", "hybrid", words, ls=dash))
        most = rows[rows["units"] == result.largest]
        heads[split] = most.groupby(["layer", "head"])["error"].median()
    ax.set_ylim(0.04, 1.4)
    style.label_ends(ax, ends)
    plot.scatter(heads["calibration"], heads["test"], s=14, color=style.colour("hybrid"))
    plot.plot([0.01, 1], [0.01, 1], color=style.colour("ink"), lw=0.8)
    plot.set(xscale="log", yscale="log", xlabel="known passages", ylabel="held-out documents")
    plot.set_title(f"every head, {result.largest:,} units")
    return fig


def draw_followed(result: TunedSweep) -> Figure:
    """Page attention/one_astrocyte, figure draw_followed: traces at a rodent astrocyte's budget."""
    traces, units = result.traces, result.largest
    fig, axes = style.figure(len(traces), 1, 1.6 * len(traces) + 0.4, sharex=True)
    for ax, trace in zip(axes, traces, strict=True):
        frame = trace.frame()
        ax.plot(frame["token"], frame["Z"], color=style.colour("transformer"), lw=2.4)
        ax.plot(frame["token"], frame[f"p_{units}"], color=style.colour("hybrid"), lw=1)
        ax.set_title(trace.title, fontsize=9)
        ax.set(ylim=(0, 1.5), ylabel="trace / max Z")
    axes[-1].set_xlabel("token")
    return fig


def draw_robustness(result: pd.DataFrame) -> Figure:
    """Page attention/one_astrocyte, figure draw_robustness: noisy rates, three lateral leaks."""
    fig, ax = style.figure(height=3.6)
    least = result.loc[result["noise"] > 0, "noise"].min()
    ax.set(xscale="log", yscale="log", xlabel="noise of each reading rate, relative")
    ax.set(ylabel="relative error of the output", xlim=(least, 3))
    ends = []
    for (ridge, rows), dash in zip(result.groupby("ridge"), (":", "-", "--"), strict=True):
        shown = rows[rows["noise"] > 0]
        ends.append(curves.over_seeds(ax, shown, "noise", "hybrid", f"leak {ridge:g}", ls=dash))
    ax.set_yticks([0.2, 0.5, 1], ["0.2", "0.5", "1"])
    ax.minorticks_off()
    style.label_ends(ax, ends)
    return fig
