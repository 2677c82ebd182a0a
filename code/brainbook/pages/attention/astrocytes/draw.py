"""Figures of the page attention/astrocytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from brainbook.evidence import curves, style
from brainbook.models.astrocyte.error import PARTS
from brainbook.models.astrocyte.sweep import PUBLISHED, Sweep, Trace
from brainbook.models.attention.minilm_heads import HEADS
from brainbook.models.features.maps import MAPS, Positive

from .fitting import typical
from .measure import GAUSSIAN, GOAL, LAW, typical_heads, typical_lookups

WORDS = {"output": "output", "trace": "trace p", "block": "whole block"}


def _level(ax: Axes, height: float, label: str, right: float, role: str, **line) -> tuple:
    """A value that does not depend on what runs along the axis; for label_ends too."""
    shade = style.colour(role)
    ax.plot([ax.get_xlim()[0], right], [height, height], color=shade, lw=1.1, **line)
    return label, right, height, shade


def _log_axes(ax: Axes, title: str, right: float = 1e9) -> None:
    """Hidden units and error in logs, with room for labels at the right."""
    ax.set(xscale="log", yscale="log", title=title, xlim=(12, right))
    ax.set_xticks([1e2, 1e3, 1e4, 1e5])
    ax.minorticks_off()


def draw_error(result: tuple[Sweep, Sweep, pd.DataFrame]) -> Figure:
    """Page attention/astrocytes, figure draw_error: error against hidden units."""
    gaussian, minilm, lookups = result
    fig, axes = style.figure(2, 2, height=7, sharex=True)
    for ax, part in zip(axes[0], PARTS, strict=True):
        _gaussian_errors(ax, gaussian, part)
    outputs, rest = axes[1]
    _log_axes(outputs, "MiniLM: output of 72 heads")
    outputs.set_ylim(0.3, 1.12)
    floors = {kind: minilm.baseline(kind, "output") for kind in ("uniform", "Taylor")}
    floors |= typical_lookups(lookups).median().to_dict()
    _minilm_errors(outputs, minilm, {"output": "-"}, floors)
    _log_axes(rest, "MiniLM: trace, and whole blocks")
    rest.set_ylim(0.15, 1.4)
    floors = {
        "best constant trace": minilm.baseline("uniform", "trace"),
        "uniform, whole block": minilm.baseline("uniform", "block"),
    }
    _minilm_errors(rest, minilm, {"trace": "--", "block": "-"}, floors)
    for ax in axes[:, 0]:
        ax.set(ylabel="relative error")
    for ax in axes[1]:
        ax.set(xlabel="hidden units m")
    return fig


def _gaussian_errors(ax: Axes, gaussian: Sweep, part: str) -> None:
    """Each setting with its closed form, and the baselines of the untrained one."""
    _log_axes(ax, f"Gaussian inputs: {WORDS[part]}")
    ax.set_ylim(1e-4, 6)
    ends = []
    for name, dash in zip(GAUSSIAN, ("-", "--", ":"), strict=True):
        rows = gaussian.rows(part, name)
        law = gaussian.law(part, name)
        ax.plot(law.index, law, color=style.colour("ink"), lw=0.8, ls=dash)
        ends.append(curves.over_seeds(ax, rows, "units", "brain", name, ls=dash))
    for kind in ("uniform", "Taylor"):
        level = gaussian.baseline(kind, part, LAW)
        ends.append(_level(ax, level, f"{kind}, d = 32", PUBLISHED[1], "reference"))
    style.label_ends(ax, ends)


def _minilm_errors(
    ax: Axes, minilm: Sweep, parts: dict[str, str], floors: dict[str, float]
) -> None:
    """Errors of heads or of blocks, by part and dash, baselines, and a guide for the eye."""
    ends = []
    for part, dash in parts.items():
        rows = minilm.rows(part)
        ends.append(curves.over_seeds(ax, rows, "units", "brain", WORDS[part], ls=dash))
    dashes = ("-", "--", "-.", ":", (0, (5, 1)))
    for (label, height), dash in zip(floors.items(), dashes, strict=False):
        ends.append(_level(ax, height, label, PUBLISHED[1], "reference", ls=dash))
    bottom, top = ax.get_ylim()
    guide = np.array([20, 20 * 0.7 * (top / bottom) ** 2])  # down to just above the bottom
    ax.plot(guide, top * (guide / 20) ** -0.5, color=style.colour("ink"), lw=0.8)
    ax.text(guide[1], 1.04 * bottom, " slope -1/2")
    small = [height for height in (0.2, 0.3, 0.5, 1) if height > bottom]
    ax.set_yticks(small, [f"{height:g}" for height in small])
    ax.minorticks_off()
    style.label_ends(ax, ends)


def draw_heads(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes, figure draw_heads: every head, and what the closed form says."""
    heads, units = typical_heads(result), result["units"].iloc[0]
    fig, (ax, plot) = style.figure(1, 2, height=3.6, width_ratios=[1.25, 1])
    shades = [style.colour("faint"), style.colour("brain")]
    shading = LinearSegmentedColormap.from_list("error", shades)
    ax.imshow(heads["error"].unstack("head"), cmap=shading, vmin=0, vmax=1, aspect="auto")
    for (layer, head), error in heads["error"].items():
        label = f"{error:.1f}".removeprefix("0")
        ax.text(head, layer, label, ha="center", va="center", fontsize=8)
    ax.set(xlabel="head", ylabel="layer", xticks=range(0, HEADS, 2))
    ax.set_title(f"output error at {units:,} units")
    ax.grid(False)
    plot.scatter(heads["log10_units"], heads["error"], s=16, color=style.colour("brain"))
    plot.axhline(GOAL, color=style.colour("reference"), lw=1)
    plot.axvline(np.log10(units), color=style.colour("reference"), lw=1)
    plot.set_xscale("log")
    plot.set_xticks([5, 10, 20, 50, 100], ["5", "10", "20", "50", "100"])
    plot.minorticks_off()
    plot.set(xlabel="$\\log_{10}$ of the units asked for", ylabel="measured error")
    plot.set_title(f"closed form, error {GOAL:g}")
    return fig


def draw_traces(result: Sequence[Trace]) -> Figure:
    """Page attention/astrocytes, figure draw_traces: the circuit's trace over the transformer's."""
    fig, axes = style.figure(len(result), 2, 1.75 * len(result) + 0.4, sharey=True, squeeze=False)
    for row, trace in zip(axes, result, strict=True):
        frame = trace.frame()
        for ax, units in zip(row, trace.log_p, strict=True):
            ax.plot(frame["token"], frame["Z"], color=style.colour("transformer"), lw=2.4)
            ax.plot(frame["token"], frame[f"p_{units}"], color=style.colour("brain"), lw=1)
            over = frame[frame[f"p_{units}"] > 1.5]["token"]
            ax.plot(over, np.full(len(over), 1.47), "^", color=style.colour("brain"), ms=4)
            ax.set_title(f"{units:,} units", fontsize=9, loc="right")
            ax.set_ylim(0, 1.5)
        row[0].set_title(trace.title, fontsize=9)
        row[0].set_ylabel("trace / max Z")
    for ax in axes[-1]:
        ax.set_xlabel("token")
    return fig


def draw_maps(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes, figure draw_maps: the other feature maps."""
    fig, axes = style.figure(1, 2, height=4)
    axes[0].set(ylabel="relative error of the output")
    for ax, (name, rows) in zip(axes, result.groupby("input", sort=False), strict=True):
        for kind, dash in zip(MAPS, ("-", "--", "-.", ":", (0, (1, 4))), strict=True):
            role = "brain" if kind is Positive else "reference"
            part = rows[rows["map"] == kind.name]
            curves.over_seeds(ax, part, "units", role, ls=dash)
            ax.lines[-1].set_label(kind.name)
        ax.set(xscale="log", yscale="log", title=name, xlabel="hidden units m")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def draw_fit(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes, figure draw_fit: known passages against held-out ones."""
    fig, ax = style.figure(height=3.8)
    last = result["fitted_on"].max()
    ax.set_xscale("log", base=2)
    ax.set(xlabel="calibration passages learned from", ylabel="relative error of the output")
    ax.set(ylim=(0, 1), xlim=(0.9, 2.6 * last))
    ends = []
    for split, words, dash in (("test", "held-out", "-"), ("calibration", "known", "--")):
        learned = result.query("method == 'learned' and split == @split")
        line = {"ls": dash, "marker": "o"}
        ends.append(
            curves.over_seeds(ax, learned, "fitted_on", "hybrid", f"learned, {words}", **line)
        )
        random = typical(result)["random"].xs(split, level="split")
        for units, level in random.groupby("units").median().items():
            end = _level(ax, level, f"random, {units:,} units", last, "brain", ls=dash)
            ends += [end] if split == "test" else []
    counts = sorted(learned["fitted_on"].unique())
    ax.set_xticks(counts, [str(count) for count in counts])
    style.label_ends(ax, ends)
    return fig


def draw_budget(result: tuple[pd.DataFrame, Sweep, Sweep]) -> Figure:
    """Page attention/astrocytes, figure draw_budget: hidden units that one astrocyte can hold."""
    cells, gaussian, minilm = result
    fig, axes = style.figure(1, 2, height=3.6, sharey=True)
    for ax, (name, rows) in zip(axes, cells.groupby("input", sort=False), strict=True):
        sweep = minilm if name == "MiniLM" else gaussian
        _log_axes(ax, "MiniLM, d = 32" if sweep is minilm else f"Gaussian, {name}", right=3e5)
        curves.over_seeds(ax, sweep.rows("output", name), "units", "brain")
        for species, cell in rows.groupby("species", sort=False):
            ax.axvspan(*cell["units"], color=style.colour("reference"), alpha=0.2, lw=0)
            ax.text(np.sqrt(cell["units"].prod()), 1.25, species, ha="center")
        for units in PUBLISHED:
            ax.axvline(units, color=style.colour("ink"), lw=0.9, ls=":")
        ax.set(xlabel="hidden units m")
    axes[0].set(ylabel="relative error of the output", ylim=(0.03, 1.6))
    return fig
