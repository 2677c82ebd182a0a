"""Page limitations/neuromorphic: a transformer block on the cores of a neuromorphic chip."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import facts, style
from brainbook.evidence.claims import Claim
from opjoules.cores import cost as cores_cost
from opjoules.hardware import chips

from . import block as cores_block
from . import claims as cores_claims
from .block import Codes
from .events import LEVELS, Code

PLACED = ("HERMES PCM", "SpiNNaker2", "Loihi")
MEASURED = ("measured", "fitted to the running chip")
MICRO = 1e6
COLUMNS = {
    "process": "process, nm", "cores": "cores", "neurons per core": "neurons per core",
    "synapse memory per core": "synapse memory per core, KiB",
}  # fmt: skip
PARTS = {
    cores_cost.NAMES["weights"]: ("reference", "s"),
    cores_cost.NAMES["activations"]: ("reference", "v"),
    cores_cost.NAMES["macs"]: ("transformer", "o"), cores_cost.NAMES["acs"]: ("spiking", "o"),
    cores_cost.NAMES["neuron_updates"]: ("hybrid", "o"), cores_cost.ATTENTION: ("ink", "D"),
    cores_cost.HOPS: ("brain", "^"),
}  # fmt: skip


def measure_energies() -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_synaptic_energies: published pJ per operation.

    One row per chip and source: ``chip``, ``energy`` (pJ), ``evidence``, ``status``, ``caveat``,
    ``source``.
    """
    table = chips.constants()
    named = table["quantity"].str.contains("synaptic operation|multiply-accumulate|weight and")
    columns = ["chip", "value", "quantity", "evidence", "status", "caveat", "source"]
    table = table.loc[named, columns].rename(columns={"value": "energy"})
    table["chip"] = table["chip"].replace(
        {"HERMES PCM fast mode": "HERMES PCM", "uBrain": "µBrain"}
    )
    least = table.groupby("chip")["energy"].transform("min")
    return table.assign(least=least).sort_values(["least", "energy"], ignore_index=True)


def measure_chips() -> pd.DataFrame:
    """Page limitations/neuromorphic: what each chip holds, and its pJ per synaptic operation."""
    table = facts.table("chips.csv")
    wide = table.pivot(index="chip", columns="quantity", values="value").reindex(
        pd.unique(table["chip"])
    )
    sources = table.groupby("chip")["source"].agg(lambda keys: " ".join(dict.fromkeys(keys)))
    energies = measure_energies().groupby("chip")
    joined = energies["energy"].agg(lambda values: ", ".join(f"{v:,.5g}" for v in values))
    found = (
        wide[list(COLUMNS)].rename(columns=COLUMNS).astype(object).where(lambda t: t.notna(), "")
    )
    found["pJ per operation"] = joined.reindex(found.index).fillna("none found")
    more = energies["source"].agg(lambda keys: " ".join(dict.fromkeys(keys))).reindex(found.index)
    keys = (sources + " " + more.fillna("")).map(lambda k: " ".join(dict.fromkeys(k.split())))
    return found.assign(source=keys).rename_axis(columns=None).reset_index()


def measure_disagreements() -> pd.DataFrame:
    """Page limitations/neuromorphic: constants on which two sources differ, in pJ."""
    table = chips.disagreements()
    columns = ["chip", "quantity", "low", "low_evidence", "high", "high_evidence", "ratio"]
    named = {column: column.replace("_", " ") for column in columns}
    named |= {"low": "low, pJ", "high": "high, pJ"}
    return table[[*columns, "source"]].rename(columns=named)


def measure_mapping() -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_cores_needed: cores for one MiniLM block."""
    return cores_block.mapping()


def measure_unmapped(lengths: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic: what a block computes without stored weights, per token.

    Multiply-accumulates with weights and between activations, the latter's ``share``, and the
    elements that go through softmax, GELU and layer normalisation.
    """
    rows = []
    for tokens in lengths:
        table = cores_block.operations(tokens)
        macs = table.groupby("kind")["macs"].sum()
        other = table.attrs["uncounted"]
        named = {
            name: sum(count for op, count in other.items() if key in op) / tokens
            for name, key in (
                ("softmax", "softmax"),
                ("GELU", "gelu"),
                ("normalised", "layer_norm"),
            )
        }
        rows.append(
            {"tokens": tokens, "with weights": macs["linear"] / tokens,
             "between activations": macs["product"] / tokens,
             "share": macs["product"] / macs.sum(), **named}
        )  # fmt: skip
    return pd.DataFrame(rows)


def measure_codes(
    thresholds: Sequence[float], steps: Sequence[int], tokens: int, windows: int
) -> Codes:
    """Page limitations/neuromorphic, figure draw_event_codes: MiniLM on coded messages.

    ``windows`` stretches of ``tokens`` tokens per held-out document; three per calibration
    document choose the levels.
    """
    codes = [Code(threshold=threshold) for threshold in thresholds]
    codes += [Code(step) for step in sorted({*steps, LEVELS})]
    return cores_block.sweep(codes, tokens, windows, 3)


def measure_placements(codes: Codes, seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_mesh_hops: graded events on three meshes."""
    return cores_block.placements(codes.per_unit(Code()), PLACED, seeds)


def measure_random_places(codes: Codes, draws: int, seed: int) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_mesh_hops: many random placements."""
    return cores_block.random_places(codes.per_unit(Code()), PLACED, draws, seed)


def measure_costs(codes: Codes, steps: int, tokens: int, seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_block_energy: µJ per token by machine and term."""
    table = cores_block.energies(codes, steps, tokens, seeds)
    return table.assign(**{end: MICRO * table[end] for end in cores_cost.ENERGY})


def measure_sharing(codes: Codes, steps: int, lengths: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_weight_sharing: µJ per token against tokens."""
    table = cores_block.reuse(codes, steps, lengths)
    return table.assign(**{end: MICRO * table[end] for end in cores_cost.ENERGY})


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


def claims(
    mapping: pd.DataFrame, unmapped: pd.DataFrame, codes: Codes, placements: pd.DataFrame,
    random_places: pd.DataFrame, costs: pd.DataFrame, shared: pd.DataFrame, steps: int,
) -> list[Claim]:  # fmt: skip
    """Page limitations/neuromorphic: what it asserts, from the results of the functions above."""
    prefix = "neuromorphic"
    joules = costs.assign(**{end: costs[end] / MICRO for end in cores_cost.ENERGY})
    return [
        *cores_claims.mapping_claims(mapping, prefix),
        *cores_claims.share_claims(unmapped, prefix),
        *cores_claims.distance_claims(random_places, prefix),
        *cores_claims.code_claims(codes, prefix),
        *cores_claims.placement_claims(placements, prefix),
        *cores_claims.cost_claims(joules, shared, steps, prefix),
    ]
