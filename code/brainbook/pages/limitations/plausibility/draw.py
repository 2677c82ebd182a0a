"""Figures of the page limitations/plausibility."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, facts, style
from brainbook.models.learning.training import SETTINGS

from . import attention
from . import claims as said
from . import likeness as brain
from .measure import Laws, Rules

SPIKING = ("through time", "e-prop, transposes", "e-prop, random")


BASELINES = ("random features", "no hidden layer")


def _role(name: str) -> str:
    if name in BASELINES:
        return "reference"
    return "brain" if name in (*said.UNTIED, "Hebbian features") else "transformer"


def _dots(ax: Axes, table: pd.DataFrame, names: Sequence[str], by: str, roles) -> None:
    """A row per name: every seed as a dot, the mean as a tick, in per cent."""
    for place, name in enumerate(names):
        values = 100 * table[table[by] == name]["accuracy"].to_numpy()
        shade = style.colour(roles(name))
        ax.plot(values, np.full(len(values), place), "o", ms=4, alpha=0.6, color=shade)
        ax.plot([values.mean()], [place], "|", ms=14, mew=2, color=shade)
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="held-out accuracy (%)")


def draw_rule_accuracy(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_rule_accuracy."""
    flat = [name for name in SETTINGS if name not in SPIKING]
    fig, axes = style.figure(2, 1, 4.8, height_ratios=(len(flat), len(SPIKING)), sharex=True)
    for ax, names in zip(axes, (flat, SPIKING), strict=True):
        _dots(ax, rules.accuracy, names, "rule", _role)
    level = 100 * rules.accuracy.query("rule == 'random features'")["accuracy"].mean()
    axes[0].axvline(level, color=style.colour("reference"), ls="--", lw=1)
    axes[0].set(xlabel="", title="image at once")
    axes[1].set_title("row by row, spiking")
    return fig


def draw_alignment_angles(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_alignment_angles."""
    fig, (left, right) = style.figure(1, 2, 3.8, sharey=True)
    angles = rules.history.assign(angle=np.degrees(np.arccos(rules.history["cosine"].clip(-1, 1))))
    aligned = angles[angles["rule"] == "feedback alignment"]
    for layer, role, line in ((1, "brain", "-"), (2, "hybrid", "--")):
        for _, run in aligned[aligned["layer"] == layer].groupby("seed"):
            left.plot(run["epoch"], run["angle"], line, lw=1, color=style.colour(role))
        left.annotate(f"layer {layer}", (20, 20 if layer == 1 else 35),
                      color=style.colour(role))  # fmt: skip
    names = ("sign symmetry", "Kolen-Pollack", "direct feedback alignment", "predictive coding",
             "equilibrium, two-sided")  # fmt: skip
    ends, roles = [], ("transformer", "brain", "hybrid", "spiking", "reference")
    for name, role in zip(names, roles, strict=True):
        rows = angles[(angles["rule"] == name) & (angles["layer"] == 1)]
        ends.append(curves.over_seeds(right, rows, "epoch", role, name, y="angle"))
    for ax in (left, right):
        ax.axhline(90, color=style.colour("reference"), ls="--", lw=1)
        ax.set(xlabel="passes over the images", ylim=(0, 135), yticks=range(0, 136, 45))
    left.set(ylabel="angle to the gradient (degrees)", title="feedback alignment")
    right.set_title("others, layer 1")
    style.label_ends(right, ends)
    return fig


def draw_learning_laws(result: Laws) -> Figure:
    """Page limitations/plausibility, figure draw_learning_laws."""
    fig, (decay, nudge, code) = style.figure(1, 3, 3.4)
    mean = result.decay.groupby("step")[["gap", "law"]].mean()
    decay.plot(mean.index[::12], mean["gap"].iloc[::12], "o", ms=4, color=style.colour("brain"))
    decay.plot(mean.index, mean["law"], lw=0.9, color=style.colour("ink"))
    decay.set(yscale="log", xlabel="step", title="Kolen-Pollack:\nasymmetry left")
    for symmetric, role, order in ((False, "transformer", 1), (True, "brain", 2)):
        rows = result.bias[result.bias["symmetric"] == symmetric].groupby("beta")["error"]
        _law(nudge, rows, order, role, "both ways" if symmetric else "one way")
    nudge.set(xlabel="nudge β", title="equilibrium prop.:\nrelative error")
    _law(code, result.gap.groupby("precision")["error"], 1, "hybrid", "")
    code.set(xlabel="weight of output error", title="predictive coding:\nrelative error")
    return fig


def _law(ax: Axes, rows, order: int, role: str, label: str) -> None:
    mean, low, high = rows.mean(), rows.min(), rows.max()
    ax.fill_between(mean.index, low, high, color=style.colour(role), alpha=0.25, lw=0)
    ax.plot(mean.index, mean, "o", ms=4, color=style.colour(role))
    line = mean.iloc[0] * (mean.index / mean.index[0]) ** order
    ax.loglog(mean.index, line, lw=0.9, color=style.colour("ink"))
    ax.annotate(label, (mean.index[2], mean.iloc[2]), (4, -12), textcoords="offset points",
                color=style.colour(role), fontsize=9)  # fmt: skip


def draw_feedback_attention(table: pd.DataFrame) -> Figure:
    """Page limitations/plausibility, figure draw_feedback_attention."""
    fig, axes = style.figure(2, 1, 4.6, height_ratios=(3, 5), sharex=True)
    for ax, task in zip(axes, attention.SHAPES, strict=True):
        rows = table[table["task"] == task]
        _dots(ax, rows, attention.TRIED[task], "way",
              lambda name: "brain" if "alignment" in name else
              "reference" if "readout" in name else "transformer")  # fmt: skip
        ax.axvline(100 * attention.chance(task), color=style.colour("reference"), ls="--", lw=1)
        ax.set(title=task, xlim=(0, 102))
    axes[0].set_xlabel("")
    return fig


def draw_minilm_parts(parts: dict[str, pd.DataFrame]) -> Figure:
    """Page limitations/plausibility, figure draw_minilm_parts."""
    fig, (left, right) = style.figure(1, 2, 3.6)
    signs, shade = parts["signs"], style.colour("transformer")
    left.hist(100 * signs["majority"], bins=np.arange(50, 70, 0.5), color=shade)
    expected = 100 * brain.expected_majority(int(signs["weights"].iloc[0]))
    left.axvline(expected, color=style.colour("ink"), ls="--", lw=1)
    left.annotate("fair coins", (expected, 0.93), (5, 0), textcoords="offset points",
                  xycoords=("data", "axes fraction"))  # fmt: skip
    left.set(xlabel="weights of the commoner sign (%)", ylabel="hidden units", yscale="log")
    for name, role in (("weights", "brain"), ("everything", "transformer")):
        rows = parts["bits"][parts["bits"]["rounded"] == name].rename(columns={"document": "seed"})
        end = curves.over_seeds(right, rows, "bits", role, name, y="cosine", marker="o", ms=4)
        place = {"xy": (4.5, 0.97), "ha": "right"} if name == "weights" else {"xy": (7.5, 0.6)}
        right.annotate(name, color=end[-1], **place)
    known = facts.value("plausibility.csv", "synapse_bits")
    right.axvline(known, color=style.colour("reference"), ls="--", lw=1)
    right.annotate("a synapse", (known, 0.05), (5, 0), textcoords="offset points")
    right.set(xlabel="bits", ylabel="cosine to 32 bits", ylim=(0, 1.03))
    return fig
