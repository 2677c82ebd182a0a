"""Figures of the page limitations/scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.core.groupby import SeriesGroupBy

from brainbook.evidence import style
from brainbook.models.attention.minilm_heads import D_HEAD, LAYERS, WIDTH

from . import cost
from .collapse import GAINS, MINILM, PURE, RANDOM, Growth
from .measure import LENGTHS, UNITS, Counts, LinearCounts

KINDS = {"softmax": "transformer", "fused": "reference", "elu": "spiking", "256": "brain"}
NAMES = {"softmax": "softmax", "fused": "softmax, fused", "elu": "linear, elu + 1"}
ROLES = {
    "attention": "brain",
    "attention, norm": "hybrid",
    "attention, norm, MLP": "spiking",
    "attention, norm, skip": "reference",
    "whole block": "transformer",
}


def _lengths(ax: Axes, tokens: Sequence[int]) -> None:
    """Text lengths on a logarithmic axis."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(tokens, [f"{n}" for n in tokens])
    ax.set_xlabel("tokens")


def _median_and_range(ax: Axes, values: SeriesGroupBy, shade: str, **line) -> pd.Series:
    """Median with the range as a band, along the groups; returns the median."""
    middle = values.median()
    ax.fill_between(middle.index, values.min(), values.max(), color=shade, alpha=0.2, lw=0)
    ax.plot(middle.index, middle, "o-", color=shade, **line)
    return middle


def draw_token_cost(counts: Counts) -> Figure:
    """Page limitations/scale, figure draw_token_cost."""
    fig, ax = style.figure(height=3.8)
    closed, table, ends = counts.closed, counts.table, []
    for name, role, dash in (
        ("weights", "reference", "-"),
        ("attention", "transformer", "-"),
        ("both", "ink", "--"),
    ):
        shade, millions = style.colour(role), closed[name] / 1e6
        ax.plot(closed["tokens"], millions, color=shade, ls=dash, lw=1.2)
        if name in table:
            ax.plot(table["tokens"], table[name] / 1e6, "o", ms=6, color=shade)
        ends.append((name, closed["tokens"].iloc[-1], millions.iloc[-1], shade))
    meet = cost.crossover(WIDTH)
    ax.axvline(meet, color=style.colour("ink"), lw=0.8, ls=":")
    ax.annotate("6 d", (meet, 0.02), (4, 0), textcoords="offset points")
    ax.set(xscale="log", yscale="log", xlabel="tokens", ylabel="million MACs a token and block")
    ax.set_xlim(closed["tokens"].iloc[0], closed["tokens"].iloc[-1])
    style.label_ends(ax, ends, gap=0.07)
    return fig


def draw_linear_cost(linear: LinearCounts) -> Figure:
    """Page limitations/scale, figure draw_linear_cost."""
    fig, (ax, meet) = style.figure(1, 2, 3.6)
    names = {f"{m}": f"m = {m:,}" for m in UNITS} | {"softmax": "softmax", "elu": "elu + 1"}
    rows_of, ends = dict(list(linear.table.groupby("kind", sort=False))), []
    for kind in [kind for kind in rows_of if kind in names]:
        tokens, millions = rows_of[kind]["tokens"], rows_of[kind]["macs"] / 1e6
        shade = style.colour({"softmax": "transformer", "elu": "spiking"}.get(kind, "brain"))
        ax.plot(tokens, millions, "o-", ms=4, lw=1.2, color=shade)
        ends.append((names[kind], tokens.max(), millions.iloc[-1], shade))
    _lengths(ax, LENGTHS)
    ax.set(yscale="log", ylabel="million MACs a token")
    style.label_ends(ax, ends, gap=0.08)
    brain, spiking, grey = (style.colour(role) for role in ("brain", "spiking", "reference"))
    counted, beside = linear.crossover, {"textcoords": "offset points"}
    meet.plot(linear.closed["units"], linear.closed["crossover"], color=brain, lw=1.2)
    meet.plot(UNITS, [counted[f"{m}"] for m in UNITS], "o", color=brain)
    meet.plot([D_HEAD], [counted["elu"]], "D", color=spiking)
    meet.annotate("elu + 1", (D_HEAD, counted["elu"]), (6, -4), color=spiking, **beside)
    meet.axhline(LENGTHS[-1], color=grey, ls="--", lw=1)
    end = (linear.closed["units"].iloc[-1], LENGTHS[-1])
    beside |= {"fontsize": 8, "ha": "right", "color": grey}
    meet.annotate("MiniLM reads no more", end, (0, -11), **beside)
    meet.set(xscale="log", yscale="log", xlabel="features a head", ylabel="break-even (tokens)")
    return fig


def draw_attention_time(costs: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_attention_time."""
    fig, axes = style.figure(1, 2, 3.8)
    for ax, column, factor in zip(axes, ("seconds", "bytes"), (1e3, 1e-6), strict=True):
        ends = []
        for kind, rows in costs.groupby("kind", sort=False):
            shade = style.colour(KINDS[kind])
            values = (factor * rows[column]).groupby(rows["tokens"])
            middle = _median_and_range(ax, values, shade, ms=4, lw=1.4)
            name = NAMES.get(kind, f"linear, m = {kind}")
            ends.append((name, middle.index[-1], middle.iloc[-1], shade))
        _lengths(ax, sorted(costs["tokens"].unique())[::2])
        ax.set(yscale="log")
        style.label_ends(ax, ends, gap=0.07)
    axes[0].set_ylabel("milliseconds")
    axes[1].set_ylabel("megabytes at the peak")
    return fig


def _curves(ax: Axes, rows: pd.DataFrame, column: str, roles: Mapping[str, str]) -> None:
    """Median over runs with the range, one curve for each set of parts."""
    for parts, role in roles.items():
        values = rows[rows["parts"] == parts].groupby("depth")[column]
        _median_and_range(ax, values, style.colour(role), ms=3, lw=1.4, label=parts)


def draw_rank_collapse(collapse: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_rank_collapse."""
    fig, axes = style.figure(1, 2, 4.4, sharey=True)
    state = collapse[collapse["followed"] == "state"]
    for ax, weights in zip(axes, (RANDOM, MINILM), strict=True):
        _curves(ax, state[state["weights"] == weights], "residual", ROLES)
        ax.set(yscale="log", xlabel="layers", title=f"{weights} weights")
    axes[1].axvline(LAYERS, color=style.colour("ink"), lw=0.8, ls=":")
    axes[0].set_ylabel("relative residual")
    axes[0].legend(loc="center right", fontsize=8)
    return fig


def draw_doubling(growth: Growth) -> Figure:
    """Page limitations/scale, figure draw_doubling."""
    fig, axes = style.figure(1, 2, 3.6, sharey=True)
    lost, tripled = growth.lost, growth.tripled
    for ax, weights in zip(axes, (RANDOM, MINILM), strict=True):
        _curves(ax, lost[lost["weights"] == weights], "lost", {n: ROLES[n] for n in PURE})
        line = tripled[tripled["weights"] == weights]
        ax.plot(line["depth"], line["lost"], ls="--", lw=1, color=style.colour("ink"))
        ax.set(yscale="log", xlabel="layers", title=f"{weights} weights", ylim=(0.005, 400))
    axes[0].set_ylabel("decimal places lost")
    axes[0].legend(loc="lower right", fontsize=8)
    return fig


def draw_cubic(layer: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_cubic."""
    fig, axes = style.figure(1, 2, 3.6, sharey=True)
    for ax, weights in zip(axes, (RANDOM, MINILM), strict=True):
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
    for weights, role in ((MINILM, "transformer"), (RANDOM, "brain")):
        values, shade = sharp[sharp["weights"] == weights].groupby("gain"), style.colour(role)
        middle = _median_and_range(ax, values["layers"], shade)
        ends.append((f"{weights} weights", middle.index[-1], middle.iloc[-1], shade))
    ax.set(xlabel="factor on all scores", ylabel="layers until tokens are alike")
    ax.set_xscale("log", base=2)
    ax.set_xticks(GAINS, [f"{gain:g}" for gain in GAINS])
    style.label_ends(ax, ends, gap=0.09)
    return fig
