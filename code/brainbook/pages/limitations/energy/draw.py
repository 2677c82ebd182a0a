"""Figures of the page limitations/energy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from .measure import MACHINES, PROFILES, Budgets, Quiet

MARKS = {
    "accelerator": "o",
    "accelerator and data centre": "^",
    "server": "s",
    "data centre": "D",
    "server and data centre": "D",
}
KINDS = {  # of training run: mark, and whether metered
    "server, PUE; metered": ("D", True),
    "chip, PUE; rated": ("^", False),
    "chip; rated": ("o", False),
}
SHADES = {"machine": "transformer", "chip": "spiking", "brain": "brain"}
RATIO = ["ratio_low", "ratio", "ratio_high"]
PROCESSES = ("brain", "transformer", "reference", "spiking", "hybrid")


def _face(evidence: str, shade: str) -> str:
    return shade if evidence == "metered" else "none"


def draw_training_energy(runs: pd.DataFrame) -> Figure:
    """Page limitations/energy, figure draw_training_energy."""
    fig, (left, right) = style.figure(1, 2, 4.8, sharey=True, width_ratios=(3, 2))
    runs = runs.iloc[::-1].reset_index(drop=True)
    shade, ink = style.colour("transformer"), style.colour("ink")
    for place, run in runs.iterrows():
        look = {"color": shade, "ms": 7, "mfc": _face(run["evidence"], shade)}
        left.plot(run["mwh"], place, MARKS[run["boundary"]], **look)
        allowed = {"lw": 6, "color": style.colour("faint"), "solid_capstyle": "butt"}
        right.plot([-run["allowed_percent"], run["allowed_percent"]], [place] * 2, **allowed)
        right.plot(run["deviation_percent"], place, "|", ms=10, mew=1.8, color=ink)
    left.set(xscale="log", xlabel="energy of one training run (MWh)")
    left.set_yticks(runs.index, runs["model"], fontsize=9)
    right.set(xlabel="recomputed, difference (%)", xlim=(-3.4, 3.4))
    for label, (mark, full) in KINDS.items():
        left.plot([], [], mark, color=shade, mfc=shade if full else "none", ms=7, label=label)
    fig.legend(fontsize=8, loc="outside upper center", ncols=3)
    return fig


def draw_inference_energy(rows: pd.DataFrame) -> Figure:
    """Page limitations/energy, figure draw_inference_energy."""
    counts = [int((rows["per"] == per).sum()) for per in ("query", "token")]
    fig, axes = style.figure(2, 1, 5.9, height_ratios=counts)
    shade = style.colour("transformer")
    for ax, per in zip(axes, ("query", "token"), strict=True):
        part = rows[rows["per"] == per].sort_values("value", ascending=False, ignore_index=True)
        for place, row in part.iterrows():
            # a logarithmic axis has no place for a deviation that reaches below zero
            ends = [row["low"] if row["low"] > 0 else row["value"], row["high"]]
            ax.plot(ends, [place] * 2, lw=2, color=shade, alpha=0.5)
            look = {"color": shade, "ms": 6, "mfc": _face(row["evidence"], shade)}
            ax.plot(row["value"], place, MARKS[row["boundary"]], **look)
        ax.set(xscale="log", xlabel=f"joules per {per}")
        ax.set_yticks(part.index, part["system"], fontsize=8)
        ax.margins(y=0.04 if per == "query" else 0.2)
    for boundary in ("accelerator", "server", "data centre"):
        axes[0].plot([], [], MARKS[boundary], color=shade, ms=6, label=boundary)
    axes[0].plot([], [], "D", color=shade, ms=6, mfc="none", label="estimated")
    axes[0].legend(fontsize=8, loc="upper right")
    return fig


def _band(ax: Axes, part: pd.DataFrame, prefix: str, line: str, shade: str) -> None:
    n = part["length"]
    ax.plot(n, part[f"{prefix}central"], line, color=shade, lw=1.6)
    ax.fill_between(n, part[f"{prefix}low"], part[f"{prefix}high"], color=shade, alpha=0.2, lw=0)


def draw_floor(rows: pd.DataFrame) -> Figure:
    """Page limitations/energy, figure draw_floor."""
    fig, (left, right) = style.figure(1, 2, 3.9)
    counted = rows.drop_duplicates("length")
    grey = style.colour("reference")
    left.plot(counted["length"], counted["law"] / 1e6, color=style.colour("transformer"))
    left.plot(counted["length"], counted["macs"] / 1e6, "o", color=style.colour("transformer"))
    names = {"all_parameters": "all parameters", "core_parameters": "without embeddings"}
    for column, label in names.items():
        height, text = counted[column].iloc[0] / 1e6, {"fontsize": 8, "color": grey}
        left.axhline(height, color=grey, ls="--", lw=1)
        start = (counted["length"].min(), height)
        left.annotate(label, start, (0, -11), textcoords="offset points", **text)
    left.set(xscale="log", ylim=(0, 25), ylabel="10⁶ multiply-accumulates per token")
    shades = dict(zip(PROFILES, ("transformer", "hybrid", "spiking"), strict=True))
    ends = []
    for name, part in rows.groupby("profile", sort=False):
        shade = style.colour(shades[name])
        _band(right, part, "", "-", shade)
        _band(right, part, "memory_", "--", shade)
        ends.append((PROFILES[name], part["length"].max(), part["central"].iloc[-1], shade))
    right.set(xscale="log", yscale="log", ylabel="J per token")
    style.label_ends(right, ends)
    for ax in (left, right):
        ax.set_xticks(counted["length"], counted["length"])
        ax.minorticks_off()
        ax.set_xlabel("tokens in the text")
    return fig


def draw_above_floor(rows: pd.DataFrame) -> Figure:
    """Page limitations/energy, figure draw_above_floor."""
    fig, ax = style.figure(1, 1, 3.6)
    rows = rows.sort_values(["kind", "ratio_45nm"], ignore_index=True)
    for place, row in rows.iterrows():
        token = row["kind"] == "token"
        shade = style.colour("hybrid" if token else "transformer")
        face = _face(row["evidence"], shade)
        ax.plot(row[["ratio_45nm", "ratio_7nm"]], [place] * 2, "o-", color=shade, ms=6, mfc=face)
        if token:
            over_fetch = row[["over_fetch_45nm", "over_fetch_7nm"]]
            ax.plot(over_fetch, [place] * 2, "x:", color=shade, ms=6)
    ax.axvline(1, color=style.colour("reference"), lw=1)
    labels = rows["system"] + rows["kind"].map({"token": ", per token", "training": ", training"})
    ax.set_yticks(rows.index, labels, fontsize=9)
    ax.set(xscale="log", xlabel="published energy over the floor")
    return fig


def draw_brain_budget(result: Budgets) -> Figure:
    """Page limitations/energy, figure draw_brain_budget."""
    fig, (bars, share) = style.figure(1, 2, 3.9, width_ratios=(3, 2))
    studies = list(result.shares.columns[::-1])
    shades = dict(zip(result.shares.index, map(style.colour, PROCESSES), strict=True))
    for place, study in enumerate(studies):
        left = 0.0
        for process, percent in result.shares[study].items():
            bars.barh(place, percent, 0.6, left, color=shades[process], alpha=0.75)
            middle = (left + percent / 2, place)
            bars.annotate(f"{percent:g}", middle, ha="center", va="center", fontsize=8)
            left += percent
    for process, shade in shades.items():
        bars.plot([], [], "s", color=shade, alpha=0.75, label=process)
    bars.set_yticks(range(len(studies)), [s.replace(" 2", "\n2") for s in studies], fontsize=8)
    bars.set(xlabel="signalling energy of cortex (%)", xlim=(0, 100), ylim=(-0.5, 2.6))
    bars.legend(fontsize=8, loc="upper left", ncols=2)
    rates = np.geomspace(1, 100, 60)
    for percent, changed in zip(result.active(rates), result.rates["changed"], strict=True):
        thick = {"lw": 2.2, "alpha": 1} if changed == "none" else {"lw": 1, "alpha": 0.5}
        share.plot(rates, percent, color=style.colour("brain"), **thick)
    share.axhline(1, color=style.colour("reference"), ls="--", lw=1)
    share.set(xscale="log", xlabel="spikes/s when active")
    share.set(yscale="log", ylabel="neurons that can be active (%)")
    return fig


def draw_ladder(rows: pd.DataFrame) -> Figure:
    """Page limitations/energy, figure draw_ladder."""
    fig, ax = style.figure(1, 1, 3.9)
    rows = rows.sort_values("central", ascending=False, ignore_index=True)
    per_bound = rows["bounds"] / rows["central"]
    for place, row in rows.iterrows():
        shade = style.colour(SHADES[row["what"]])
        ends = [row["low"] * per_bound[place], row["high"] * per_bound[place]]
        ax.plot(ends, [place] * 2, lw=3, color=shade, alpha=0.5)
        ax.plot(row["bounds"], place, "o", color=shade, ms=7)
    ax.axvline(1, color=style.colour("reference"), lw=1)
    text = {"color": style.colour("reference"), "fontsize": 9, "va": "center"}
    ax.annotate("Landauer's bound", (1, len(rows) - 1), (5, 0), textcoords="offset points", **text)
    ax.set_yticks(rows.index, rows["step"], fontsize=9)
    ax.set(xscale="log", xlabel="energy of one step over k T ln 2")
    return fig


def draw_optimal_rate(result: Quiet) -> Figure:
    """Page limitations/energy, figure draw_optimal_rate."""
    fig, (left, right) = style.figure(1, 2, 4.3, width_ratios=(3, 2))
    _rates(left, result)
    _prices(right, result.on_loihi)
    return fig


def _rates(ax: Axes, result: Quiet) -> None:
    """The optimum, cortical cells, and our layers: medians over seeds with their range."""
    brain, spiking = style.colour("brain"), style.colour("spiking")
    ax.plot(result.curve["ratio"], result.curve["rate"], color=style.colour("ink"))
    for study, part in result.cells.groupby("study"):
        ax.plot(part["ratio"], part["rate"], "o-", color=brain, lw=1, ms=4)
        text = {"fontsize": 8, "color": brain, "ha": "right", "va": "top"}
        start, label = part[["ratio", "rate"]].iloc[0], study.replace(" 2", "\n2")
        ax.annotate(label, start, (-4, -9), textcoords="offset points", **text)
    marks = dict(zip(MACHINES, "Dso", strict=True))
    for (machine, layer), part in result.own.groupby(["machine", "layer"]):
        rate, (low, ratio, high) = part["rate"], part[RATIO].iloc[0]
        ax.errorbar(
            ratio,
            rate.median(),
            xerr=[[ratio - low], [high - ratio]],
            yerr=[[rate.median() - rate.min()], [rate.max() - rate.median()]],
            fmt=marks[machine],
            ms=6,
            lw=1,
            color=spiking,
            mfc=spiking if layer == 1 else "none",
            label=machine if layer == 1 else None,
        )
    ax.set(xscale="log", xlabel="cost of a spike (silent steps)")
    ax.set(yscale="log", ylim=(3e-5, 1), ylabel="spikes per neuron and time step")
    ax.legend(fontsize=8, loc="lower left")


def _prices(ax: Axes, loihi: pd.DataFrame) -> None:
    """Bits per joule of both layers by the price of a spike, medians over seeds and range."""
    spiking, prices = style.colour("spiking"), sorted(loihi["price"].unique())
    for layer, part in loihi.groupby("layer"):
        share = 100 * part.groupby("price")["share"].agg(["median", "min", "max"])
        middle, face = share["median"], spiking if layer == 1 else "none"
        ends = [middle - share["min"], share["max"] - middle]
        line = {"fmt": "D-", "lw": 1.4, "color": spiking, "mfc": face}
        ax.errorbar(range(len(prices)), middle, ends, **line)
        text, start = {"fontsize": 8, "color": spiking}, (0, middle.iloc[0])
        ax.annotate(f"layer {layer}", start, (2, 7), textcoords="offset points", **text)
    percent = 100 * loihi.groupby("price")["accuracy"].median()
    ticks = [f"{price:g}\n{percent[price]:.1f}%" for price in prices]
    ax.set_xticks(range(len(prices)), ticks, fontsize=8)
    ax.set(ylim=(0, 100), xlabel="price of a spike; accuracy", ylabel="bits per joule (% of best)")
