"""Page limitations/external_memory: what a memory of text adds to a network's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from brainbook.evidence import facts, style
from brainbook.evidence.claims import Claim
from brainbook.evidence.paired import half_width

from . import retrieval as trials
from .retrieval import ALL, BOTH, COUNTS, MEMORY, NETWORK, TASKS, TUNED

MODELS = {
    NETWORK: "transformer", MEMORY: "brain", TUNED: "hybrid", COUNTS: "reference",
    BOTH: "reference", ALL: "brain",
}  # fmt: skip
TICKS = (30, 60, 120, 240)
PAPER = "khandelwal2020generalization"


def measure_memory(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/external_memory, figures draw_memory_models and draw_store_size."""
    return trials.repetition_table(seeds)


def measure_published() -> pd.DataFrame:
    """Page limitations/external_memory: published perplexities, with their ratio."""
    table = facts.table("external_memory.csv")
    ratio = table["perplexity_with"] / table["perplexity_without"]
    return table.assign(ratio=ratio).drop(columns=["where", "status"])


def measure_ratios(memory: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/external_memory: log ratios of perplexities, mean and 95% half width.

    Rows: better against worse, by task, with the whole memory; positive where the first wins.
    """
    pairs = ((MEMORY, NETWORK), (MEMORY, COUNTS), (BOTH, COUNTS), (ALL, BOTH), (MEMORY, TUNED))
    whole = memory[memory["fraction"] == 1]
    rows = []
    for task, some in whole.groupby("task", sort=False):
        for better, worse in pairs:
            gain = np.log(some[worse] / some[better]).dropna()
            if len(gain):
                rows.append((task, better, worse, gain.mean(), half_width(gain)))
    return pd.DataFrame(rows, columns=["task", "better", "worse", "gain", "half"])


def measure_gaps(seed: int) -> dict[str, float]:
    """Page limitations/external_memory: largest deviations from identities."""
    return {
        "kernel": trials.kernel_gap(seed),
        "sums": trials.counts_gap(seed),
        "search": trials.search_gap(seed),
    }


def draw_memory_models(memory: pd.DataFrame) -> Figure:
    """Page limitations/external_memory, figure draw_memory_models."""
    fig, axes = style.figure(1, 3, 3.8, sharey=True, sharex=True)
    names = list(MODELS)[::-1]
    for ax, task in zip(axes, TASKS, strict=True):
        rows = memory[(memory["task"] == task) & (memory["fraction"] == 1)]
        for height, name in enumerate(names):
            values, shade = rows[name].dropna(), style.colour(MODELS[name])
            ax.plot(values, np.full(len(values), height), "o", ms=4, alpha=0.5, color=shade)
            if len(values):
                ax.plot([values.mean()], [height], "|", ms=16, mew=2, color=shade)
        ax.set(xscale="log", xlabel="perplexity", title=task.replace(", ", ",\n"))
        ax.set_xticks(TICKS, [f"{tick}" for tick in TICKS])
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].set_yticks(range(len(names)), names)
    return fig


def draw_store_size(memory: pd.DataFrame) -> Figure:
    """Page limitations/external_memory, figure draw_store_size."""
    fig, ax = style.figure(height=3.6)
    rows, ends = memory[memory["task"] == TASKS[2]], []
    for name, dash in ((NETWORK, ":"), (MEMORY, "-"), (COUNTS, "-"), (BOTH, "--")):
        found, shade = rows.groupby("fraction"), style.colour(MODELS[name])
        stored, values = found["stored"].mean(), found[name]
        if name in (MEMORY, COUNTS):
            ax.fill_between(stored, values.min(), values.max(), color=shade, alpha=0.15, lw=0)
        ax.plot(stored, values.mean(), "o" + dash, ms=4, color=shade)
        ends.append((name, stored.iloc[-1], values.mean().iloc[-1], shade))
    ax.set(xscale="log", yscale="log", xlabel="positions in memory", ylabel="perplexity")
    ax.set_xticks(stored, [f"{size:,.0f}" for size in stored])
    ax.set_yticks(TICKS, [f"{tick}" for tick in TICKS])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    style.label_ends(ax, ends, gap=0.075)
    return fig


def _order(
    name: str, told: str, gain: pd.Series, expected: float, source: str, reason: str = ""
) -> Claim:
    """A mean log ratio against ``expected``, with half the 95% interval as its margin."""
    return Claim(f"external-{name}", told, "ordering", gain.mean(), expected, half_width(gain),
                 "1", source, reason)  # fmt: skip


def claims(memory: pd.DataFrame, gaps: Mapping[str, float]) -> list[Claim]:
    """Page limitations/external_memory: what it asserts."""
    told = {
        "kernel": "The kernel estimate over the whole memory is softmax attention over it.",
        "sums": "Interpolated Kneser-Ney probabilities add to one.",
        "search": "Searching in blocks finds the nearest positions of all.",
    }
    known, old, new = (memory[(memory["task"] == t) & (memory["fraction"] == 1)] for t in TASKS)
    small = memory[(memory["task"] == TASKS[2]) & (memory["fraction"] < 0.1)]

    def gain(rows: pd.DataFrame, better: str, worse: str) -> pd.Series:
        return np.log(rows[worse] / rows[better]).reset_index(drop=True)

    home, away = gain(known, MEMORY, NETWORK), gain(new, MEMORY, NETWORK)
    published = measure_published()["ratio"].iloc[0]
    weak = "the network learned from few docstrings, and its states tell contexts apart badly"
    return [
        *(Claim(f"external-{name}", told[name], "exact", gap, 0, 1e-10, "1",
                "identity: both sides") for name, gap in gaps.items()),
        _order("helps", "A memory of the text that it learned from lowers the network's "
               "perplexity on other modules (log ratio).", home, 0, PAPER),
        _order("published-gain", "It does so by more than the published ratio (log ratio).", home,
               -np.log(published), PAPER),
        _order("adapts", "A memory of a new library's text lowers perplexity on that library "
               "(log ratio).", away, 0, PAPER),
        _order("adapts-more", "It gains more there than a memory of known text does (difference "
               "of log ratios).", away - gain(old, MEMORY, NETWORK), 0, PAPER),
        _order("grows", "A sixteen times larger memory of the new library gains more (difference "
               "of log ratios).", away - gain(small, MEMORY, NETWORK), 0, PAPER),
        _order("counts", "The network with its memory beats word-piece counts of the same text "
               "(log ratio, new library).", gain(new, MEMORY, COUNTS), 0, PAPER, weak),
        _order("network-and-counts", "Counts mixed with the network beat counts alone (log "
               "ratio, new library).", gain(new, BOTH, COUNTS), 0, "measured here"),
    ]  # fmt: skip
