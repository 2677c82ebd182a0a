"""Figures of the page limitations/spike_codes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.curves import level, over_seeds
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP

from .measure import Bits
from .prices import FREE, Energies
from .spike_times import SpikeTimes

# role of the colour, and marker or line
MARKS = {
    "words": ("transformer", "v"),
    "converted, rates": ("spiking", "D"),
    "converted, Poisson": ("ink", "x"),
    "trained with spikes": ("brain", "^"),
    "first spike": ("hybrid", "P"),
}
CODED = tuple(family for family in MARKS if family != "words")
PANELS = {"arithmetic": "arithmetic only", "skip": "with memory, zeros skipped"}
PAID = {"memory": "over words, with memory", "skip": "over words, zeros skipped"}
SCHEDULE_MARKS = {  # marker, filled
    STEP_BY_STEP: ("o", True),
    "layer by layer, fused": ("s", False),
    IN_ACCUMULATORS: ("D", True),
    FREE: ("|", True),
}
PARTS = {
    "error": ("spiking", "-", "whole"),
    "rounding": ("transformer", "--", "rounding"),
    "uneven": ("brain", "-.", "timing"),
    "inherited": ("reference", ":", "inherited"),
}
CODES = {
    "poisson": ("spiking", "-"),
    "regular": ("transformer", "-"),
    "first spike": ("hybrid", "--"),
    "binary": ("reference", "-"),
}
PRODUCTS = {
    "counts": ("transformer", "-"),
    "poisson coincidences": ("spiking", "-"),
    "regular coincidences": ("hybrid", "--"),
}
TWINS = {  # scenario and schedule: role of the colour, line, label
    ("arithmetic", STEP_BY_STEP): ("reference", "-", "arithmetic only"),
    ("skip", IN_ACCUMULATORS): ("spiking", "--", "zeros skipped, membranes kept"),
    ("skip", STEP_BY_STEP): ("brain", "-", "zeros skipped, step by step"),
    ("loihi", STEP_BY_STEP): ("hybrid", "-", "spikes on Loihi"),
}


def _steps_axis(ax: Axes, steps: Sequence[int], label: str = "time steps") -> None:
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(steps), [f"{step:g}" for step in steps])
    ax.set_xlabel(label)


def _percent(rows: pd.DataFrame) -> pd.DataFrame:
    """The table with its accuracy in per cent."""
    return rows.assign(percent=100 * rows["accuracy"])


def _law(ax: Axes, rows: pd.DataFrame, x: str) -> None:
    """Thin line: median of the column ``law`` at each x."""
    expected = rows.groupby(x)["law"].median()
    ax.plot(expected.index, expected, color=style.colour("ink"), lw=0.8)


def draw_conversion_error(errors: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_conversion_error."""
    fig, axes = style.figure(1, 3, 3.6)
    for ax, (layer, rows) in zip(axes, errors.groupby("layer"), strict=False):
        _law(ax, rows, "steps")
        for name, (role, line, text) in PARTS.items():
            if layer > 1 or name == "error":  # the first layer inherits nothing
                over_seeds(ax, rows[rows[name] > 0], "steps", role, y=name, ls=line)
                ax.plot([], [], line, color=style.colour(role), label=text)
        ax.set(yscale="log", ylim=(0.002, 0.5), title=f"hidden layer {layer}")
        ax.legend(fontsize=8, loc="lower left")
    axes[0].set_ylabel("error of an activation (thresholds)")
    first = _percent(errors[errors["layer"] == 1])
    over_seeds(axes[2], first, "steps", "spiking", y="percent", marker="o", ms=3)
    top = 100 * first["ann"].mean()
    level(axes[2], top, "", 1)
    axes[2].set(title="accuracy (%)", ylim=(85, 100))
    axes[2].text(1, top + 0.2, "perceptron", fontsize=8, color=style.colour("reference"))
    for ax in axes:
        _steps_axis(ax, sorted(errors["steps"].unique()))
    return fig


def draw_threshold_choice(thresholds: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_threshold_choice."""
    fig, (left, right) = style.figure(1, 2, 3.6)
    places = {p: i for i, p in enumerate(sorted(thresholds["percentile"].unique()))}
    rows = _percent(thresholds.assign(place=thresholds["percentile"].map(places)))
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
        _law(left, rows, "steps")
        for ax, column in ((left, "error"), (right, "spikes")):
            over_seeds(ax, rows, "steps", role, y=column, ls=line, marker="o", ms=3)
            ax.plot([], [], line, marker="o", ms=3, color=style.colour(role), label=name)
    left.set(yscale="log", ylim=(5e-4, 1), ylabel="error of a value (of its range)")
    right.set(yscale="log", ylabel="spikes for a value")
    right.legend(fontsize=8)
    for ax in (left, right):
        _steps_axis(ax, sorted(codes["steps"].unique()))
    return fig


def draw_spike_times(times: SpikeTimes) -> Figure:
    """Page limitations/spike_codes, figure draw_spike_times."""
    fig, axes = style.figure(1, 3, 3.4)
    rows = _percent(times.binned)
    titles = {
        "error": "error of the logits",
        "percent": "accuracy (%)",
        "spikes": "spikes per neuron",
    }
    for ax, (column, title) in zip(axes, titles.items(), strict=True):
        over_seeds(ax, rows, "bins", "hybrid", y=column, marker="o", ms=3)
        ax.set_title(title)
        _steps_axis(ax, sorted(rows["bins"].unique()), "time bins per layer")
    axes[0].set_yscale("log")
    level(axes[1], 100 * times.exact["ann"].mean(), "", 1)
    axes[2].set_ylim(0, None)
    return fig


def draw_bits_twins(bits: Bits) -> Figure:
    """Page limitations/spike_codes, figure draw_bits_twins."""
    fig, (left, right) = style.figure(1, 2, 3.9)
    table, ends = bits.accuracies, []
    few = table[(table["activation_bits"] < 32) & (table["weight_bits"] > 2)]
    shade = style.colour("transformer")
    for width, rows in few.groupby("weight_bits"):
        place = rows["activation_bits"] + 0.04 * (width - 5)  # side by side
        bars = {"yerr": rows["half_width"], "marker": "o", "ms": 3, "lw": 1.2, "color": shade}
        left.errorbar(place, rows["percent"], **bars)
        last = rows.iloc[-1]
        ends.append((f"{width} bits", last["activation_bits"], last["percent"], shade))
    level(left, 100 * bits.grid["ann"].mean(), "", 1)
    left.set(xlabel="bits of an activation", ylabel="accuracy (%)", title="by bits of a weight")
    style.label_ends(left, ends)
    for (name, schedule), (role, line, label) in TWINS.items():
        rows = bits.twins[(bits.twins["scenario"] == name) & (bits.twins["schedule"] == schedule)]
        shade = style.colour(role)
        means = rows.groupby("steps")[["ratio", "low", "high"]].mean()
        right.plot(means.index, means["ratio"], line, marker="o", ms=3, color=shade, label=label)
        right.fill_between(means.index, means["low"], means["high"], color=shade, alpha=0.18, lw=0)
    right.axhline(1, color=style.colour("ink"), lw=0.8)
    right.set(yscale="log", ylim=(0.5, 400), title="energy, spikes over bits")
    right.legend(fontsize=7.5, loc="upper left")
    _steps_axis(right, sorted(bits.twins["steps"].unique()), "time steps")
    return fig


def draw_codes_energy(energies: Energies) -> Figure:
    """Page limitations/spike_codes, figure draw_codes_energy."""
    fig, axes = style.figure(2, 2, 7.4, height_ratios=(3, 2))
    table = energies.means.set_index(["scenario", "family"]).sort_values("central")
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=True):
        for family, (role, marker) in MARKS.items():
            rows, shade = table.loc[[(name, family)]], style.colour(role)
            edge = rows[rows["on_front"]]
            look = {"fmt": marker, "ms": 5, "lw": 0.8, "color": shade, "label": family}
            ax.errorbar(edge["central"], edge["percent"], yerr=edge["half_width"], **look)
            ax.step(edge["central"], edge["percent"], where="post", lw=1.2, color=shade)
        ax.set(xscale="log", title=title, ylim=(91, 99.6), xlabel="energy per image (nJ)")
    axes[0, 0].set_ylabel("accuracy on held-out digits (%)")
    axes[0, 1].legend(loc="lower right", fontsize=8)
    for ax, (name, title) in zip(axes[1], PAID.items(), strict=True):
        _ratios(ax, energies.ratios[energies.ratios["scenario"] == name])
        ax.set(title=title, xlabel="energy over that of words")
    axes[1, 0].set_yticks(range(len(CODED)), CODED, fontsize=9)
    axes[1, 1].set_yticks(range(len(CODED)), [])
    handles, labels = axes[1, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    return fig


def _ratios(ax: Axes, ratios: pd.DataFrame) -> None:
    """Median energy of each code over that of words, one mark a schedule, and the least."""
    places = ratios["family"].map(CODED.index)
    for schedule, (marker, filled) in SCHEDULE_MARKS.items():
        rows, shade = ratios[ratios["schedule"] == schedule], style.colour("ink")
        shade = style.colour("spiking") if schedule == IN_ACCUMULATORS else shade
        height = places[rows.index]
        ax.hlines(height, rows["least"], rows["middle"], color=shade, lw=1, alpha=0.5)
        look = {"ms": 7, "mew": 1.5, "color": shade, "mfc": shade if filled else "none"}
        ax.plot(rows["middle"], height, marker, label=schedule, **look)
    ax.axvline(1, color=style.colour("ink"), lw=1.2)
    ax.set(xscale="log", ylim=(-0.6, len(CODED) - 0.4))


def draw_rate_attention(attention: pd.DataFrame) -> Figure:
    """Page limitations/spike_codes, figure draw_rate_attention."""
    fig, axes = style.figure(1, 2, 3.8, sharey=True)
    for name, (role, line) in PRODUCTS.items():
        rows = attention[attention["product"] == name]
        if rows["law"].notna().any():
            _law(axes[0], rows, "steps")
        for ax, column in zip(axes, ("error", "output"), strict=True):
            over_seeds(ax, rows, "steps", role, y=column, ls=line, marker="o", ms=3)
        axes[0].plot([], [], line, marker="o", ms=3, color=style.colour(role), label=name)
    axes[0].legend(fontsize=8, loc="lower left")
    axes[0].set(yscale="log", title="attention scores", ylabel="relative error")
    axes[1].set(title="output of the head")
    for ax in axes:
        _steps_axis(ax, sorted(attention["steps"].unique()))
    return fig
