"""What chips are said to hold and to cost: published constants, each with its source."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence import facts
from opjoules.hardware import chips

OPERATIONS = "synaptic operation|multiply-accumulate|weight and"
LIMITS = {
    "process": "process, nm",
    "cores": "cores",
    "neurons per core": "neurons per core",
    "synapse memory per core": "synapse memory per core, KiB",
}


def measure_energies() -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_synaptic_energies: pJ per operation.

    Columns
    -------
    chip, quantity, evidence, status, caveat, source : of a published value, one a row.
    energy : the value, pJ.
    least : least value of the chip, pJ, suspected misprints apart; rows are sorted by it.
    """
    table = chips.constants()
    columns = ["chip", "value", "quantity", "evidence", "status", "caveat", "source"]
    table = table.loc[table["quantity"].str.contains(OPERATIONS), columns]
    table = table.rename(columns={"value": "energy"}).replace(
        {"chip": {"HERMES PCM fast mode": "HERMES PCM", "uBrain": "µBrain"}}
    )
    believed = table["energy"].where(table["evidence"] != chips.MISPRINT)
    least = believed.groupby(table["chip"]).transform("min")
    return table.assign(least=least).sort_values(["least", "energy"], ignore_index=True)


def listed(energies: pd.DataFrame) -> pd.DataFrame:
    """The table of ``measure_energies`` as the page shows it."""
    return energies.drop(columns="least").rename(columns={"energy": "pJ"})


def measure_chips() -> pd.DataFrame:
    """Page limitations/neuromorphic: what each chip holds, and its pJ per operation, as shown."""
    limits, energies = facts.table("chips.csv"), measure_energies()
    order = pd.unique(limits["chip"])
    wide = limits.pivot(index="chip", columns="quantity", values="value").reindex(order)
    wide = wide[list(LIMITS)].rename(columns=LIMITS)
    prices = energies.groupby("chip")["energy"].agg(
        lambda values: ", ".join(f"{value:,.5g}" for value in values)
    )
    sources = pd.concat([limits, energies]).groupby("chip")["source"].agg(_each_once)
    shown = wide.astype(object).where(wide.notna(), "")
    shown["pJ per operation"] = prices.reindex(order).fillna("none found")
    shown["source"] = sources.reindex(order)
    return shown.rename_axis(columns=None).reset_index()


def _each_once(keys: pd.Series) -> str:
    return " ".join(dict.fromkeys(" ".join(keys).split()))


def measure_disagreements() -> pd.DataFrame:
    """Page limitations/neuromorphic: constants on which two sources differ, in pJ, as shown."""
    columns = ["chip", "quantity", "low", "low_evidence", "high", "high_evidence", "ratio"]
    shown = chips.disagreements()[[*columns, "source"]]
    shown = shown.rename(columns=lambda name: name.replace("_", " "))
    return shown.rename(columns={"low": "low, pJ", "high": "high, pJ"})
