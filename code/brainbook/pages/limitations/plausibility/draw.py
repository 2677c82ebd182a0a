"""Figures of the page limitations/plausibility."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.core.groupby import SeriesGroupBy

from brainbook.evidence import curves, style

from .attention import TASKS
from .laws import Laws
from .likeness import EVERYTHING, WEIGHTS, Parts
from .measure import Rules
from .settings import BASELINES, SETTINGS, SPIKING, UNTIED

OTHERS = {
    "sign symmetry": "transformer",
    "Kolen-Pollack": "brain",
    "direct feedback alignment": "hybrid",
    "predictive coding": "spiking",
    "equilibrium, two-sided": "reference",
}
OBJECTIONS = {  # need: label, up to which value it is met, whether its number is told
    "transport": ("copies\nweights", 0, False),
    "elsewhere": ("needs distant\nneurons", 0, True),
    "negative": ("sends negative\nerrors", 0, False),
    "phases": ("needs several\nphases", 1, True),
    "hindsight": ("needs the\nfuture", 0, False),
}
EVERY = 12  # steps of Kolen-Pollack's decay between two dots


def _role(name: str) -> str:
    if name in BASELINES:
        return "reference"
    return "brain" if name in (*UNTIED, "Hebbian features") else "transformer"


def _way_role(name: str) -> str:
    if "alignment" in name:
        return "brain"
    return "reference" if "readout" in name else "transformer"


def _dots(ax: Axes, scores: pd.Series, names: Sequence[str], role: Callable[[str], str]) -> None:
    """A row per name: every repetition as a dot, the mean as a tick, in per cent."""
    for place, name in enumerate(names):
        values, shade = 100 * scores[name].to_numpy(), style.colour(role(name))
        ax.plot(values, np.full(len(values), place), "o", ms=4, alpha=0.6, color=shade)
        ax.plot([values.mean()], [place], "|", ms=14, mew=2, color=shade)
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="held-out accuracy (%)")


def draw_rule_accuracy(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_rule_accuracy."""
    flat = [name for name in SETTINGS if name not in SPIKING]
    fig, axes = style.figure(2, 1, 4.8, height_ratios=(len(flat), len(SPIKING)), sharex=True)
    scores = rules.accuracy.set_index("rule")["accuracy"]
    for ax, names in zip(axes, (flat, SPIKING), strict=True):
        _dots(ax, scores, names, _role)
    level = 100 * scores[BASELINES[0]].mean()
    axes[0].axvline(level, color=style.colour("reference"), ls="--", lw=1)
    axes[0].set(xlabel="", title="image at once")
    axes[1].set_title("row by row, spiking")
    return fig


def draw_rule_needs(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_rule_needs."""
    names = [name for name in SETTINGS if name not in BASELINES]
    fig, ax = style.figure(height=4.4)
    ax.set(xlim=(-0.5, len(OBJECTIONS) - 0.5), ylim=(len(names) - 0.5, -0.5))
    for column, (need, (_, free, told)) in enumerate(OBJECTIONS.items()):
        for place, value in enumerate(rules.needs.loc[names, need]):
            if np.isnan(value):
                continue
            shade = style.colour("brain" if value <= free else "transformer")
            face = "none" if value <= free else shade
            ax.plot(column, place, "o", ms=9, color=shade, mfc=face)
            if told and value > free:
                beside = {"textcoords": "offset points", "va": "center", "fontsize": 8}
                ax.annotate(f"{value:.0f}", (column, place), (9, 0), color=shade, **beside)
    ax.set_xticks(range(len(OBJECTIONS)), [label for label, *_ in OBJECTIONS.values()], fontsize=8)
    ax.set_yticks(range(len(names)), names)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def draw_alignment_angles(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_alignment_angles."""
    fig, (left, right) = style.figure(1, 2, 3.8, sharey=True)
    angles = rules.angles
    aligned = angles[angles["rule"] == "feedback alignment"]
    for layer, role, line, height in ((1, "brain", "-", 20), (2, "hybrid", "--", 35)):
        shade = style.colour(role)
        for _, run in aligned[aligned["layer"] == layer].groupby("seed"):
            left.plot(run["epoch"], run["angle"], line, lw=1, color=shade)
        left.annotate(f"layer {layer}", (20, height), color=shade)
    ends = []
    for name, role in OTHERS.items():
        rows = angles[(angles["rule"] == name) & (angles["layer"] == 1)]
        ends.append(curves.over_seeds(right, rows, "epoch", role, name, y="angle"))
    for ax in (left, right):
        ax.axhline(90, color=style.colour("reference"), ls="--", lw=1)
        ax.set(xlabel="passes over the images", ylim=(0, 135), yticks=range(0, 136, 45))
    left.set(ylabel="angle to the gradient (degrees)", title="feedback alignment")
    right.set_title("others, layer 1")
    style.label_ends(right, ends)
    return fig


def draw_learning_laws(laws: Laws) -> Figure:
    """Page limitations/plausibility, figure draw_learning_laws."""
    fig, (decay, nudge, code) = style.figure(1, 3, 3.4)
    mean, ink = laws.decay.groupby("step")[["gap", "law"]].mean(), style.colour("ink")
    dots = mean["gap"].iloc[::EVERY]
    decay.plot(dots.index, dots, "o", ms=4, color=style.colour("brain"))
    decay.plot(mean.index, mean["law"], lw=0.9, color=ink)
    decay.set(yscale="log", xlabel="step", title="Kolen-Pollack:\nasymmetry left")
    for symmetric, role, label in ((False, "transformer", "one way"), (True, "brain", "both ways")):
        rows = laws.bias[laws.bias["symmetric"] == symmetric]
        _errors(nudge, rows.groupby("beta")["error"], role, label)
    _errors(code, laws.gap.groupby("precision")["error"], "hybrid", "")
    for ax, law_of in ((nudge, "bias"), (code, "gap")):
        for _, line in laws.lines[laws.lines["law_of"] == law_of].groupby("symmetric"):
            ax.loglog(line["x"], line["error"], lw=0.9, color=ink)
    nudge.set(xlabel="nudge β", title="equilibrium prop.:\nrelative error")
    code.set(xlabel="weight of output error", title="predictive coding:\nrelative error")
    return fig


def _errors(ax: Axes, errors: SeriesGroupBy, role: str, label: str) -> None:
    """Mean over seeds as dots, the range as a band."""
    mean, shade = errors.mean(), style.colour(role)
    ax.fill_between(mean.index, errors.min(), errors.max(), color=shade, alpha=0.25, lw=0)
    ax.plot(mean.index, mean, "o", ms=4, color=shade)
    place = {"xytext": (4, -12), "textcoords": "offset points"}
    ax.annotate(label, (mean.index[2], mean.iloc[2]), color=shade, fontsize=9, **place)


def draw_feedback_attention(table: pd.DataFrame) -> Figure:
    """Page limitations/plausibility, figure draw_feedback_attention."""
    heights = [len(task.ways) for task in TASKS.values()]
    fig, axes = style.figure(2, 1, 4.6, height_ratios=heights, sharex=True)
    for ax, (name, task) in zip(axes, TASKS.items(), strict=True):
        scores = table[table["task"] == name].set_index("way")["accuracy"]
        _dots(ax, scores, task.ways, _way_role)
        ax.axvline(100 * task.chance, color=style.colour("reference"), ls="--", lw=1)
        ax.set(title=name, xlim=(0, 102))
    axes[0].set_xlabel("")
    return fig


def draw_minilm_parts(parts: Parts) -> Figure:
    """Page limitations/plausibility, figure draw_minilm_parts."""
    fig, (left, right) = style.figure(1, 2, 3.6)
    beside = {"xytext": (5, 0), "textcoords": "offset points"}
    majority, fair = 100 * parts.signs["majority"], 100 * parts.fair
    left.hist(majority, bins=np.arange(50, 70, 0.5), color=style.colour("transformer"))
    left.axvline(fair, color=style.colour("ink"), ls="--", lw=1)
    left.annotate("fair coins", (fair, 0.93), xycoords=("data", "axes fraction"), **beside)
    left.set(xlabel="weights of the commoner sign (%)", ylabel="hidden units", yscale="log")
    for name, role, place in (
        (WEIGHTS, "brain", {"xy": (4.5, 0.97), "ha": "right"}),
        (EVERYTHING, "transformer", {"xy": (7.5, 0.6)}),
    ):
        rows = parts.bits[parts.bits["rounded"] == name].rename(columns={"document": "seed"})
        end = curves.over_seeds(right, rows, "bits", role, name, y="cosine", marker="o", ms=4)
        right.annotate(name, color=end[-1], **place)
    right.axvline(parts.synapse_bits, color=style.colour("reference"), ls="--", lw=1)
    right.annotate("a synapse", (parts.synapse_bits, 0.05), **beside)
    right.set(xlabel="bits", ylabel="cosine to 32 bits", ylim=(0, 1.03))
    return fig
