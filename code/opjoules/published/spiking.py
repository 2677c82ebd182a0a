"""Published energy tables of spiking networks, recomputed.

The papers charge ``E = E_MAC · (MACs on real numbers) + E_AC · (spike-driven operations)`` with
the 45 nm constants, no neuron updates and no memory. Where a network's definition suffices we
count from it; where the published operation counts are needed we say so. Rows whose inputs were
not published are listed, never guessed; rows that print another energy for a network that stands
elsewhere are set beside it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from opjoules import sources
from opjoules.architectures.counts import dense_counts
from opjoules.architectures.hierarchical import qkformer
from opjoules.architectures.transformers import ORDERS, spiking_transformer
from opjoules.pricing.schemes import compare_schemes

from .rules import (
    CHARGED_WIDTH,
    GIGA,
    HEADS,
    RULES,
    TO_MILLI,
    charge,
    first_convolution,
    spikingformer_layers,
)

AGAIN = ("recharged", "under review", "second print")


def published_rows() -> pd.DataFrame:
    """``data/energy_published.csv``: rows as printed, operations in 10⁹, energy in mJ."""
    return sources.table("energy_published.csv")


def first_convolution_charge() -> pd.DataFrame:
    """What the Spikformer and Spikingformer rows charge beyond their spike-driven operations.

    Columns
    -------
    network, family, width : the row, and the channels of its network.
    residual_mj : published energy minus ``E_AC`` times the published operations.
    rounding_mj : how far the printed digits let the residual move.
    own_width_mj : the first convolution of the row's own width, charged at every time step.
    width_512_mj : that of width 512, charged at every time step.
    """
    rows = published_rows()
    rows = rows[rows["family"].isin(["Spikformer", "Spikingformer"])]
    digits = rows["family"].map({"Spikformer": 5e-4, "Spikingformer": 5e-3})
    head = rows["width"] * 1e3 / GIGA  # the classifier reads real numbers, too
    table = pd.DataFrame(
        {
            "network": rows["network"],
            "family": rows["family"],
            "width": rows["width"].astype(int),
            "residual_mj": rows["energy_mj"] - rows["acs_g"].map(lambda acs: charge(acs, 0)),
            "rounding_mj": digits + charge(5e-3, 0),
        }
    )
    steps = rows["timesteps"].astype(int)
    own = rows["width"].astype(int).map(first_convolution) / GIGA
    table["own_width_mj"] = [charge(0, macs) for macs in own * steps + head]
    fixed = first_convolution(CHARGED_WIDTH) / GIGA
    table["width_512_mj"] = [charge(0, fixed * step) for step in steps]
    return table.reset_index(drop=True)


def conflicts() -> pd.DataFrame:
    """Networks whose energy is printed more than once, with different values or conditions.

    Columns
    -------
    network : as in its first table.
    second : where the other value stands.
    energy_mj, second_mj, ratio : both values, and second over first.
    why : as far as it can be told.
    source : of both.
    """
    rows = published_rows().set_index("network")
    again = rows[rows["family"].isin(AGAIN)]
    parts = again.index.to_series().str.extract(r"^(?P<network>.*) \((?P<second>.*)\)$")
    first = rows.loc[parts["network"]]
    pairs = zip(first["source"], again["source"], strict=True)
    return pd.DataFrame(
        {
            "network": parts["network"].to_numpy(),
            "second": parts["second"].to_numpy(),
            "energy_mj": first["energy_mj"].to_numpy(),
            "second_mj": again["energy_mj"].to_numpy(),
            "ratio": again["energy_mj"].to_numpy() / first["energy_mj"].to_numpy(),
            "why": again["note"].to_numpy(),
            "source": [sources.joined(pair) for pair in pairs],
        }
    )


def review_price() -> pd.DataFrame:
    """What the Spikformer table under review charged an operation: fJ, the same in every row.

    Columns
    -------
    network : the row.
    price_fj : printed energy over printed operations.
    rounding_fj : how far the printed digits let it move.
    """
    rows = published_rows()
    rows = rows[rows["family"] == "under review"]
    per_operation = TO_MILLI * GIGA * 1e-15  # mJ per 10⁹ operations of 1 fJ
    price = rows["energy_mj"] / rows["acs_g"] / per_operation
    digits = 5e-4 / rows["energy_mj"] + 5e-3 / rows["acs_g"]
    table = pd.DataFrame({"price_fj": price, "rounding_fj": price * digits})
    table.insert(0, "network", rows["network"].str.removesuffix(" (under review)"))
    return table.reset_index(drop=True)


def spikingformer_schemes() -> pd.DataFrame:
    """Spikingformer 8-512 at its published rates, and its dense counterpart, by every scheme.

    The counterpart has the same maps, reads real numbers once, and takes queries and keys first,
    as softmax demands: the Transformer 8-512 of the Spikformer table.
    """
    dense = spiking_transformer(8, 512, HEADS[512], order=ORDERS[1])
    spiking = spikingformer_layers(whole=True)
    return compare_schemes(spiking, dense_counts(dense), layers=dense, dense_layers=dense)


def missing() -> pd.DataFrame:
    """Rows that cannot be recomputed: what is missing, and the rate that print would need.

    Columns
    -------
    network, published_mj : the row.
    missing : what was not published.
    implied_rate : mean spike rate at which the network's definition, charged by the paper's
        method, gives the printed energy; only where the definition is public.
    printed_rate : the highest that the paper prints for the network, if any.
    source : of the row.
    """
    printed = sources.table("energy_published_rates.csv").groupby("network")["spike_rate"].max()
    rows = published_rows()
    rows = rows[rows["missing"].notna()]
    return pd.DataFrame(
        {
            "network": rows["network"],
            "published_mj": rows["energy_mj"],
            "missing": rows["missing"],
            "implied_rate": [_implied(r) for r in rows.itertuples()],
            "printed_rate": rows["network"].map(printed),
            "source": rows["source"],
        }
    ).reset_index(drop=True)


def _implied(row) -> float:
    """Mean spike rate that explains the printed energy of a QKFormer; NaN for other networks."""
    if row.family != "QKFormer":
        return np.nan
    network = qkformer(int(row.width), image=int(row.input_size)).set_index("layer")
    steps, macs = int(row.timesteps), network["macs"] / GIGA
    real = steps * macs["stem.0"] + macs["head"]
    driven = steps * macs.drop(["stem.0", "head"]).sum()
    return (row.energy_mj - charge(0, real)) / charge(driven, 0)


def recompute() -> pd.DataFrame:
    """Every printed row with enough inputs, recomputed by its own method.

    Columns
    -------
    network, published_mj : the row as printed.
    recomputed_mj : after the method that the paper used.
    deviation : of it from print, relative.
    corrected_mj : the row's own first convolution charged once an image, the convention of the
        SEW-ResNet rows; the recomputed value where nothing is to be corrected.
    per_step_mj : that convolution charged at every time step.
    top1_percent : accuracy as printed.
    basis, note : what went into the recomputation, and what to know of the method.
    source, where, status : of the printed row.
    """
    rows = published_rows()
    return pd.DataFrame([_recompute(r) for r in rows[rows["family"].isin(RULES)].itertuples()])


def _recompute(row) -> dict:
    """One published row against its recomputation, by family."""
    found = RULES[row.family](row)
    energy = found["recomputed_mj"]
    return {
        "network": row.network,
        "published_mj": row.energy_mj,
        "recomputed_mj": energy,
        "deviation": energy / row.energy_mj - 1,
        "corrected_mj": found.get("corrected_mj", energy),
        "per_step_mj": found.get("per_step_mj", energy),
        "top1_percent": row.top1_percent,
        "basis": found["basis"],
        "note": found["note"],
        "source": row.source,
        "where": row.where,
        "status": row.status,
    }
