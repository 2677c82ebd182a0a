"""Published energy tables of spiking networks, recomputed.

The papers charge ``E = E_MAC · (MACs on real numbers) + E_AC · (spike-driven operations)`` with
the 45 nm constants, no neuron updates and no memory. Where a network's definition suffices we
count from it; where the published operation counts are needed we say so. Rows whose inputs were
not published are listed, never guessed; rows that print another energy for a network that stands
elsewhere are set beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from opjoules import sources
from opjoules.architectures.counts import dense_counts
from opjoules.architectures.hierarchical import qkformer
from opjoules.architectures.transformers import ORDERS, spiking_transformer
from opjoules.pricing.estimate import estimate
from opjoules.pricing.schedules import SCHEDULES
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


def _dense_counterpart() -> pd.DataFrame:
    """The Transformer 8-512 of the Spikformer table: the same maps, read as real numbers once.

    It takes queries and keys first, as softmax demands.
    """
    return spiking_transformer(8, 512, HEADS[512], order=ORDERS[1])


def spikingformer_schemes() -> pd.DataFrame:
    """Spikingformer 8-512 at its published rates, and its dense counterpart, by every scheme."""
    dense, spiking = _dense_counterpart(), spikingformer_layers(whole=True)
    return compare_schemes(spiking, dense_counts(dense), layers=dense, dense_layers=dense)


def spikingformer_schedules(hardware: Sequence[str]) -> pd.DataFrame:
    """The same two, with memory, on every schedule. In few bits the spikes are taken as they are.

    Columns
    -------
    hardware, schedule : a row each; "" where memory is free.
    low, central, high : J per image of the spiking network.
    dense_low, dense_central, dense_high : of its counterpart.
    ratio, ratio_low, ratio_high : spiking over dense; constants are taken alike on both sides.
    """
    pair = spikingformer_layers(whole=True), dense_counts(_dense_counterpart())
    rows = []
    for name in hardware:
        for schedule in ("", *SCHEDULES):
            paid = {"schedule": schedule} if schedule else {"memory": False}
            own, dense = (estimate(table, name, **paid).joules for table in pair)
            ratios = [a / b for a, b in zip(own, dense, strict=True)]
            rows.append(
                {"hardware": name, "schedule": schedule}
                | own._asdict()
                | {f"dense_{end}": joules for end, joules in dense._asdict().items()}
                | {"ratio": ratios[1], "ratio_low": min(ratios), "ratio_high": max(ratios)}
            )
    return pd.DataFrame(rows)


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
    rounding_mj : what the last digits of print leave open: half the last one of the energy and,
        times its price, half that of the operations. A dense row without operations implies
        three digits of them, its energy over ``E_MAC``; the log has digits of rates.
    met : whether it lies that near to print.
    corrected_mj : the row's own first convolution charged once an image, the convention of the
        SEW-ResNet rows; the recomputed value where nothing is to be corrected.
    per_step_mj : that convolution charged at every time step.
    top1_percent : accuracy as printed.
    basis, note : what went into the recomputation, and what to know of the method.
    source, where, status : of the printed row.
    """
    rows, text = published_rows(), sources.printed("energy_published.csv")
    known = rows["family"].isin(RULES)
    pairs = zip(rows[known].itertuples(), text[known].itertuples(), strict=True)
    return pd.DataFrame([_recompute(row, printed) for row, printed in pairs])


def _half_digit(printed) -> float:
    """Half a unit of the last digit of a printed number; 0 where nothing or none is printed."""
    if not isinstance(printed, str) or float(printed) == 0:
        return 0.0
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


def _rounding(row, printed) -> float:
    """``rounding_mj`` of :func:`recompute`; ``printed`` holds the row's numbers as text."""
    acs, macs = _half_digit(printed.acs_g), _half_digit(printed.macs_g)
    if row.family == "Spikingformer log":
        layers = spikingformer_layers()
        rate = sources.printed("energy_spikingformer.csv")["spike_rate"].map(_half_digit).max()
        acs = rate * layers.loc[layers["acs"] > 0, "dense"].sum() / GIGA
    if not isinstance(printed.acs_g, str) and not isinstance(printed.macs_g, str):
        implied = row.energy_mj / charge(0, 1)  # 10⁹ MACs
        macs = 0.5 * 10.0 ** (np.floor(np.log10(implied)) - 2)
    return _half_digit(printed.energy_mj) + charge(acs, macs)


def _recompute(row, printed) -> dict:
    """One published row against its recomputation, by family."""
    found = RULES[row.family](row)
    energy, rounding = found["recomputed_mj"], _rounding(row, printed)
    return {
        "network": row.network,
        "published_mj": row.energy_mj,
        "recomputed_mj": energy,
        "deviation": energy / row.energy_mj - 1,
        "rounding_mj": rounding,
        "met": bool(abs(energy - row.energy_mj) <= rounding),
        "corrected_mj": found.get("corrected_mj", energy),
        "per_step_mj": found.get("per_step_mj", energy),
        "top1_percent": row.top1_percent,
        "basis": found["basis"],
        "note": found["note"],
        "source": row.source,
        "where": row.where,
        "status": row.status,
    }
