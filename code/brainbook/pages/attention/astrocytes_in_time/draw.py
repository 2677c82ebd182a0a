"""Figures of the page attention/astrocytes_in_time.

Colours as on the page on one astrocyte: blue for the exact kernel, which is the transformer's own;
orange for published random units; purple for tuned ones, solid with lateral inhibition and dashed
without (gated). Grey is what was measured in cells, and levels to compare with.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style

from .circuits import EXACT, GATED, LATERAL, RANDOM
from .measure import LENGTHS, POOLS, TARGET
from .timing import span
from .together import GROUPS

LOOKS = {
    EXACT: ("transformer", "-"),
    RANDOM: ("brain", "-"),
    LATERAL: ("hybrid", "-"),
    GATED: ("hybrid", "--"),
}
MARKS = {EXACT: "D", RANDOM: "s", LATERAL: "o", GATED: "o"}
ERROR = "relative error of the output"


def _every(ax: Axes, rows: pd.DataFrame, x: str, uniform: float, gap: float = 0.055) -> None:
    """A line for each circuit in ``rows``, named at its end; uniform attention's level."""
    ends = []
    for circuit, (role, dash) in LOOKS.items():
        own = rows[rows["circuit"] == circuit]
        if len(own):
            ends.append(curves.over_seeds(ax, own, x, role, circuit, ls=dash))
    ends.append(curves.level(ax, uniform, "uniform", rows[x].max()))
    ax.set_xlim(rows[x].min(), rows[x].max())
    style.label_ends(ax, ends, gap)


def _decimal(ax: Axes, ticks: tuple[float, ...], axis: str = "y") -> None:
    """Plain numbers on a logarithmic axis."""
    set_ticks = ax.set_yticks if axis == "y" else ax.set_xticks
    set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    (ax.yaxis if axis == "y" else ax.xaxis).minorticks_off()


def draw_at_once(result: tuple[pd.DataFrame, pd.DataFrame]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_at_once: one limit at a time, and all."""
    rows, baselines = result
    fig, ax = style.figure(height=5.2)
    by_seed = rows.groupby(["circuit", "limits", "seed"])["error"].median()
    names = [name for group in GROUPS for name in group]
    gaps = np.repeat(np.arange(len(GROUPS)), [len(group) for group in GROUPS])
    heights = dict(zip(names, -(np.arange(len(names)) + 0.6 * gaps), strict=True))
    for place, (circuit, (role, dash)) in enumerate(LOOKS.items()):
        known = by_seed[circuit].unstack("limits")
        shown = known.loc[:, known.median() > 0.01]
        y = [heights[name] + 0.24 - 0.16 * place for name in shown.columns]
        shade = style.colour(role)
        ax.hlines(y, shown.min(), shown.max(), color=shade, lw=1.2)
        face = shade if dash == "-" else "none"
        marker = {"marker": MARKS[circuit], "ms": 5, "mfc": face, "label": circuit}
        ax.plot(shown.median(), y, color=shade, ls="", **marker)
    for height, name in ((baselines["uniform"].median(), "uniform"), (TARGET, "one tenth")):
        ax.axvline(height, color=style.colour("reference"), lw=1.1, ls="--")
        ax.text(height, 0.75, name, color=style.colour("reference"), ha="center", va="bottom")
    ax.set(xscale="log", xlabel=ERROR, ylim=(min(heights.values()) - 0.6, 0.7))
    _decimal(ax, (0.1, 0.2, 0.5, 1, 2), "x")
    ax.set_yticks(list(heights.values()), list(heights))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=len(LOOKS))
    return fig


def draw_fading(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_fading: what a leak does to old tokens."""
    fig, axes = style.figure(1, 2, height=3.2)
    for ax, column in zip(axes, ("weight", "share"), strict=True):
        ends = []
        for (decay, rows), dash in zip(
            result.groupby("decay", sort=False), ("-", "--", ":"), strict=True
        ):
            shade, last = style.colour("transformer"), rows.iloc[-1]
            label = "no leak" if np.isinf(decay) else f"{decay:g} s"
            ax.plot(rows["position"], rows[column], color=shade, marker="o", ms=3, ls=dash)
            ends.append((label, last["position"], last[column], shade))
        ax.set(xlabel="token, from first to last", xlim=(0, last["position"]))
        ax.set_yscale("linear" if column == "weight" else "log")
        style.label_ends(ax, ends, gap=0.08)
    axes[0].set(ylabel="weight in memory")
    axes[1].set(ylabel="mean share of attention")
    return fig


def draw_leak(result: tuple[pd.DataFrame, pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_leak: how long the trace must last."""
    leak, baselines, cells = result
    finite = leak.loc[leak["circuit"] != EXACT, "seconds"]
    leak = leak[leak["seconds"].between(finite.min(), finite.max())]
    fig, (ax, plot) = style.figure(1, 2, height=3.8, sharey=True)
    for axes in (ax, plot):
        axes.set(xscale="log", yscale="log", xlabel="decay time, s", ylim=(0.03, 20))
        _bands(axes, cells, "decay")
        _decimal(axes, (1, 10), "x")
        _decimal(axes, (0.1, 1, 10))
        axes.axhline(TARGET, color=style.colour("ink"), lw=0.8)
    uniform, ends = baselines["uniform"].median(), []
    named = {"both": "both", "trace alone": "trace alone", "trace alone, rescaled": "rescaled"}
    for (name, label), dash in zip(named.items(), ("-", "--", ":"), strict=True):
        rows = leak[(leak["circuit"] == EXACT) & (leak["leak"] == name)]
        ends.append(curves.over_seeds(ax, rows, "seconds", "transformer", label, ls=dash))
    ends.append(curves.level(ax, uniform, "uniform", finite.max()))
    ax.set(title="infinitely many units: what leaks", ylabel=ERROR)
    ax.set_xlim(finite.min(), finite.max())
    style.label_ends(ax, ends)
    plot.set_title("circuits: both leak")
    _every(plot, leak[leak["leak"] == "both"], "seconds", uniform)
    return fig


def _bands(ax: Axes, cells: pd.Series, quantity: str, scale: float = 1.0) -> None:
    """Published ranges of calcium's rise or decay along x, in ``scale`` seconds."""
    where = {"process": f"process_{quantity}", "cell body": f"soma_{quantity}"}
    curves.ranges(ax, {told: span(cells, key, scale) for told, key in where.items()})


def draw_decay_needed(result: tuple[pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_decay_needed: decay at three clocks."""
    clocked, cells = result
    fig, ax = style.figure(height=3.6)
    ax.set(xscale="log", yscale="log", xlim=(LENGTHS[0], LENGTHS[-1]))
    ends, shade = [], style.colour("transformer")
    groups = clocked.groupby("clock", sort=False)
    for (name, rows), dash in zip(groups, ("-", "--", ":"), strict=True):
        ax.plot(rows["tokens"], rows["middle"], color=shade, ls=dash)
        ends.append((name, rows["tokens"].iloc[-1], rows["middle"].iloc[-1], shade))
        if dash == "-":
            band = {"color": shade, "alpha": 0.2, "lw": 0}
            ax.fill_between(rows["tokens"], rows["low"], rows["high"], **band)
    for key, label in (("process", "process"), ("soma", "cell body")):
        low, high = span(cells, f"{key}_decay")
        ax.axhspan(low, high, color=style.colour("reference"), alpha=0.18, lw=0)
        place = {"color": style.colour("ink"), "va": "center", "ha": "right", "fontsize": 9}
        ax.text(LENGTHS[-1] / 1.03, np.sqrt(low * high), label, **place)
    ax.set(xlabel="tokens in the passage", ylabel="decay needed, s")
    _decimal(ax, LENGTHS, "x")
    _decimal(ax, (1, 10, 100))
    style.label_ends(ax, ends)
    return fig


def draw_slopes(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_slopes: leaks as position biases."""
    fig, ax = style.figure(height=2.6)
    for row in result.itertuples():
        shade = style.colour("transformer" if "ALiBi" in row.what else "reference")
        ax.plot([row.flat, row.steep], [-row.Index] * 2, color=shade, lw=7, solid_capstyle="butt")
    ax.set(xscale="log", xlabel="slope: loss of score per token of distance")
    ax.set_yticks(-result.index, result["what"])
    return fig


def draw_rise(result: tuple[pd.DataFrame, float, pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_rise: calcium slower than the tokens."""
    rise, interval, baselines, cells = result
    fig, (ax, plot) = style.figure(1, 2, height=3.8, sharey=True)
    uniform = baselines["uniform"].median()
    ideal, ends = rise[rise["circuit"] == EXACT], []
    parts = {"writing, synapses": "synapses", "reading": "reading", "writing, trace": "trace"}
    for (part, label), dash in zip(parts.items(), (":", "-", "--"), strict=True):
        rows = ideal[ideal["part"] == part]
        ends.append(curves.over_seeds(ax, rows, "rise", "transformer", label, ls=dash))
    for axes in (ax, plot):
        axes.set(xscale="log", yscale="log", ylim=(5e-3, 5), xlabel="rise time / time per token")
        _bands(axes, cells, "rise", interval)
        axes.axhline(TARGET, color=style.colour("ink"), lw=0.8)
    ax.set(title="infinitely many units: what is slow", ylabel=ERROR)
    ax.set_xlim(ideal["rise"].min(), ideal["rise"].max())
    curves.level(ax, uniform, "", 1)
    style.label_ends(ax, ends)
    finite = rise.loc[rise["circuit"] != EXACT, "rise"]
    slow = rise[(rise["part"] == "reading") & rise["rise"].between(finite.min(), finite.max())]
    plot.set_title("circuits: the divisor is slow")
    _every(plot, slow, "rise", uniform)
    for axes in (ax, plot):
        _decimal(axes, (0.1, 1, 10, 100), "x")
        _decimal(axes, (0.01, 0.1, 1))
    return fig


def draw_coverage(result: tuple[pd.DataFrame, pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_coverage: synapses without an astrocyte."""
    coverage, baselines, cells = result
    fig, axes = style.figure(2, 2, height=5.6, sharex=True, sharey=True)
    for ax, (reading, rows) in zip(axes.flat, coverage.groupby("reading", sort=False), strict=True):
        ax.set(yscale="log", ylim=(0.15, 30), title=reading)
        ax.axvline(cells["covered_share"], color=style.colour("reference"), lw=1, ls=":")
        _every(ax, rows, "share", baselines["uniform"].median(), 0.09)
        _decimal(ax, (0.2, 1, 5, 20))
    for ax in axes[1]:
        ax.set_xlabel("share covered")
    for ax in axes[:, 0]:
        ax.set_ylabel(ERROR)
    return fig


def draw_noise(result: tuple[pd.DataFrame, pd.DataFrame]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_noise: noise on traces and on rates."""
    noise, baselines = result
    fig, axes = style.figure(1, 2, height=3.4, sharey=True)
    for ax, (place, rows) in zip(axes, noise.groupby("place", sort=False), strict=True):
        ax.set(xscale="log", yscale="log", ylim=(0.1, 3), title=place)
        ax.set(xlabel="noise, coefficient of variation")
        _every(ax, rows, "size", baselines["uniform"].median())
        _decimal(ax, (0.03, 0.1, 0.3), "x")
        _decimal(ax, (0.1, 0.2, 0.5, 1, 2))
    axes[0].set_ylabel(ERROR)
    return fig


def draw_range(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_range: how much range a trace needs."""
    fig, axes = style.figure(1, 3, height=3.2, sharey=True)
    told = {"floor": "decades", "ceiling": "decades", "levels": "levels per decade"}
    for ax, (how, rows) in zip(axes, result.groupby("how", sort=False), strict=True):
        ax.set(xscale="log", yscale="log", ylim=(0.1, 2), xlabel=told[how], title=how)
        for circuit, (role, dash) in LOOKS.items():
            own = rows[rows["circuit"] == circuit]
            if len(own):
                curves.over_seeds(ax, own, "size", role, ls=dash)
        ax.set_xlim(rows["size"].min(), rows["size"].max())
        _decimal(ax, tuple(sorted(rows["size"].unique())), "x")
        _decimal(ax, (0.1, 0.2, 0.5, 1, 2))
    last = result[result["how"] == "levels"]
    heights = last[last["size"] == last["size"].max()].groupby("circuit")["error"].median()
    style.label_ends(
        axes[-1],
        [
            (name, last["size"].max(), heights[name], style.colour(LOOKS[name][0]))
            for name in heights.index
        ],
    )
    axes[0].set_ylabel(ERROR)
    return fig


def draw_pools(result: tuple[pd.DataFrame, pd.DataFrame]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_pools: one cell, or its processes alone."""
    pools, baselines = result
    fig, ax = style.figure(height=3.2)
    ax.set(xscale="log", yscale="log", ylabel=ERROR, xlabel="processes that divide alone")
    _every(ax, pools, "pools", baselines["uniform"].median())
    _decimal(ax, POOLS, "x")
    _decimal(ax, (0.5, 1, 2, 5, 10))
    return fig
