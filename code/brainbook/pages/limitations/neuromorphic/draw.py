"""Figures of the page limitations/neuromorphic."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import style
from opjoules.cores import cost as cores_cost

from .block import Codes
from .measure import PLACED

MEASURED = ("measured", "fitted to the running chip")


PARTS = {
    cores_cost.NAMES["weights"]: ("reference", "s"),
    cores_cost.NAMES["activations"]: ("reference", "v"),
    cores_cost.NAMES["macs"]: ("transformer", "o"), cores_cost.NAMES["acs"]: ("spiking", "o"),
    cores_cost.NAMES["neuron_updates"]: ("hybrid", "o"), cores_cost.ATTENTION: ("ink", "D"),
    cores_cost.HOPS: ("brain", "^"),
}  # fmt: skip


def draw_synaptic_energies(energies: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_synaptic_energies."""
    fig, ax = style.figure(height=4.6)
    names = list(pd.unique(energies["chip"]))
    ax.set(xscale="log", xlabel="energy of one operation (pJ)", ylim=(len(names) - 0.4, -0.6))
    for place, name in enumerate(names):
        rows = energies[energies["chip"] == name]
        ax.plot(rows["energy"], [place] * len(rows), "-", color=style.colour("reference"), lw=1)
        for row in rows.itertuples():
            spikes = "synaptic" in row.quantity
            shade = style.colour("spiking" if spikes else "transformer")
            full = shade if row.evidence in MEASURED else "none"
            ax.plot(row.energy, place, "o" if spikes else "s", color=shade, mfc=full, ms=7)
    ax.set_yticks(range(len(names)), names)
    for text, mark, shade, full in (
        ("spike, measured or fitted", "o", "spiking", True), ("spike, simulated or tabulated", "o",
         "spiking", False), ("number, measured", "s", "transformer", True),
    ):  # fmt: skip
        colour = style.colour(shade)
        ax.plot([], [], mark, color=colour, mfc=colour if full else "none", label=text)
    ax.legend(loc="upper right", fontsize=8)
    return fig


def draw_cores_needed(mapping: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_cores_needed."""
    fig, ax = style.figure(height=2.8)
    marks = {"bound": ("|", "reference", "bound from memory"),
             "packed": ("o", "spiking", "packed, cores shared"),
             "apart": ("s", "transformer", "a core for each piece")}  # fmt: skip
    names = list(pd.unique(mapping["chip"]))
    for method, (mark, shade, label) in marks.items():
        rows = mapping[mapping["method"] == method]
        ax.plot(rows["cores"], [names.index(n) for n in rows["chip"]], mark, label=label,
                mew=2, color=style.colour(shade), ms=15 if mark == "|" else 7, mfc="none",
                ls="")  # fmt: skip
        if method != "bound":
            for row in rows.itertuples():
                ax.annotate(f"{100 * row.utilisation:.0f}%", (row.cores, names.index(row.chip)),
                            (0, 8 if method == "packed" else -16), textcoords="offset points",
                            ha="center", fontsize=8, color=style.colour(shade))  # fmt: skip
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
    by_document = codes.frame.groupby(["code", "steps", "threshold", "messages", "document"])
    groups = by_document["loss"].mean().groupby(["code", "steps", "threshold", "messages"])
    table = groups.agg(["mean", "std"]).reset_index()
    for name, shade, label in (
        ("graded", "transformer", "graded 8-bit events, by threshold"),
        ("rate", "spiking", "spikes, by time steps"),
    ):
        rows = table[table["code"] == name].sort_values("messages")
        colour = style.colour(shade)
        ax.errorbar(rows["messages"], rows["mean"], yerr=rows["std"], fmt="o-", ms=4, lw=1.4,
                    color=colour, label=label)  # fmt: skip
        for row in rows.itertuples():
            text = f"{row.threshold:g}" if name == "graded" else f"{row.steps}"
            ax.annotate(text, (row.messages, row.mean), (4, 5), textcoords="offset points",
                        fontsize=8, color=colour)  # fmt: skip
    ax.axhline(codes.unrelated, color=style.colour("reference"), ls="--", lw=1)
    grey, right = style.colour("reference"), table["messages"].max()
    ax.annotate("another passage", (right, codes.unrelated), (0, 4), ha="right", color=grey,
                textcoords="offset points", fontsize=8)  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="messages per token and block",
           ylabel="1 − cosine to the uncoded embedding")  # fmt: skip
    ax.legend(loc="center right", fontsize=8)
    return fig


def draw_mesh_hops(placements: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_mesh_hops."""
    fig, axes = style.figure(1, len(PLACED), 3.0, sharey=True)
    order = ["in order", "at random", "optimised"]
    shades = {"unicast": "transformer", "multicast": "spiking"}
    for ax, chip in zip(axes, PLACED, strict=True):
        rows = placements[placements["chip"] == chip]
        for way, shade in shades.items():
            kept = rows[rows["way"] == way]
            groups = kept.groupby("placement")["hops"].agg(["mean", "std"]).loc[order] / 1e3
            ax.errorbar(range(3), groups["mean"], yerr=groups["std"].fillna(0), fmt="o", ms=6,
                        lw=1, color=style.colour(shade), label=way)  # fmt: skip
        expected = rows["expected"].iloc[0] * rows["copies"].iloc[0] / 1e3
        ax.axhline(expected, color=style.colour("reference"), ls="--", lw=1)
        ax.set_xticks(range(3), ["in\norder", "at\nrandom", "opti-\nmised"])
        ax.set(title=chip, xlim=(-0.4, 2.4))
    axes[0].set(ylabel="hops per token (thousands)", ylim=(0, None))
    axes[0].legend(loc="lower left", fontsize=8)
    return fig


def draw_block_energy(costs: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_block_energy."""
    fig, ax = style.figure(height=4.6)
    names = list(pd.unique(costs["machine"]))
    for place, name in enumerate(names):
        rows = costs[(costs["machine"] == name) & (costs["central"] > 0)]
        ends = rows[cores_cost.ENERGY].sum()
        ax.plot([ends["low"], ends["high"]], [place, place], "-", lw=7, alpha=0.35,
                color=style.colour("reference"), solid_capstyle="butt")  # fmt: skip
        ax.plot(ends["central"], place, "|", ms=16, mew=2, color=style.colour("ink"))
        for row in rows.itertuples():
            shade, mark = PARTS[row.term]
            ax.plot(row.central, place, mark, ms=6, color=style.colour(shade))
    for term, (shade, mark) in PARTS.items():
        ax.plot([], [], mark, ms=6, color=style.colour(shade), label=term)
    ax.plot([], [], "|", ms=12, mew=2, color=style.colour("ink"), label="total and its interval")
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlabel="energy per token and block (µJ)", ylim=(len(names) - 0.4, -0.6))
    fig.legend(loc="outside lower center", ncols=3, fontsize=8)
    return fig


def draw_weight_sharing(shared: pd.DataFrame) -> Figure:
    """Page limitations/neuromorphic, figure draw_weight_sharing."""
    fig, ax = style.figure(height=3.8)
    shades = {"logic": "reference", "HERMES": "transformer", "SENECA": "hybrid", "Loihi": "spiking"}
    strokes = {"DRAM": "-", "on-chip": "--", "HBM": ":"}
    ends = []
    for name, rows in shared.groupby("machine", sort=False):
        colour = style.colour(next(s for key, s in shades.items() if name.startswith(key)))
        stroke = next((s for key, s in strokes.items() if key in name), "-")
        ax.plot(rows["tokens"], rows["central"], stroke, color=colour)
        ax.fill_between(rows["tokens"], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)
        ends.append((name, rows["tokens"].iloc[-1], rows["central"].iloc[-1], colour))
    ax.set(xscale="log", yscale="log", xlabel="tokens that share one read of the weights",
           ylabel="energy per token and block (µJ)")  # fmt: skip
    style.label_ends(ax, ends, gap=0.08)
    return fig
