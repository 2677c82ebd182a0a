"""Figures of the page limitations/energy."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from .measure import PROFILES, Budgets, Quiet

MARKS = {
    "accelerator": "o",
    "accelerator and data centre": "^",
    "server": "s",
    "data centre": "D",
    "server and data centre": "D",
}
KINDS = {  # of training run: mark, and whether metered
    "server, PUE; metered": ("D", True),
    "server, PUE; estimated": ("D", False),
    "chip, PUE; rated": ("^", False),
    "chip; rated": ("o", False),
}
SHADES = {"machine": "transformer", "chip": "spiking", "brain": "brain"}
OPTIMUM = ["optimum_low", "optimum", "optimum_high"]
CELLS = {"Attwell and Laughlin 2001": "rodent neuron", "Lennie 2003": "human neuron"}


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
    fig.legend(fontsize=8, loc="outside upper center", ncols=4)
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
    label = "published energy over arithmetic (dots)\nor over one fetch of all weights (crosses)"
    ax.set(xscale="log", xlabel=label)
    return fig


def draw_brain_budget(result: Budgets) -> Figure:
    """Page limitations/energy, figure draw_brain_budget."""
    fig, (left, right) = style.figure(1, 2, 3.4)
    brain = style.colour("brain")
    shares = result.shares.sort_values(result.shares.columns[0], ignore_index=False)
    places = range(len(shares))
    left.hlines(places, shares.min(axis=1), shares.max(axis=1), color=brain, lw=1, alpha=0.5)
    for study, face in zip(shares.columns, ("none", brain), strict=True):
        left.plot(shares[study], places, "o", color=brain, ms=7, mfc=face)
        year = {"ha": "center", "fontsize": 8, "color": brain, "textcoords": "offset points"}
        left.annotate(study[-4:], (shares[study].iloc[-1], places[-1]), (0, 8), **year)
    left.set_yticks(places, shares.index, fontsize=9)
    left.set(xlabel="signalling energy of cortex (%)", xlim=(0, 55), ylim=(-0.5, len(shares) - 0.3))
    rates = result.rates.sort_values("rate", ascending=False, ignore_index=True)
    own = rates["changed"] == "none"
    for mask, face in ((own, brain), (~own, "none")):
        right.plot(rates["rate"][mask], rates.index[mask], "o", color=brain, ms=7, mfc=face)
    right.set_yticks(rates.index, rates["changed"].replace("none", "as Lennie has it"), fontsize=8)
    right.set(xlabel="affordable mean rate\n(spikes per second)", xlim=(0, 0.8))
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
    """A row each: the best rate with the interval of the costs, and the rate that there is.

    Layers: median over seeds, and range. Cells: steps of 2.5 ms, whiskers from 1 to 5 ms.
    """
    rows = []
    for study, name in CELLS.items():
        cell = result.cells[result.cells["study"] == study].sort_values("step")
        rows.append((name, "brain", cell["optimum"], cell["rate"]))
    for (layer, machine), part in reversed(list(result.own.groupby(["layer", "machine"]))):
        rate = part["rate"]
        there = (rate.min(), rate.median(), rate.max())
        rows.append((f"layer {layer}, {machine}", "spiking", part[OPTIMUM].iloc[0], there))
    for place, (_, role, best, there) in enumerate(rows):
        shade, ink = style.colour(role), style.colour("ink")
        for values, height, look in (
            (best, place + 0.12, {"color": shade, "marker": "o", "mfc": "none", "ms": 6}),
            (there, place - 0.12, {"color": ink, "marker": "|", "ms": 9, "mew": 2}),
        ):
            low, middle, high = values
            ax.plot([low, high], [height] * 2, color=look["color"], lw=1.2)
            ax.plot(middle, height, **look, ls="none")
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows], fontsize=8)
    ax.set(xscale="log", xlabel="spikes per neuron and time step")
    ax.plot([], [], "o", color=style.colour("spiking"), mfc="none", label="best for the energy")
    ax.plot([], [], "|", color=style.colour("ink"), ms=9, mew=2, label="as it is")
    ax.legend(fontsize=8, loc="upper left")


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
