"""Figures of the page limitations/spike_codes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.curves import law, level, over_seeds

from . import (
    errors as code_trials,
)
from .prices import SCENARIOS, front

MARKS = {
    "ANN, fp32": ("reference", "s"), "ANN, int8": ("reference", "o"),
    "ANN, few bits": ("transformer", "v"), "converted, rates": ("spiking", "D"),
    "converted, Poisson": ("ink", "x"), "trained with spikes": ("brain", "^"),
    "first spike": ("hybrid", "P"),
}  # fmt: skip


CODES = {"poisson": ("spiking", "-"), "regular": ("transformer", "-"),
         "first spike": ("hybrid", "--"), "binary": ("reference", "-")}  # fmt: skip


PRODUCTS = {"counts": ("transformer", "-"), "poisson coincidences": ("spiking", "-"),
            "regular coincidences": ("hybrid", "--")}  # fmt: skip


SHADES = {"arithmetic": "reference", "arithmetic-skip": "ink", "memory": "spiking",
          "skip": "brain", "loihi": "hybrid"}  # fmt: skip


def _steps_axis(ax: Axes, steps: Sequence[int], label: str = "time steps") -> None:
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(steps), [f"{step:g}" for step in steps])
    ax.set_xlabel(label)


def draw_conversion_error(errors: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_conversion_error."""
    fig, axes = style.figure(1, 3, 3.6)
    parts = {"error": ("spiking", "-", "whole"), "rounding": ("transformer", "--", "rounding"),
             "uneven": ("brain", "-.", "timing"),
             "inherited": ("reference", ":", "inherited")}  # fmt: skip
    for ax, (layer, rows) in zip(axes, errors.groupby("layer"), strict=False):
        law(ax, rows, "steps")
        for name, (role, line, text) in parts.items():
            if layer > 1 or name in ("error",):
                over_seeds(ax, rows[rows[name] > 0], "steps", role, y=name, ls=line)
                ax.plot([], [], line, color=style.colour(role), label=text)
        ax.set(yscale="log", ylim=(0.002, 0.5), title=f"hidden layer {layer}")
        ax.legend(fontsize=8, loc="lower left")
    axes[0].set_ylabel("error of an activation (thresholds)")
    first = errors[errors["layer"] == 1].assign(percent=lambda t: 100 * t["accuracy"])
    over_seeds(axes[2], first, "steps", "spiking", y="percent", marker="o", ms=3)
    level(axes[2], 100 * first["ann"].mean(), "", 1)
    axes[2].set(title="accuracy (%)", ylim=(85, 100))
    axes[2].text(1, 100 * first["ann"].mean() + 0.2, "perceptron", fontsize=8,
                 color=style.colour("reference"))  # fmt: skip
    for ax in axes:
        _steps_axis(ax, sorted(errors["steps"].unique()))
    return fig


def draw_threshold_choice(thresholds: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_threshold_choice."""
    fig, (left, right) = style.figure(1, 2, 3.6)
    places = {p: i for i, p in enumerate(sorted(thresholds["percentile"].unique()))}
    rows = thresholds.assign(place=thresholds["percentile"].map(places))
    rows["percent"] = 100 * rows["accuracy"]
    lines = ("-", "--", "-.", ":")
    for (step, part), line in zip(rows.groupby("steps"), lines, strict=False):
        over_seeds(left, part, "place", "spiking", y="error", ls=line)
        over_seeds(right, part, "place", "spiking", y="percent", ls=line)
        right.plot([], [], line, color=style.colour("spiking"), label=f"{step} steps")
    clip = rows[rows["steps"] == rows["steps"].min()].groupby("place")["clipping"].median()
    left.plot(clip.index, clip, color=style.colour("ink"), lw=0.8)
    left.text(2.2, 0.006, "clipping alone", fontsize=8)
    left.set(yscale="log", ylabel="error in layer 1 (largest activations)")
    right.set_ylabel("accuracy (%)")
    right.legend(fontsize=8)
    for ax in (left, right):
        ax.set_xticks(list(places.values()), [f"{p:g}" for p in places], fontsize=8)
        ax.set_xlabel("percentile that sets the threshold")
    return fig


def draw_code_errors(codes: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_code_errors."""
    fig, (left, right) = style.figure(1, 2, 3.8)
    for name, (role, line) in CODES.items():
        rows = codes[codes["code"] == name]
        law(left, rows, "steps")
        for ax, column in ((left, "error"), (right, "spikes")):
            over_seeds(ax, rows, "steps", role, y=column, ls=line, marker="o", ms=3)
            ax.plot([], [], line, marker="o", ms=3, color=style.colour(role), label=name)
    left.set(yscale="log", ylim=(5e-4, 1), ylabel="error of a value (of its range)")
    right.set(yscale="log", ylabel="spikes for a value")
    right.legend(fontsize=8)
    for ax in (left, right):
        _steps_axis(ax, sorted(codes["steps"].unique()))
    return fig


def draw_spike_times(times: code_trials.SpikeTimes) -> Figure:
    """Page limitations/spike_codes, figure draw_spike_times."""
    fig, axes = style.figure(1, 3, 3.4)
    rows = times.binned.assign(percent=100 * times.binned["accuracy"])
    for ax, column, title in zip(axes, ("error", "percent", "spikes"), (
        "error of the logits", "accuracy (%)", "spikes per neuron"), strict=True):  # fmt: skip
        over_seeds(ax, rows, "bins", "hybrid", y=column, marker="o", ms=3)
        ax.set_title(title)
        _steps_axis(ax, sorted(rows["bins"].unique()), "time bins per layer")
    axes[0].set_yscale("log")
    level(axes[1], 100 * times.exact["ann"].mean(), "", 1)
    axes[2].set_ylim(0, None)
    return fig


def draw_bits_twins(bits: code_trials.Bits) -> Figure:
    """Page limitations/spike_codes, figure draw_bits_twins."""
    fig, (left, right) = style.figure(1, 2, 3.9)
    grid = bits.grid.assign(percent=100 * bits.grid["accuracy"])
    few, ends = grid[grid["activation_bits"] < 32], []
    for width, rows in few[few["weight_bits"] > 2].groupby("weight_bits"):
        found = rows.groupby("activation_bits")["percent"].agg(["mean", "std"])
        shift = 0.04 * (width - 5)
        left.errorbar(found.index + shift, found["mean"], yerr=found["std"], marker="o", ms=3,
                      lw=1.2, color=style.colour("transformer"))  # fmt: skip
        ends.append((f"{width} bits", found.index[-1], found["mean"].iloc[-1],
                     style.colour("transformer")))  # fmt: skip
    level(left, 100 * grid["ann"].mean(), "", 1)
    left.set(xlabel="bits of an activation", ylabel="accuracy (%)",
             title="by bits of a weight")  # fmt: skip
    style.label_ends(left, ends)
    for name, rows in bits.twins.groupby("scenario", sort=False):
        shade = style.colour(SHADES[name])
        means = rows.groupby("steps")[["ratio", "low", "high"]].mean()
        right.plot(means.index, means["ratio"], marker="o", ms=3, color=shade,
                   label=SCENARIOS[name])  # fmt: skip
        right.fill_between(means.index, means["low"], means["high"], color=shade, alpha=0.18, lw=0)
    right.axhline(1, color=style.colour("ink"), lw=0.8)
    right.set(yscale="log", ylim=(0.5, 400), title="energy, spikes over bits")
    right.legend(fontsize=7.5, loc="upper left")
    _steps_axis(right, sorted(bits.twins["steps"].unique()), "time steps")
    return fig


def draw_codes_energy(networks: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_codes_energy."""
    fig, axes = style.figure(3, 2, 8.6, sharey=True)
    keys = ["scenario", "family", "network"]
    table = networks.groupby(keys)[["accuracy", "low", "central", "high"]].mean() * [100, 1, 1, 1]
    table["spread"] = 100 * networks.groupby(keys)["accuracy"].std()
    for ax, (name, title) in zip(axes.flat, SCENARIOS.items(), strict=False):
        for family, (role, marker) in MARKS.items():
            rows, shade = table.loc[(name, family)], style.colour(role)
            ax.plot(rows["central"], rows["accuracy"], marker, ms=3, color=shade, alpha=0.3)
            own = networks[(networks["scenario"] == name) & (networks["family"] == family)]
            edge = rows.loc[front(own)["network"]]
            bars = [edge["central"] - edge["low"], edge["high"] - edge["central"]]
            ax.errorbar(edge["central"], edge["accuracy"], xerr=bars, yerr=edge["spread"], lw=0.8,
                        fmt=marker, ms=5, color=shade, label=family)  # fmt: skip
            ax.step(edge["central"], edge["accuracy"], where="post", lw=1.2, color=shade)
        ax.set(xscale="log", title=title, ylim=(91, 99.6))
    axes[2, 1].legend(*axes[0, 0].get_legend_handles_labels(), loc="center", fontsize=9)
    axes[2, 1].axis("off")
    fig.supxlabel("energy per image (nJ)", fontsize=10)
    fig.supylabel("accuracy on held-out digits (%)", fontsize=10)
    return fig


def draw_rate_attention(attention: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_rate_attention."""
    fig, axes = style.figure(1, 2, 3.8, sharey=True)
    for name, (role, line) in PRODUCTS.items():
        rows = attention[attention["product"] == name]
        if rows["law"].notna().any():
            law(axes[0], rows, "steps")
        for ax, column in zip(axes, ("error", "output"), strict=True):
            over_seeds(ax, rows, "steps", role, y=column, ls=line, marker="o", ms=3)
        axes[0].plot([], [], line, marker="o", ms=3, color=style.colour(role), label=name)
    axes[0].legend(fontsize=8, loc="lower left")
    axes[0].set(yscale="log", title="attention scores", ylabel="relative error")
    axes[1].set(title="output of the head")
    for ax in axes:
        _steps_axis(ax, sorted(attention["steps"].unique()))
    return fig
