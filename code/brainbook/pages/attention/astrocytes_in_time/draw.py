"""Figures of the page attention/astrocytes_in_time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style

from .measure import GROUPS, LENGTHS, POOLS, TARGET, Levels
from .timing import EXACT, LEARNED, RANDOM, span

ROLES = {EXACT: "transformer", LEARNED: "hybrid", RANDOM: "brain"}


def _published(ax: Axes, cells: pd.Series, quantity: str, scale: float = 1.0) -> None:
    """Ranges of calcium's rise or decay along x, in ``scale`` seconds; the error asked for."""
    where = {"process": f"process_{quantity}", "cell body": f"soma_{quantity}"}
    curves.ranges(ax, {told: span(cells, key, scale) for told, key in where.items()})
    ax.axhline(TARGET, color=style.colour("ink"), lw=0.8)


def draw_fading(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_fading: what a leak does to old tokens."""
    fig, axes = style.figure(1, 2, height=3.2)
    for ax, column in zip(axes, ("weight", "share"), strict=True):
        ends = []
        for decay, rows in result.groupby("decay"):
            shade = style.colour("transformer" if np.isinf(decay) else "brain")
            label, last = "no leak" if np.isinf(decay) else f"{decay:g} s", rows.iloc[-1]
            ax.plot(rows["position"], rows[column], color=shade, marker="o", ms=3)
            ends.append((label, last["position"], last[column], shade))
        ax.set(xlabel="token, from first to last", xlim=(0, 1.35 * last["position"]))
        ax.set_yscale("linear" if column == "weight" else "log")
        style.label_ends(ax, ends, gap=0.08)
    axes[0].set(ylabel="weight in memory")
    axes[1].set(ylabel="mean share of attention")
    return fig


def draw_leak(result: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_leak: how long the trace must last."""
    leak, clocked, baselines, cells = result
    fig, (ax, plot) = style.figure(1, 2, height=4, width_ratios=[1.3, 1])
    ax.set(xscale="log", yscale="log", xlim=(leak["seconds"].min(), 8e4), ylim=(0.006, 30))
    shown = (
        (EXACT, "both", "transformer", "-", "both leak"),
        (EXACT, "trace alone", "brain", "-", "trace alone"),
        (EXACT, "trace alone, rescaled", "brain", ":", "same, rescaled"),
        (LEARNED, "both", "hybrid", "-", "learned units"),
        (RANDOM, "both", "hybrid", "--", "random units"),
    )
    uniform = baselines["uniform"].median()
    ends = [curves.level(ax, uniform, "uniform", leak["seconds"].max())]
    for circuit, name, role, dash, label in shown:
        rows = leak[(leak["circuit"] == circuit) & (leak["leak"] == name)]
        ends.append(curves.over_seeds(ax, rows, "seconds", role, label, ls=dash))
    _published(ax, cells, "decay")
    ax.set(xlabel="decay time, s", ylabel="relative error of the output")
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
    style.label_ends(ax, ends)
    plot.set(xscale="log", yscale="log", xlim=(28, 1200), ylim=(0.15, 150))
    ends, shade = [], style.colour("transformer")
    for (name, rows), dash in zip(
        clocked.groupby("clock", sort=False), "- -- :".split(), strict=True
    ):
        plot.plot(rows["tokens"], rows["middle"], color=shade, ls=dash)
        ends.append((name, rows["tokens"].iloc[-1], rows["middle"].iloc[-1], shade))
        if dash == "-":
            plot.fill_between(
                rows["tokens"], rows["low"], rows["high"], color=shade, alpha=0.2, lw=0
            )
    for key, label in (("process", "process"), ("soma", "cell body")):
        low, high = span(cells, f"{key}_decay")
        plot.axhspan(low, high, color=style.colour("reference"), alpha=0.18, lw=0)
        ends.append((label, LENGTHS[-1], np.sqrt(low * high), style.colour("reference")))
    plot.set(xlabel="tokens in the passage", ylabel="decay needed, s")
    plot.set_xticks(LENGTHS[:3], [str(length) for length in LENGTHS[:3]], minor=False)
    plot.minorticks_off()
    style.label_ends(plot, ends)
    return fig


def draw_slopes(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_slopes: leaks as position biases."""
    fig, ax = style.figure(height=2.6)
    for row in result.itertuples():
        shade = style.colour("transformer" if "ALiBi" in row.what else "brain")
        ax.plot([row.flat, row.steep], [-row.Index] * 2, color=shade, lw=7, solid_capstyle="butt")
    ax.set(xscale="log", xlabel="slope: loss of score per token of distance")
    ax.set_yticks(-result.index, result["what"])
    return fig


def draw_rise(result: tuple[pd.DataFrame, float, pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_rise: calcium slower than the tokens."""
    rise, interval, baselines, cells = result
    fig, ax = style.figure(height=3.8)
    ax.set(xscale="log", yscale="log", xlim=(0.1, 2000), ylim=(5e-4, 3))
    uniform = baselines["uniform"].median()
    ends = [curves.level(ax, uniform, "uniform", rise["rise"].max())]
    for part, dash in (("writing, synapses", "-"), ("reading", "--"), ("writing, trace", ":")):
        ends.append(
            curves.over_seeds(ax, rise[rise["part"] == part], "rise", "brain", part, ls=dash)
        )
    _published(ax, cells, "rise", interval)
    ax.set(xlabel="rise time / time per token", ylabel="relative error of the output")
    style.label_ends(ax, ends)
    return fig


def draw_noise(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_noise: noise against its laws."""
    fig, axes = style.figure(1, 2, height=3.8, sharey=True)
    looks = {"token, both": "transformer", "token, trace alone": "brain", "offset": "hybrid",
             "each synapse": "transformer", "each trace": "brain"}  # fmt: skip
    ends = ([], [])
    for ax in axes:
        ax.set(xscale="log", yscale="log", xlim=(0.009, 30), ylim=(1e-3, 6))
        ax.axhline(TARGET, color=style.colour("ink"), lw=0.5)
        ax.set(xlabel="size of the noise", xticks=[0.01, 0.1], xticklabels=["0.01", "0.1"])
    for (circuit, place), rows in result.groupby(["circuit", "place"]):
        side = int(circuit != EXACT)
        label = f"{place}, {circuit.split()[0]}" if side else place
        dash = "--" if circuit == RANDOM else "-"
        ends[side].append(curves.over_seeds(axes[side], rows, "size", looks[place], label, ls=dash))
        curves.law(axes[side], rows, "size")
    axes[0].set(ylabel="relative error of the output", title="tokens")
    axes[1].set(title="hidden units")
    for ax, labels in zip(axes, ends, strict=True):
        style.label_ends(ax, labels)
    return fig


def draw_levels(result: Levels) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_levels: how much range a trace needs."""
    fig, axes = style.figure(1, 3, height=3.6)
    for (what, circuit), rows in result.spans.groupby(["what", "circuit"]):
        heads = np.sort(rows.groupby("head")["decades"].median())
        shade, height = style.colour(ROLES[circuit]), {EXACT: 0.3, LEARNED: 0.2, RANDOM: 0.1}
        axes[0].plot(heads, np.linspace(0, 1, len(heads)), color=shade)
        place = {"ha": "right", "color": shade, "transform": axes[0].transAxes}
        axes[0].text(0.98, height[circuit], f"{what}, {circuit.split()[0]}", **place)
    axes[0].set(xscale="log", xlabel="decades spanned", ylabel="share of heads")
    axes[0].set_xticks([0.5, 1, 3, 10], ["0.5", "1", "3", "10"])
    axes[0].minorticks_off()
    ends = []
    for (circuit, how), rows in result.ranges.groupby(["circuit", "how"]):
        dash, label = "-" if how == "floor" else ":", f"{how}, {circuit.split()[0]}"
        ends.append(curves.over_seeds(axes[1], rows, "decades", ROLES[circuit], label, ls=dash))
    axes[1].set(ylim=(0, 0.8), xlim=(0, 8), xlabel="decades below largest", xticks=[0, 2, 4])
    axes[1].set(ylabel="relative error of the output")
    style.label_ends(axes[1], ends, gap=0.07)
    axes[2].set(xscale="log", yscale="log", xlabel="levels of p per decade")
    curves.over_seeds(axes[2], result.levels, "levels", "transformer", lw=2.4)
    curves.law(axes[2], result.levels, "levels")
    axes[2].axhline(TARGET, color=style.colour("ink"), lw=0.5)
    return fig


def draw_coverage(result: tuple[pd.DataFrame, pd.Series]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_coverage: synapses without an astrocyte."""
    coverage, cells = result
    fig, axes = style.figure(1, 2, height=3.6)
    for ax, reading in zip(axes, ("undivided", "unsensed"), strict=True):
        rows = coverage[coverage["reading"] == reading]
        for place, (circuit, part) in enumerate(rows.groupby("circuit")):
            shade = curves.over_seeds(ax, part, "share", ROLES[circuit])[-1]
            style_of = {"ha": "right", "color": shade, "transform": ax.transAxes}
            ax.text(0.99, 0.95 - 0.08 * place, circuit, **style_of)
            if reading == "unsensed":
                curves.law(ax, part, "share")
        ax.axvline(cells["covered_share"], color=style.colour("reference"), lw=1, ls=":")
        ax.set(xlabel="share of synapses covered", title=reading)
    axes[0].set(ylabel="relative error of the output")
    axes[1].set(yscale="log")
    return fig


def draw_pools(result: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> Figure:
    """Page attention/astrocytes_in_time, figure draw_pools: one cell, or its processes alone."""
    apart, together, baselines = result
    constant = baselines["constant"].median()
    fig, (ax, plot) = style.figure(1, 2, height=3.6, width_ratios=[1.4, 1])
    ax.set(xscale="log", yscale="log", xlim=(1.8, 900), ylim=(0.1, 6), ylabel="relative error")
    ends = []
    for circuit, rows in apart.groupby("circuit"):
        role, name = ROLES[circuit], circuit.split()[0]
        ends.append(
            curves.over_seeds(ax, rows, "pools", role, f"one process, {name}", "trace", ls="--")
        )
        ends.append(curves.over_seeds(ax, rows, "pools", role, f"output, {name}"))
        curves.law(ax, rows, "pools")
    ax.set(xlabel="processes that divide alone", xticks=POOLS[::2], xticklabels=POOLS[::2])
    ax.minorticks_off()
    style.label_ends(ax, ends)
    curves.over_seeds(plot, together, "heads", "transformer", marker="o")
    curves.level(plot, constant, "", 1)
    plot.text(12, constant + 0.01, "best constant", ha="right", color=style.colour("reference"))
    plot.set(xlabel="heads that share a divisor", ylim=(0, 0.75), xticks=GROUPS)
    return fig
