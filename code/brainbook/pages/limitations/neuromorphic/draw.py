"""Figures of the page limitations/neuromorphic."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import style
from opjoules.cores import cost
from opjoules.hardware.chips import MISPRINT

from .events import Codes
from .mesh import PLACED

KNOWN = ("measured", "fitted to the running chip")
KINDS = {  # of operation: mark, colour, whether filled
    "spike, measured or fitted": ("o", "spiking", True),
    "spike, simulated or tabulated": ("o", "spiking", False),
    "number, measured": ("s", "transformer", True),
}
METHODS = {  # of mapping: mark, colour, size, label, height of the percentage above the mark
    "bound": ("|", "reference", 15, "bound from memory", None),
    "packed": ("o", "spiking", 7, "packed, cores shared", 8),
    "apart": ("s", "transformer", 7, "a core for each piece", -16),
}
PLACEMENTS = {"in order": "in\norder", "at random": "at\nrandom", "optimised": "opti-\nmised"}
WAYS = {"unicast": "transformer", "multicast": "spiking"}
TERMS = {
    cost.NAMES["weights"]: ("reference", "s"),
    cost.NAMES["activations"]: ("reference", "v"),
    cost.NAMES["macs"]: ("transformer", "o"),
    cost.NAMES["acs"]: ("spiking", "o"),
    cost.NAMES["neuron_updates"]: ("hybrid", "o"),
    cost.ATTENTION: ("ink", "D"),
    cost.HOPS: ("brain", "^"),
}
MACHINES = {"logic": "reference", "HERMES": "transformer", "SENECA": "hybrid", "Loihi": "spiking"}
MEMORIES = {"DRAM": "-", "on-chip": "--", "HBM": ":"}


def draw_synaptic_energies(energies: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_synaptic_energies."""
    fig, ax = style.figure(height=4.6)
    names = list(pd.unique(energies["chip"]))
    ax.set(xscale="log", xlabel="energy of one operation (pJ)", ylim=(len(names) - 0.4, -0.6))
    for place, name in enumerate(names):
        rows = energies[energies["chip"] == name]
        suspect = rows["evidence"] == MISPRINT
        ax.plot(
            rows.loc[suspect, "energy"], [place] * suspect.sum(), "x", color=style.colour("ink")
        )
        rows = rows[~suspect]
        ax.plot(rows["energy"], [place] * len(rows), "-", color=style.colour("reference"), lw=1)
        for row in rows.itertuples():
            mark, role = ("o", "spiking") if "synaptic" in row.quantity else ("s", "transformer")
            shade = style.colour(role)
            face = shade if row.evidence in KNOWN else "none"
            ax.plot(row.energy, place, mark, color=shade, mfc=face, ms=7)
    ax.set_yticks(range(len(names)), names)
    for label, (mark, role, full) in KINDS.items():
        shade = style.colour(role)
        ax.plot([], [], mark, color=shade, mfc=shade if full else "none", label=label)
    ax.legend(loc="upper right", fontsize=8)
    return fig


def draw_cores_needed(mapping: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_cores_needed."""
    fig, ax = style.figure(height=2.8)
    names = list(pd.unique(mapping["chip"]))
    for method, (mark, role, size, label, above) in METHODS.items():
        rows, shade = mapping[mapping["method"] == method], style.colour(role)
        places = [names.index(name) for name in rows["chip"]]
        ax.plot(
            rows["cores"], places, mark, label=label, mew=2, color=shade, ms=size, mfc="none", ls=""
        )
        for place, row in zip(places, rows.itertuples(), strict=True):
            if above is not None:
                ax.annotate(
                    f"{100 * row.utilisation:.0f}%",
                    (row.cores, place),
                    (0, above),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                    color=shade,
                )
    lines = mapping.drop_duplicates("chip").itertuples()
    labels = [f"{r.chip}, {r.weight_bits} bit" + (", two lines" * (r.lines > 1)) for r in lines]
    ax.set_yticks(range(len(names)), labels)
    ax.set(xscale="log", xlabel="cores for one block", ylim=(len(names) - 0.4, -0.6))
    ax.set_xticks([20, 30, 50, 100, 200, 300], ["20", "30", "50", "100", "200", "300"])
    ax.minorticks_off()
    ax.legend(loc="upper right", fontsize=8)
    return fig


def draw_event_codes(codes: Codes) -> Figure:
    """Page limitations/neuromorphic, figure draw_event_codes."""
    fig, ax = style.figure(height=3.6)
    curves, grey = codes.curves, style.colour("reference")
    for name, role, label, column in (
        ("graded", "transformer", "graded 8-bit events, by threshold", "threshold"),
        ("rate", "spiking", "spikes, by time steps", "steps"),
    ):
        rows = curves[curves["code"] == name].sort_values("messages")
        shade = style.colour(role)
        bars = {"yerr": rows["half_width"], "fmt": "o-", "ms": 4, "lw": 1.4}
        ax.errorbar(rows["messages"], rows["loss"], **bars, color=shade, label=label)
        for x, y, value in zip(rows["messages"], rows["loss"], rows[column], strict=True):
            place = {"xytext": (4, 5), "textcoords": "offset points"}
            ax.annotate(f"{value:g}", (x, y), **place, fontsize=8, color=shade)
    ax.axhline(codes.unrelated, color=grey, ls="--", lw=1)
    ax.annotate(
        "another passage",
        (curves["messages"].max(), codes.unrelated),
        (0, 4),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=grey,
    )
    ax.set(xscale="log", xlabel="messages per token and block")
    ax.set(yscale="log", ylabel="1 − cosine to the uncoded embedding")
    ax.legend(loc="center right", fontsize=8)
    return fig


def draw_mesh_hops(placements: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_mesh_hops."""
    fig, axes = style.figure(1, len(PLACED), 3.0, sharey=True)
    for ax, chip in zip(axes, PLACED, strict=True):
        rows = placements[placements["chip"] == chip]
        for way, role in WAYS.items():
            seeds = rows[rows["way"] == way].groupby("placement")["hops"]
            hops = seeds.agg(["median", "min", "max"]).loc[list(PLACEMENTS)] / 1e3
            ends = [hops["median"] - hops["min"], hops["max"] - hops["median"]]
            bars = {"yerr": ends, "fmt": "o", "ms": 6, "lw": 1}
            ax.errorbar(range(3), hops["median"], **bars, color=style.colour(role), label=way)
        expected = rows["expected"].iloc[0] * rows["copies"].iloc[0] / 1e3
        ax.axhline(expected, color=style.colour("reference"), ls="--", lw=1)
        ax.set_xticks(range(3), list(PLACEMENTS.values()))
        ax.set(title=chip, xlim=(-0.4, 2.4))
    axes[0].set(ylabel="hops per token (thousands)", ylim=(0, None))
    axes[0].legend(loc="lower left", fontsize=8)
    return fig


def draw_block_energy(costs: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_block_energy."""
    fig, ax = style.figure(height=4.6)
    names = list(pd.unique(costs["machine"]))
    grey, ink = style.colour("reference"), style.colour("ink")
    for place, name in enumerate(names):
        rows = costs[(costs["machine"] == name) & (costs["central"] > 0)]
        total = cost.total(rows)
        bar = {"lw": 7, "alpha": 0.35, "color": grey, "solid_capstyle": "butt"}
        ax.plot([total.low, total.high], [place, place], "-", **bar)
        ax.plot(total.central, place, "|", ms=16, mew=2, color=ink)
        for row in rows.itertuples():
            role, mark = TERMS[row.term]
            ax.plot(row.central, place, mark, ms=6, color=style.colour(role))
    for term, (role, mark) in TERMS.items():
        ax.plot([], [], mark, ms=6, color=style.colour(role), label=term)
    ax.plot([], [], "|", ms=12, mew=2, color=ink, label="total and its interval")
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlabel="energy per token and block (µJ)", ylim=(len(names) - 0.4, -0.6))
    fig.legend(loc="outside lower center", ncols=3, fontsize=8)
    return fig


def draw_weight_sharing(shared: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_weight_sharing."""
    fig, ax = style.figure(height=3.8)
    ends = []
    for name, rows in shared.groupby("machine", sort=False):
        shade = style.colour(next(role for key, role in MACHINES.items() if name.startswith(key)))
        stroke = next((line for key, line in MEMORIES.items() if key in name), "-")
        ax.plot(rows["tokens"], rows["central"], stroke, color=shade)
        ax.fill_between(rows["tokens"], rows["low"], rows["high"], color=shade, alpha=0.15, lw=0)
        ends.append((name, rows["tokens"].iloc[-1], rows["central"].iloc[-1], shade))
    ax.set(xscale="log", xlabel="tokens that share one read of the weights")
    ax.set(yscale="log", ylabel="energy per token and block (µJ)")
    style.label_ends(ax, ends, gap=0.08)
    return fig
