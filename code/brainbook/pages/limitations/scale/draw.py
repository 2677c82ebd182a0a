"""Figures of the page limitations/scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from . import claims as scale_claims
from . import collapse as scale_trials
from . import cost
from .measure import D_HEAD, GAINS, HEADS, LENGTHS, UNITS, WIDTH

KINDS = {"softmax": "transformer", "fused": "reference", "elu": "spiking", "256": "brain"}


TEXT = {"softmax": "softmax", "fused": "softmax, fused", "elu": "linear, elu + 1"}


ROLES = {
    "attention": "brain", "attention, norm": "hybrid", "attention, norm, MLP": "spiking",
    "attention, norm, skip": "reference", "whole block": "transformer",
}  # fmt: skip


def _lengths(ax: Axes, tokens: Sequence[int]) -> None:
    """Text lengths on a logarithmic axis."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(tokens, [f"{n}" for n in tokens])
    ax.set_xlabel("tokens")


def draw_token_cost(counts: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_token_cost."""
    fig, ax = style.figure(height=3.8)
    line = np.geomspace(LENGTHS[0], 3 * cost.crossover(WIDTH), 200)
    parts = (("weights", "reference", np.full(200, 12.0 * WIDTH**2)),
             ("attention", "transformer", cost.softmax_macs(WIDTH, line)))  # fmt: skip
    ends = []
    for name, role, formula in parts:
        ax.plot(line, formula / 1e6, color=style.colour(role), lw=1.2)
        ax.plot(counts["tokens"], counts[name] / 1e6, "o", ms=6, color=style.colour(role))
        ends.append((name, line[-1], formula[-1] / 1e6, style.colour(role)))
    total = cost.block_macs(WIDTH, line) / 1e6
    ax.plot(line, total, color=style.colour("ink"), ls="--", lw=1.2)
    ends.append(("both", line[-1], total[-1], style.colour("ink")))
    ax.axvline(cost.crossover(WIDTH), color=style.colour("ink"), lw=0.8, ls=":")
    ax.annotate("6 d", (cost.crossover(WIDTH), 0.02), (4, 0), textcoords="offset points")
    ax.set(xscale="log", yscale="log", xlabel="tokens", ylabel="million MACs a token and block")
    ax.set_xlim(line[0], line[-1])
    style.label_ends(ax, ends, gap=0.07)
    return fig


def draw_linear_cost(linear: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_linear_cost."""
    fig, (ax, meet) = style.figure(1, 2, 3.6)
    ends = []
    names = {f"{m}": f"m = {m:,}" for m in UNITS} | TEXT
    for kind, rows in linear[linear["kind"] != "fused"].groupby("kind", sort=False):
        shade = style.colour({"softmax": "transformer", "elu": "spiking"}.get(kind, "brain"))
        ax.plot(rows["tokens"], rows["macs"] / 1e6, "o-", ms=4, lw=1.2, color=shade)
        ends.append((names[kind].replace("linear, ", ""), rows["tokens"].max(),
                     rows["macs"].iloc[-1] / 1e6, shade))  # fmt: skip
    _lengths(ax, LENGTHS)
    ax.set(yscale="log", ylabel="million MACs a token")
    style.label_ends(ax, ends, gap=0.08)
    slope = linear[linear["kind"] == "softmax"].eval("macs / tokens").mean()
    units = np.geomspace(16, 2048, 50)
    shade = style.colour("brain")
    meet.plot(units, cost.linear_crossover(WIDTH, HEADS, units, True), color=shade, lw=1.2)
    counted = linear.groupby("kind")["macs"].mean() / slope
    meet.plot(UNITS, [counted[f"{m}"] for m in UNITS], "o", color=shade)
    meet.plot([D_HEAD], [counted["elu"]], "D", color=style.colour("spiking"))
    meet.annotate("elu + 1", (D_HEAD, counted["elu"]), (6, -4), textcoords="offset points",
                  color=style.colour("spiking"))  # fmt: skip
    meet.axhline(LENGTHS[-1], color=style.colour("reference"), ls="--", lw=1)
    meet.annotate("MiniLM reads no more", (2048, LENGTHS[-1]), (0, -11), fontsize=8, ha="right",
                  textcoords="offset points", color=style.colour("reference"))  # fmt: skip
    meet.set(xscale="log", yscale="log", xlabel="features a head", ylabel="break-even (tokens)")
    return fig


def draw_attention_time(costs: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_attention_time."""
    fig, axes = style.figure(1, 2, 3.8)
    for ax, column, factor in zip(axes, ("seconds", "bytes"), (1e3, 1e-6), strict=True):
        ends = []
        for kind, rows in costs.groupby("kind", sort=False):
            shade = style.colour(KINDS[kind])
            found = factor * rows.groupby("tokens")[column].agg(["median", "min", "max"])
            ax.fill_between(found.index, found["min"], found["max"], color=shade, alpha=0.2, lw=0)
            ax.plot(found.index, found["median"], "o-", ms=4, lw=1.4, color=shade)
            text = TEXT.get(kind, f"linear, m = {kind}")
            ends.append((text, found.index[-1], found["median"].iloc[-1], shade))
        _lengths(ax, sorted(costs["tokens"].unique())[::2])
        ax.set(yscale="log")
        style.label_ends(ax, ends, gap=0.07)
    axes[0].set_ylabel("milliseconds")
    axes[1].set_ylabel("megabytes at the peak")
    return fig


def _curves(ax: Axes, rows: pd.DataFrame, roles: Mapping[str, str]) -> None:
    """Median over runs with the range, one curve for each set of parts."""
    for parts, role in roles.items():
        found = rows[rows["parts"] == parts].groupby("depth")["residual"]
        shade, middle = style.colour(role), found.median()
        ax.fill_between(middle.index, found.min(), found.max(), color=shade, alpha=0.2, lw=0)
        ax.plot(middle.index, middle, "o-", ms=3, lw=1.4, color=shade, label=parts)


def draw_rank_collapse(collapse: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_rank_collapse."""
    fig, axes = style.figure(1, 2, 4.4, sharey=True)
    state = collapse[collapse["followed"] == "state"]
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        _curves(ax, state[state["weights"] == weights], ROLES)
        ax.set(yscale="log", xlabel="layers", title=f"{weights} weights")
    axes[1].axvline(scale_claims.LAYERS, color=style.colour("ink"), lw=0.8, ls=":")
    axes[0].set_ylabel("relative residual")
    axes[0].legend(loc="center right", fontsize=8)
    return fig


def draw_doubling(collapse: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_doubling."""
    fig, axes = style.figure(1, 2, 3.6, sharey=True)
    apart = collapse[collapse["followed"] == "residual"]
    apart = apart[apart["residual"] > scale_trials.SMALLEST]
    place = ["weights", "parts", "depth"]
    alive = apart.groupby(place)["run"].transform("size")
    apart = apart[alive == apart.groupby(place[:2])["run"].transform("nunique")]
    apart = apart.assign(residual=-np.log10(apart["residual"]))
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        rows = apart[apart["weights"] == weights]
        _curves(ax, rows, {name: ROLES[name] for name in scale_trials.PURE})
        top = rows.groupby("depth")["residual"].median()
        steps = np.arange(1, rows["depth"].max() + 1)
        ax.plot(steps, top[3] * 3.0 ** (steps - 3), ls="--", lw=1, color=style.colour("ink"))
        ax.set(yscale="log", xlabel="layers", title=f"{weights} weights", ylim=(0.005, 400))
    axes[0].set_ylabel("decimal places lost")
    axes[0].legend(loc="lower right", fontsize=8)
    return fig


def draw_cubic(layer: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_cubic."""
    fig, axes = style.figure(1, 2, 3.6, sharey=True)
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        for _, rows in layer[layer["weights"] == weights].groupby("run"):
            ax.plot(rows["before"], rows["leading"], lw=0.8, color=style.colour("ink"))
            ax.plot(rows["before"], rows["after"], "o", ms=4, color=style.colour("brain"))
        ax.set(xscale="log", yscale="log", xlabel="residual before", title=f"{weights} weights")
    axes[0].set_ylabel("residual after one layer")
    return fig


def draw_sharpness(sharp: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_sharpness."""
    fig, ax = style.figure(height=3.4)
    ends = []
    for (weights, rows), role in zip(
        sharp.groupby("weights"), ("transformer", "brain"), strict=True
    ):
        found, shade = rows.groupby("gain")["layers"], style.colour(role)
        middle = found.median()
        ax.fill_between(middle.index, found.min(), found.max(), color=shade, alpha=0.2, lw=0)
        ax.plot(middle.index, middle, "o-", color=shade)
        ends.append((f"{weights} weights", middle.index[-1], middle.iloc[-1], shade))
    ax.set(xlabel="factor on all scores", ylabel="layers until tokens are alike")
    ax.set_xscale("log", base=2)
    ax.set_xticks(GAINS, [f"{gain:g}" for gain in GAINS])
    style.label_ends(ax, ends, gap=0.09)
    return fig
