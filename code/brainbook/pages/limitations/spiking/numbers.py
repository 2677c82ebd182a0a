"""What the prose of the page limitations/spiking says in numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from opjoules.pricing.break_even import arithmetic_ratio
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import on_schedule
from opjoules.published.rules import spikingformer_layers

from .measure import SIZES, BreakEven, Measured
from .printed import Reprints
from .rivals import LARGEST, network_name, rivals
from .schedules import FREE, PUBLISHED, RIVALS, SAME

PERCENT = 100


def numbers(result: Measured) -> dict[str, float]:
    """Page limitations/spiking: key of each glued number, and its value."""
    return {
        "held_out": result.held_out,
        "margin": PERCENT * result.margin,
        "mac_over_ac_fp32": arithmetic_ratio("45nm_fp32").central,
        "mac_over_ac_int8": arithmetic_ratio("45nm_int8").central,
        "sizes": len(SIZES),
        **against_perceptrons(result.networks, network_name(LARGEST), result.margin),
        **_over_steps(result.steps),
        **_balance(result.balance),
        **_printed(result.printed, result.reprints),
        **_schemes(result.schemes),
        **_schedules(result.schedules),
    }


def against_perceptrons(networks: pd.DataFrame, largest: str, margin: float) -> dict[str, float]:
    """Spiking networks against perceptrons, step by step.

    ``networks`` as of ``measure_networks``; ``largest`` names the size compared directly.
    Per scenario (its hyphens replaced): ``dense_…`` and ``spiking_…``, energies of the largest;
    ``ratio_…``, spiking over dense; ``least_…``, ``most_…`` and ``typical_…`` (geometric mean),
    over all sizes, of the energy against the cheapest perceptron as accurate; ``wins_…``, how
    many sizes need less than it. Accuracies in per cent.

    Raises
    ------
    ValueError : in a scenario, no perceptron is as accurate as any spiking network.
    """
    values = ["accuracy", "central", "macs", "effective_macs", "acs", "dense"]
    steps = on_schedule(networks)
    means = steps.groupby(["scenario", "family", "network"])[values].mean().sort_index()
    over_rival = rivals(networks, margin)["ratio"]
    told: dict[str, float] = {}
    for name in networks["scenario"].unique():
        key, ratios = name.replace("-", "_"), over_rival[name]
        dense, spiking = (means.loc[name, f, largest] for f in ("perceptron", "spiking"))
        told |= {
            f"dense_{key}": dense["central"],
            f"spiking_{key}": spiking["central"],
            f"ratio_{key}": spiking["central"] / dense["central"],
            f"least_{key}": ratios.min(),
            f"most_{key}": ratios.max(),
            f"typical_{key}": float(np.exp(np.log(ratios).mean())),
            f"wins_{key}": int((ratios < 1).sum()),
            f"accuracy_{key}": PERCENT * spiking["accuracy"],
        }
    dense, spiking = (means.loc["fp32", f, largest] for f in ("perceptron", "spiking"))
    transformer = means.loc["fp32", "transformer"].iloc[0]
    return told | {
        "dense_accuracy": PERCENT * dense["accuracy"],
        "spiking_accuracy": PERCENT * spiking["accuracy"],
        "transformer_accuracy": PERCENT * transformer["accuracy"],
        "transformer_macs": transformer["macs"],
        "dense_macs": dense["macs"],
        "spiking_macs": spiking["macs"],
        "spiking_acs": spiking["acs"],
        "lockstep": spiking["dense"] / dense["dense"],
        "zeros": PERCENT * (1 - dense["effective_macs"] / dense["macs"]),
    }


def _over_steps(steps: pd.DataFrame) -> dict[str, float]:
    spiking = steps[(steps["scenario"] == "fp32") & (steps["timesteps"] > 0)]
    mean = spiking.groupby("timesteps")[["accuracy", "rate_2"]].mean()
    least, most = mean.iloc[0], mean.iloc[-1]
    return {
        "most_steps": int(mean.index[-1]),
        "accuracy_least": PERCENT * least["accuracy"],
        "accuracy_most": PERCENT * most["accuracy"],
        "rate_least": least["rate_2"],
        "rate_most": most["rate_2"],
    }


def _balance(balance: BreakEven) -> dict[str, float]:
    """Spikes per neuron and image at break-even, step by step, below one a neuron and step."""
    curves = balance.curves[balance.curves["schedule"] == STEP_BY_STEP]
    uncapped = curves[curves["memory"] & (curves["rate"] < 1)].groupby("hardware")["spikes"]
    least, most = uncapped.min(), uncapped.max()
    return {
        "fp32_min": least["45nm_fp32"],
        "fp32_max": most["45nm_fp32"],
        "int8_min": least["45nm_int8"],
        "int8_max": most["45nm_int8"],
    }


def _printed(rows: pd.DataFrame, reprints: Reprints) -> dict[str, float]:
    row = rows.set_index("network")
    conflicts = reprints.conflicts
    review = conflicts[conflicts["second"] == "under review"]["ratio"]
    return {
        "stem_512": row.loc["Spikformer 8-512", "width_512_mj"],
        "stem_384": row.loc["Spikformer 8-384", "own_width_mj"],
        "stem_768": row.loc["Spikformer 8-768", "own_width_mj"],
        "corrected_384": row.loc["Spikformer 8-384", "corrected_mj"],
        "vit_large": row.loc["ViT-L/16", "corrected_mj"],
        "worst": PERCENT * rows["deviation"].abs().max(),
        "rows": len(rows),
        "met": int(rows["met"].sum()),
        "review_price": reprints.prices["price_fj"].mean(),
        "review_least": 1 / review.max(),
        "review_most": 1 / review.min(),
        "implied": reprints.missing.set_index("network").loc["HST-10-768", "implied_rate"],
    }


def _schemes(schemes: pd.DataFrame) -> dict[str, float]:
    row = schemes[schemes["seed"].isna()].set_index("scheme")
    return {
        "by_operations": 1 / row.loc["operations", "ratio"],
        "widest_layer": spikingformer_layers(whole=True)["state_size"].max(),
        "lemaire_low": row.loc["Lemaire et al.", "ratio_low"],
        "lemaire_high": row.loc["Lemaire et al.", "ratio_high"],
    }


def _schedules(schedules: pd.DataFrame) -> dict[str, float]:
    """Ratios by case, words and schedule: ``pair_…``, ``same_…`` and ``rival_…``."""
    table = schedules.set_index(["case", "words", "schedule"])["ratio"]
    cases = {"pair": PUBLISHED, "same": SAME, "rival": RIVALS}
    words = {"fp32": "32 bits", "int8": "8 bits", "seven": "32 bits, 7 nm"}
    words["skip"] = "8 bits, zeros skipped"
    names = {
        "steps": STEP_BY_STEP,
        "once": "layer by layer",
        "fused": "layer by layer, fused",
        "kept": IN_ACCUMULATORS,
        "free": FREE,
    }
    return {
        f"{key}_{width}_{short}": table[case, bits, schedule]
        for key, case in cases.items()
        for width, bits in words.items()
        for short, schedule in names.items()
        if (case, bits, schedule) in table.index
    }
