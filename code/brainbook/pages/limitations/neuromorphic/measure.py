"""What the page limitations/neuromorphic measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from brainbook.evidence import facts
from opjoules.cores import cost as cores_cost
from opjoules.hardware import chips

from . import block as cores_block
from .block import Codes
from .events import LEVELS, Code

PLACED = ("HERMES PCM", "SpiNNaker2", "Loihi")


MICRO = 1e6


COLUMNS = {
    "process": "process, nm", "cores": "cores", "neurons per core": "neurons per core",
    "synapse memory per core": "synapse memory per core, KiB",
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
