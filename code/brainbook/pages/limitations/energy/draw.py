"""Figures of the page limitations/energy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from .measure import MACHINES, PROFILES, Budgets, Quiet

MARKS = {"accelerator": "o", "accelerator and data centre": "^", "server": "s",
         "data centre": "D", "server and data centre": "D"}  # fmt: skip


SHADES = {"machine": "transformer", "chip": "spiking", "brain": "brain"}


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
        right.plot([-run["allowed_percent"], run["allowed_percent"]], [place] * 2, lw=6,
                   color=style.colour("faint"), solid_capstyle="butt")  # fmt: skip
        right.plot(run["deviation_percent"], place, "|", ms=10, mew=1.8, color=ink)
    left.set(xscale="log", xlabel="energy of one training run (MWh)")
    left.set_yticks(runs.index, runs["model"], fontsize=9)
    right.set(xlabel="recomputed, difference (%)", xlim=(-3.4, 3.4))
    labels = {"server, PUE; metered": ("D", shade), "chip, PUE; rated": ("^", "none"),
              "chip; rated": ("o", "none")}  # fmt: skip
    for text, (mark, face) in labels.items():
        left.plot([], [], mark, color=shade, mfc=face, ms=7, label=text)
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
            ends = [row["low"] if row["low"] > 0 else row["value"] / 50, row["high"]]
            ax.plot(ends, [place] * 2, lw=2, color=shade, alpha=0.5)
            ax.plot(row["value"], place, MARKS[row["boundary"]], color=shade, ms=6,
                    mfc=_face(row["evidence"], style.colour("transformer")))  # fmt: skip
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
    for column, words in (("all_parameters", "all parameters"), ("core_parameters",
                          "without embeddings")):  # fmt: skip
        height = counted[column].iloc[0] / 1e6
        left.axhline(height, color=grey, ls="--", lw=1)
        left.annotate(words, (counted["length"].min(), height), (0, -11), fontsize=8, color=grey,
                      textcoords="offset points")  # fmt: skip
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
        shade = style.colour("hybrid" if row["kind"] == "token" else "transformer")
        ax.plot([row["ratio_45nm"], row["ratio_7nm"]], [place] * 2, "o-", color=shade, ms=6,
                mfc=_face(row["evidence"], shade))  # fmt: skip
        if row["kind"] == "token":
            ax.plot(
                row[["over_fetch_45nm", "over_fetch_7nm"]], [place] * 2, "x:", color=shade, ms=6
            )
    ax.axvline(1, color=style.colour("reference"), lw=1)
    words = rows["system"] + rows["kind"].map({"token": ", per token", "training": ", training"})
    ax.set_yticks(rows.index, words, fontsize=9)
    ax.set(xscale="log", xlabel="published energy over the floor")
    return fig


def draw_brain_budget(result: Budgets) -> Figure:
    """Page limitations/energy, figure draw_brain_budget."""
    fig, (bars, share) = style.figure(1, 2, 3.9, width_ratios=(3, 2))
    roles = ("brain", "transformer", "reference", "spiking", "hybrid")
    for place, study in enumerate(reversed(result.shares.columns)):
        left = 0.0
        for (process, percent), role in zip(result.shares[study].items(), roles, strict=True):
            bars.barh(place, percent, 0.6, left, color=style.colour(role), alpha=0.75)
            bars.annotate(f"{percent:g}", (left + percent / 2, place), ha="center", va="center",
                          fontsize=8)  # fmt: skip
            if place == 0:
                bars.plot([], [], "s", color=style.colour(role), alpha=0.75, label=process)
            left += percent
    bars.set_yticks(range(2), [s.replace(" 2", "\n2") for s in reversed(result.shares.columns)],
                    fontsize=8)  # fmt: skip
    bars.set(xlabel="signalling energy of cortex (%)", xlim=(0, 100), ylim=(-0.5, 2.6))
    bars.legend(fontsize=8, loc="upper left", ncols=2)
    rates = np.geomspace(1, 100, 60)
    for row in result.rates.itertuples():
        own = row.changed == "none"
        share.plot(rates, 100 * np.minimum(1, row.rate / rates), color=style.colour("brain"),
                   lw=2.2 if own else 1, alpha=1 if own else 0.5)  # fmt: skip
    share.axhline(1, color=style.colour("reference"), ls="--", lw=1)
    share.set(xscale="log", yscale="log", xlabel="spikes/s when active",
              ylabel="neurons that can be active (%)")  # fmt: skip
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
    ax.annotate("Landauer's bound", (1, len(rows) - 1), (5, 0), textcoords="offset points",
                color=style.colour("reference"), fontsize=9, va="center")  # fmt: skip
    ax.set_yticks(rows.index, rows["step"], fontsize=9)
    ax.set(xscale="log", xlabel="energy of one step over k T ln 2")
    return fig


def draw_optimal_rate(result: Quiet) -> Figure:
    """Page limitations/energy, figure draw_optimal_rate."""
    fig, (left, right) = style.figure(1, 2, 4.3, width_ratios=(3, 2))
    left.plot(result.curve["ratio"], result.curve["rate"], color=style.colour("ink"))
    for study, part in result.cells.groupby("study"):
        left.plot(part["ratio"], part["rate"], "o-", color=style.colour("brain"), lw=1, ms=4)
        left.annotate(study.replace(" 2", "\n2"), part[["ratio", "rate"]].iloc[0], (-4, -9),
                      textcoords="offset points", fontsize=8, color=style.colour("brain"),
                      ha="right", va="top")  # fmt: skip
    own = sorted(result.networks["price"].unique())[1]
    spiking, marks = style.colour("spiking"), dict(zip(MACHINES, "Dso", strict=True))
    named = result.networks[result.networks["price"] == own].groupby(["machine", "layer"])
    for (machine, layer), part in named:
        row = part.mean(numeric_only=True)
        left.errorbar(row["ratio"], row["rate"], part["rate"].std(), [[row["ratio"] -
                      row["ratio_low"]], [row["ratio_high"] - row["ratio"]]], marks[machine],
                      color=spiking, ms=6, lw=1, mfc=spiking if layer == 1 else "none",
                      label=machine if layer == 1 else None)  # fmt: skip
    left.set(xscale="log", yscale="log", ylim=(3e-5, 1), xlabel="cost of a spike (silent steps)",
             ylabel="spikes per neuron and time step")  # fmt: skip
    left.legend(fontsize=8, loc="lower left")
    loihi = result.networks[result.networks["machine"] == "Loihi"]
    prices = sorted(loihi["price"].unique())
    for layer, part in loihi.groupby("layer"):
        found = 100 * part.groupby("price")["share"].agg(["mean", "std"])
        right.errorbar(range(len(prices)), found["mean"], found["std"], fmt="D-", color=spiking,
                       mfc=spiking if layer == 1 else "none", lw=1.4)  # fmt: skip
        right.annotate(f"layer {layer}", (0, found["mean"].iloc[0]), (2, 7), fontsize=8,
                       textcoords="offset points", color=spiking)  # fmt: skip
    percent = 100 * loihi.groupby("price")["accuracy"].mean()
    ticks = [f"{p:g}\n{percent[p]:.1f}%" for p in prices]
    right.set_xticks(range(len(prices)), ticks, fontsize=8)
    right.set(
        ylim=(0, 100), xlabel="price of a spike; accuracy", ylabel="bits per joule (% of best)"
    )
    return fig
