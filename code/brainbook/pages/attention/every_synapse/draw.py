"""Figures of the page attention/every_synapse."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, style
from brainbook.evidence.intervals import mean_interval
from brainbook.models.astrocyte.sweep import Sweep

from .circuits import (
    BASELINE,
    EACH,
    GATED,
    INTERNEURONS,
    MEMBRANE,
    POOL,
    RANDOM,
    RECTIFIED,
    SHARED,
    with_synapses,
)
from .measure import GOAL, HUMAN, LEAKS, RODENT, budgets, typical
from .noise import BASELINE as AROUND
from .noise import CELLS, INPUTS, PAIRED, SYNAPSES, TRACES

LINES = {  # name beside the curve, role, line
    GATED: ("", "hybrid", {"ls": "--", "lw": 1}),
    RECTIFIED: ("inhibited, one cell a unit", "reference", {"ls": ":"}),
    SHARED: ("one network a layer", "reference", {"ls": "-."}),
    INTERNEURONS: ("few interneurons", "reference", {"ls": "--"}),
    POOL: ("divided once", "hybrid", {"ls": "--"}),
    EACH: ("divided at each unit", "hybrid", {"lw": 2.6}),
    BASELINE: ("around a baseline", "hybrid", {"ls": ":", "lw": 2.6}),
}
NOISY = {  # circuit, where, leak: name beside the curve, role, line
    (AROUND, SYNAPSES, LEAKS[0]): ("synapses, baseline", "hybrid", {"ls": ":"}),
    (PAIRED, SYNAPSES, LEAKS[0]): (f"synapses, leak {LEAKS[0]:g}", "hybrid", {}),
    (PAIRED, SYNAPSES, LEAKS[1]): (f"synapses, leak {LEAKS[1]:g}", "hybrid", {"ls": "--"}),
    (PAIRED, SYNAPSES, LEAKS[2]): (f"synapses, leak {LEAKS[2]:g}", "hybrid", {"ls": "-."}),
    (PAIRED, INPUTS, LEAKS[0]): ("inputs", "transformer", {}),
    (PAIRED, TRACES, LEAKS[0]): ("traces", "brain", {}),
    (AROUND, CELLS, LEAKS[0]): ("cells, either way", "reference", {}),
}


def draw_counted(result: tuple[pd.DataFrame, pd.DataFrame, Sweep]) -> Figure:
    """Page attention/every_synapse, figure draw_counted: error against all synapses of a head."""
    divided, rivals, published = result
    fig, ax = style.figure(height=5.2)
    ax.set(xscale="log", yscale="log", xlim=(1.5e4, 2.3e6), ylim=(0.07, 1))
    ax.set(xlabel="synapses of one head's circuit, all counted")
    _error_axis(ax, [0.07, 0.1, 0.2, 0.3, 0.5, 1])
    ends = budgets()
    spans = {
        species: (ends[f"{species}_low"], ends[f"{species}_high"])
        for species in ("rodent", "human")
    }
    curves.ranges(ax, spans)
    rows = with_synapses(published.rows("output").assign(circuit=RANDOM))
    rows = rows[rows["synapses"].between(1.5e4, spans["human"][1] * 1.3)]
    labels = [curves.over_seeds(ax, rows, "synapses", "brain", "published: random units")]
    for circuit, (name, role, line) in LINES.items():
        ours = rivals[rivals["circuit"] == circuit].assign(seed=rivals["document"])
        middle = ours.groupby(["seed", "synapses"])["error"].median().groupby("synapses").median()
        ax.plot(middle.index, middle, color=style.colour(role), **line)
        labels.append((name, middle.index[-1], middle.iloc[-1], style.colour(role)))
    soft = rivals[rivals["circuit"] == GATED]["synapses"].min()
    place = {"xytext": (0, 4), "textcoords": "offset points", "color": style.colour("hybrid")}
    ax.annotate(
        "chosen softly", (soft, typical(rivals, circuit=GATED, synapses=soft).median()), **place
    )
    for circuit, mark in ((EACH, "o"), (MEMBRANE, "s"), (BASELINE, "D")):
        whole = divided[(divided["circuit"] == circuit) & (divided["budget"] == HUMAN)]
        for synapses, part in whole.groupby("synapses"):
            error = mean_interval(typical(part), over="documents")
            shade = {"color": style.colour("ink"), "mfc": "none", "ms": 7, "capsize": 3}
            ax.errorbar(synapses, error.mean, error.half_width, fmt=mark, **shade)
    ax.plot([1.5e4, spans["human"][1]], [GOAL] * 2, color=style.colour("ink"), lw=1, ls="--")
    labels.append(("goal", spans["human"][1], GOAL, style.colour("ink")))
    style.label_ends(ax, [label for label in labels if label[0]], gap=0.05)
    return fig


def _error_axis(ax: Axes, ticks: list[float]) -> None:
    ax.set_ylabel("relative error of the output")
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


def draw_shaken(result: tuple[pd.DataFrame, pd.DataFrame]) -> Figure:
    """Page attention/every_synapse, figure draw_shaken: noise in cells, synapses, traces."""
    noisy, rivals = result
    noisy = noisy[noisy["noise"] > 0].assign(seed=noisy["document"])
    fig, ax = style.figure(height=4.2)
    least, most = noisy["noise"].min(), noisy["noise"].max()
    ax.set(xscale="log", yscale="log", xlim=(least, most), ylim=(0.1, 100))
    ax.set(xlabel="relative noise")
    ax.set_xticks(
        sorted(noisy["noise"].unique()), [f"{x:.1%}" for x in sorted(noisy["noise"].unique())]
    )
    labels = []
    for (circuit, where, leak), (name, role, line) in NOISY.items():
        chosen = (noisy["circuit"] == circuit) & (noisy["where"] == where)
        rows = noisy[chosen & (noisy["leak"] == leak)]
        labels.append(curves.over_seeds(ax, rows, "noise", role, name, **line))
    soft = typical(rivals[rivals["budget"] == RODENT], circuit=GATED).mean()
    labels.append(curves.level(ax, soft, "no lateral synapses", most))
    _error_axis(ax, [0.1, 0.3, 1, 3, 10, 30, 100])
    style.label_ends(ax, labels)
    return fig
