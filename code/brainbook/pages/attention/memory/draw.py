"""Figures of the page attention/memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style

from .capacity import Capacity
from .circuits import DENSE, NEUTRAL, PUBLISHED
from .heads import BOUNDS, CLASSES
from .measure import Collapse

DASHES = ("-", "--", "-.", ":", (0, (6, 2)), (0, (1, 3)))


def _band(ax: Axes, rows: pd.DataFrame, x: str, y: str, by: str, role: str, **line) -> tuple:
    """Median over ``by`` with the range; returns the last point and the colour."""
    shading = line.pop("shading", 0.2)
    curves = rows.groupby([x, by])[y].median().unstack(by)
    middle, shade = curves.median(axis=1), style.colour(role)
    ax.fill_between(
        curves.index, curves.min(axis=1), curves.max(axis=1), color=shade, alpha=shading
    )
    ax.plot(curves.index, middle, color=shade, **line)
    return float(curves.index[-1]), float(middle.iloc[-1]), shade


def draw_collapse(result: Collapse) -> Figure:
    """Page attention/memory, figure draw_collapse: the Hopfield network forgets everything."""
    fig, (ax, fall) = style.figure(1, 2, height=3.6, width_ratios=[1.5, 1])
    for (neurons, rows), dash in zip(result.table.groupby("neurons"), DASHES[3::-1], strict=True):
        _band(ax, rows, "load", "overlap", "seed", "brain", ls=dash, label=f"{neurons:,} neurons")
    theory = {"color": style.colour("reference"), "lw": 2.4}
    ax.plot(result.theory["load"], result.theory["overlap"], label="theory, N infinite", **theory)
    ax.set(xlabel="load: patterns / neurons", ylabel="overlap with the memory", ylim=(0, 1.03))
    ax.legend(loc="lower left", fontsize=8)
    falls = result.falls.stack().rename("load").reset_index()
    _band(fall, falls, "neurons", "load", "seed", "brain", marker="o")
    fall.axhline(result.critical, **theory)
    fall.set_xscale("log", base=2)
    fall.set_xticks(result.falls.columns, [f"{size:,}" for size in result.falls])
    fall.minorticks_off()
    fall.set(xlabel="neurons", ylabel="load of the collapse")
    return fig


def draw_dense_capacity(result: Capacity) -> Figure:
    """Page attention/memory, figure draw_dense_capacity: powers of N."""
    fig, (ax, plot) = style.figure(1, 2, height=3.8)
    ends, lines, line = [], [], {"ls": "", "marker": "o", "ms": 4}
    for (degree, rows), dash in zip(result.powers.groupby("degree"), DASHES, strict=False):
        x, y, shade = _band(ax, rows, "neurons", "capacity", "seed", "brain", **line)
        ends.append((f"n = {degree}", x, y, shade))
        law = rows.groupby("neurons")["law"].first()
        ax.plot(law.index, law, color=style.colour("reference"), lw=1)
        x, y, shade = _band(plot, rows, "neurons", "ratio", "seed", "brain", ls=dash)
        lines.append((f"n = {degree}", x, y, shade))
    shade = style.colour("hybrid")
    for (_, rows), dash in zip(result.perfect.groupby("degree"), DASHES, strict=False):
        plot.plot(rows["neurons"], rows["ratio"], color=shade, ls=dash, lw=1.2)
    lines.append(("no errors", float(rows["neurons"].iloc[-1]), rows["ratio"].iloc[-1], shade))
    plot.axhline(1, color=style.colour("reference"), lw=1)
    ax.set_yscale("log")
    for panel, top in ((ax, ends), (plot, lines)):
        panel.set_xscale("log", base=2)
        panel.set(xlabel="neurons N")
        style.label_ends(panel, top)
    ax.set(ylabel="patterns K")
    plot.set(ylabel="patterns / published law")
    return fig


def draw_exponential_capacity(result: Capacity) -> Figure:
    """Page attention/memory, figure draw_exponential_capacity: doubling with every neuron."""
    fig, ax = style.figure(height=3.8)
    ax.set_yscale("log", base=2)
    ends, line = [], {"ls": "", "marker": "o", "ms": 4}
    for rows, name in ((result.single, "one bit"), (result.every, "all patterns")):
        x, y, shade = _band(ax, rows, "neurons", "patterns", "seed", "transformer", **line)
        law = rows.groupby("neurons")["law"].first()
        ax.plot(law.index, law, color=style.colour("reference"), lw=1)
        ends.append((name, x, y, shade))
    ax.plot([12, 30], [2**6, 2**15], color=style.colour("ink"), lw=1, ls="--")
    ends.append(("$2^{N/2}$", 30.0, 2.0**15, style.colour("ink")))
    ax.set(xlabel="neurons N", ylabel="patterns K", xlim=(11, 31), xticks=range(12, 31, 3))
    style.label_ends(ax, ends)
    return fig


def draw_descent(result: pd.DataFrame) -> Figure:
    """Page attention/memory, figure draw_descent: the energies fall."""
    fig, axes = style.figure(1, 2, height=3.2, sharey=True)
    roles = {"two layers": "transformer", "circuit": "brain"}
    for ax, (system, role) in zip(axes, roles.items(), strict=True):
        rows = result[result["system"] == system]
        for (order, part), dash in zip(rows.groupby("order", sort=False), DASHES, strict=False):
            part = part[np.isclose(part["time"] % 0.1, 0) | np.isclose(part["time"] % 0.1, 0.1)]
            _band(ax, part, "time", "left", "seed", role, ls=dash, label=order)
        ax.legend(fontsize=8)
        ax.set(xlabel="time", title=system)
    axes[0].set(ylabel="energy still to fall, share")
    return fig


def draw_astrocyte_recall(result: pd.DataFrame) -> Figure:
    """Page attention/memory, figure draw_astrocyte_recall: what is found depends on the start."""
    fig, axes = style.figure(1, 2, height=3.2)
    roles = {NEUTRAL: "hybrid", PUBLISHED: "brain", DENSE: "reference"}
    for ax, part in zip(axes, ("overlap", "membrane"), strict=True):
        for (system, role), dash in zip(roles.items(), DASHES, strict=False):
            rows = result[result["system"] == system]
            _band(ax, rows, "time", part, "seed", role, ls=dash, label=system)
        ax.set(xlabel="time, in membrane time constants")
    axes[0].set(ylabel="overlap with the memory", xlim=(0, 10))
    axes[0].legend(loc="lower right")
    axes[1].set(ylabel="mean |membrane|", yscale="log")
    return fig


def draw_memories_per_unit(result: pd.DataFrame) -> Figure:
    """Page attention/memory, figure draw_memories_per_unit: it depends on what is counted."""
    fig, ax = style.figure(height=3.8)
    ends = []
    for degree, column, role, name in (
        (4, "unit", "brain", "astrocyte circuit, per unit"),
        (4, "hidden", "transformer", "hidden neurons, per neuron"),
        (2, "unit", "reference", "Hopfield, per unit"),
        (4, "connection", "hybrid", "astrocyte, per connection"),
    ):
        rows = result[result["degree"] == degree]
        x, y, shade = _band(ax, rows, "neurons", column, "seed", role, marker="o", ms=3)
        ends.append((name, x, y, shade))
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set(xlabel="neurons N", ylabel="memories per part")
    style.label_ends(ax, ends)
    return fig


def draw_keys_held(result: pd.DataFrame) -> Figure:
    """Page attention/memory, figure draw_keys_held: how many keys hold 90% of the weight."""
    fig, (ax, plot) = style.figure(1, 2, height=3.8, sharey=True)
    long = result[result["tokens"] == result["tokens"].max()]
    for weights, role in (("untrained", "reference"), ("trained", "transformer")):
        rows = long[long["weights"] == weights]
        share = rows.groupby(["layer", "head"])["share"].median().reset_index()
        beside = share["layer"] + (share["head"] - 5.5) / 18
        ax.scatter(beside, share["share"], s=14, color=style.colour(role))
    for bound in BOUNDS:
        ax.axhline(bound, color=style.colour("ink"), lw=0.8, ls=":")
    tops = (0.8, *BOUNDS)
    for name, top in zip(CLASSES, tops, strict=True):
        ax.text(-0.75, top * 0.8, name, va="top", fontsize=9)
    trained = result[result["weights"] == "trained"]
    ends = []
    for (layer, rows), dash in zip(trained.groupby("layer"), DASHES, strict=True):
        x, y, shade = _band(plot, rows, "tokens", "share", "document", "transformer", ls=dash)
        ends.append((f"layer {layer}", x, y, shade))
    plot.set_xscale("log", base=2)
    plot.set(xlabel="tokens")
    ax.set_yscale("log", base=2)
    ax.set(xlabel="layer", ylabel="keys holding 90% / tokens", xlim=(-0.9, 5.6), xticks=range(6))
    style.label_ends(plot, ends)
    return fig


def draw_repeated_attention(result: tuple[pd.DataFrame, pd.DataFrame]) -> Figure:
    """Page attention/memory, figure draw_repeated_attention: attention fed back to itself."""
    iteration, storage = result
    fig, axes = style.figure(2, 4, height=4.2, sharex="col", width_ratios=[1, 1, 1, 1.5])
    grid = axes[0, 3].get_gridspec()
    for ax in axes[:, 3]:
        ax.remove()
    middle = iteration.groupby(["layer", "updates"])["keys"].median().unstack("layer")
    for layer, ax in enumerate(axes[:, :3].flat):
        ax.plot(middle.index + 1, middle.drop(columns=layer), color=style.colour("faint"), lw=1)
        rows = iteration[iteration["layer"] == layer]
        rows = rows.assign(updates=rows["updates"] + 1)
        _band(ax, rows, "updates", "keys", "document", "transformer")
        ax.set_xscale("log")
        ax.set_yscale("log", base=2)
        ax.set(ylim=(0.9, iteration["tokens"].max()), title=f"layer {layer}")
        ax.set_xticks([1, 2, 11, 101], ["1", "2", "11", "101"])
        ax.set_yticks([1, 4, 16, 64], ["1", "4", "16", "64"] if layer % 3 == 0 else [])
        ax.minorticks_off()
    for ax in axes[:, 0]:
        ax.set_ylabel("keys holding 90%")
    axes[1, 1].set_xlabel("updates")
    plot = fig.add_subplot(grid[:, 3])
    stored = storage.groupby(["layer", "head"])["stored"].mean().reset_index()
    beside = stored["layer"] + (stored["head"] - 5.5) / 18
    plot.scatter(beside, stored["stored"], s=14, color=style.colour("transformer"))
    plot.set(xlabel="layer", xticks=range(6), ylim=(-0.03, 1.03))
    plot.set(ylabel="share of keys that are fixed points")
    return fig
