"""Profiles of neuromorphic and in-memory chips, what a message costs, and where sources differ.

Constants stand in ``data/energy_chips.csv``. Where only whole-chip figures exist, the neuron
update is inside the synaptic operation and costs nothing extra here. What counts as one
synaptic operation differs between chips; the caveat of each row says what is known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from opjoules import sources

from .profile import Cost, Profile, in_unit, nothing

CHIPS = {
    "loihi": "Loihi",
    "truenorth": "TrueNorth",
    "spinnaker": "SpiNNaker",
    "spinnaker2": "SpiNNaker2",
    "seneca": "SENECA",
    "odin": "ODIN",
    "reckon": "ReckOn",
    "tianjic": "Tianjic",
    "neuronflow": "NeuronFlow",
    "ubrain": "uBrain",
}
SOFTWARE = ("SpiNNaker", "SpiNNaker2")
SURVEY = "neuromorphic_survey"
IN_MEMORY = "hermes"
SYNAPSE = "synaptic operation"
CALIBRATED = ", calibrated"
MISPRINT = "suspected misprint"  # such rows are shown, and nothing is computed from them
DIMENSIONS = {
    "neuron update": "pJ / update",
    "hop": "pJ / hop",
    "spike": "pJ / spike",
    "event": "pJ / event",
}


def constants() -> pd.DataFrame:
    """``data/energy_chips.csv`` in pJ per operation, update, hop, spike or event.

    Raises
    ------
    ValueError : a row whose unit does not belong to its quantity.
    """
    table = sources.table("energy_chips.csv")
    wanted = table["quantity"].map(_unit)
    parts = [
        in_unit(rows, "energy_chips.csv", unit, ("value",)) for unit, rows in table.groupby(wanted)
    ]
    return pd.concat(parts).sort_index()


def _believed() -> pd.DataFrame:
    """:func:`constants` without suspected misprints."""
    table = constants()
    return table[table["evidence"] != MISPRINT]


def _unit(quantity: str) -> str:
    """pJ per what a quantity counts; an operation unless its name says otherwise."""
    return next(
        (u for start, u in DIMENSIONS.items() if quantity.startswith(start)), "pJ / operation"
    )


def _spread(rows: pd.DataFrame, note: str) -> Cost:
    """Least, median (on a log scale) and greatest of several published values."""
    values = rows["value"].astype(float)
    low, high = float(values.min()), float(values.max())
    centre = float(np.exp(np.median(np.log(values))))
    return Cost(low, min(max(centre, low), high), high, sources.joined(rows["source"]), note)


def chip(name: str, calibrated: bool = False) -> Profile:
    """A neuromorphic chip of ``CHIPS``: pJ per synaptic operation and update, memory inside.

    Sources that disagree give the interval. Constants that a simulator fitted to whole runs of
    the chip count among them only if ``calibrated``; ``disagreements`` shows them always.

    Raises
    ------
    ValueError : another name.
    """
    if name not in CHIPS:
        raise ValueError(f"name: got {name!r}; allowed are {tuple(CHIPS)}")
    table = _believed()
    if calibrated:
        table["quantity"] = table["quantity"].str.removesuffix(CALIBRATED)
    rows = table[(table["chip"] == CHIPS[name]) & ~table["quantity"].str.endswith(CALIBRATED)]
    synapse = rows[rows["quantity"] == SYNAPSE]
    updates = rows[rows["quantity"].str.startswith("neuron update")]
    source = synapse["source"].iloc[0]
    neuron = nothing(source, "inside the synaptic operation")
    if len(updates):
        spread = _spread(updates, "low: inactive neuron" if len(updates) > 1 else "")
        # Clocked cores update every neuron; the centre is the price of an active one.
        neuron = Cost(spread.low, spread.high, spread.high, spread.source, spread.note)
    note = "; ".join(dict.fromkeys(synapse["evidence"] + ", " + synapse["caveat"].fillna("")))
    return Profile(
        name=name,
        description=f"{CHIPS[name]}, energy per synaptic operation as published",
        ac=_spread(synapse, note),
        neuron_update=neuron,
        comparison=nothing(source, "inside the neuron update"),
        weight_bits=8,
        activation_bits=8,
        state_bits=16,
    )


def survey() -> Profile:
    """Digital neuromorphic chips together: least, median, greatest pJ per synaptic operation.

    SpiNNaker and SpiNNaker2 are left out: they simulate neurons in software on general
    processors.
    """
    table = _believed()
    rows = table[(table["quantity"] == SYNAPSE) & ~table["chip"].isin(SOFTWARE)]
    updates = table[(table["chip"] == "Loihi") & table["quantity"].str.startswith("neuron update")]
    source = str(updates["source"].iloc[0])
    neuron = Cost(0, 0, updates["value"].max(), source, "high: Loihi's; else in the synaptic one")
    return Profile(
        name=SURVEY,
        description="Range over digital neuromorphic chips, definitions differ",
        ac=_spread(rows, "least, median, greatest over chips"),
        neuron_update=neuron,
        comparison=nothing(source, "inside the neuron update"),
        weight_bits=8,
        activation_bits=8,
        state_bits=16,
    )


def in_memory() -> Profile:
    """HERMES: multiply-accumulates in crossbars of phase-change memory, 8-bit input and output.

    Low is the one-phase (low-precision) and high the four-phase (high-precision) read mode of
    the 64-core chip, both measured, at greatest throughput; the centre is their geometric mean.
    In it: matrix-vector products with 8-bit input and output, so reading the cells and
    converting at both ends. Not in it: products of two activations, which have no stored
    operand; writing the cells; cores that idle. Whether messages between cores are in it, the
    abstract does not say. A crossbar is charged alike for a spike and for a number.
    """
    table = constants()
    rows = table[table["chip"].isin(["HERMES PCM", "HERMES PCM fast mode"])]
    mac = _spread(
        rows, "low: one-phase read; high: four-phase read; whole chip at greatest throughput"
    )
    inside = nothing(mac.source, "inside the multiply-accumulate")
    return Profile(
        name=IN_MEMORY,
        description="HERMES, phase-change memory crossbars, 8-bit input and output",
        mac=mac,
        ac=mac,
        neuron_update=inside,
        comparison=inside,
        weight_bits=8,
        activation_bits=8,
        state_bits=16,
    )


def transport(name: str) -> Cost:
    """pJ that one message pays for one hop between neighbouring tiles of a chip.

    The two directions of a mesh, and sources that differ, give the interval; the centre is the
    geometric mean of its ends. TrueNorth's hop is inside its synaptic operation already.

    Raises
    ------
    ValueError : no source gives a cost of transport for this chip.
    """
    table = constants()
    hops = table[table["quantity"].str.startswith("hop")]
    known = tuple(key for key, title in CHIPS.items() if title in set(hops["chip"]))
    if name not in known:
        raise ValueError(f"name: got {name!r}; a cost per hop is published for {known}")
    ends = _spread(hops[hops["chip"] == CHIPS[name]], "one message, one tile further")
    return Cost(ends.low, (ends.low * ends.high) ** 0.5, ends.high, ends.source, ends.note)


def disagreements() -> pd.DataFrame:
    """Constants for which two sources give different values, largest ratio first.

    Suspected misprints do not count.

    Memory is compared per 64 bits: the same printed number, charged for a shorter word, is a
    larger cost.

    Columns
    -------
    chip, quantity : the constant.
    low, high, ratio : both values in pJ, and high over low.
    low_evidence, high_evidence : how each was found.
    low_source, high_source, source : who says so, each and both.
    """
    table = _believed()
    table["quantity"] = table["quantity"].str.removesuffix(CALIBRATED)
    found = [_pair(rows) for _, rows in table.groupby(["chip", "quantity"], sort=False)]
    found += [_pair(rows) for _, rows in _per_64_bits().groupby("quantity", sort=False)]
    rows = [row for row in found if row and row["ratio"] > 1]
    return pd.DataFrame(rows).sort_values("ratio", ascending=False, ignore_index=True)


def _per_64_bits() -> pd.DataFrame:
    """Memory accesses of the 45 nm table, as each source words them, in pJ per 64 bits."""
    table = sources.table("energy_memory.csv")
    table = table[table["technology"].str.startswith("45 nm")]
    table = in_unit(table, "energy_memory.csv", "pJ / access", ("energy",))
    return pd.DataFrame(
        {
            "chip": "45 nm logic",
            "quantity": "64 bits from " + table["level"],
            "value": table["energy"] * 64 / table["word_bits"],
            "source": table["source"],
            "evidence": "charged per " + table["word_bits"].astype(str) + " bits",
        }
    )


def _pair(rows: pd.DataFrame) -> dict:
    """Least and greatest of several values of one constant; empty if one source only."""
    if rows["source"].nunique() < 2:
        return {}
    low, high = rows.loc[rows["value"].idxmin()], rows.loc[rows["value"].idxmax()]
    return {
        "chip": low["chip"],
        "quantity": low["quantity"],
        "low": float(low["value"]),
        "high": float(high["value"]),
        "ratio": float(high["value"] / low["value"]),
        "low_evidence": low["evidence"],
        "high_evidence": high["evidence"],
        "low_source": low["source"],
        "high_source": high["source"],
        "source": sources.joined([low["source"], high["source"]]),
    }
