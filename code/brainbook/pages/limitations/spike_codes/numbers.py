"""Numbers that the page limitations/spike_codes says in its sentences."""

from __future__ import annotations

import pandas as pd

from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import on_schedule

from .candidates import network_name
from .measure import HIDDEN, Bits, Measured
from .prices import FREE, Energies
from .spike_times import SpikeTimes

TARGET = 0.1  # relative error of attention scores that is asked for
SHORT = {STEP_BY_STEP: "", IN_ACCUMULATORS: "_kept", FREE: "_free"}  # of schedules, in keys


def numbers(measured: Measured) -> dict[str, float]:
    """All numbers of the prose: means over seeds, per cent for shares and accuracies."""
    energies = measured.energies
    return {
        "by_rule": measured.rule[0],
        "printed_multiply": measured.rule[1],
        "held_out": energies.held_out,
        **_conversion(measured.conversion, measured.thresholds),
        **_codes(measured.codes),
        **_times(measured.times),
        **_bits(measured.bits),
        **rivals(energies.ratios),
        **saving(energies, network_name(HIDDEN)),
        **steps_for(measured.attention, TARGET),
        "even_over_counts": even_over_counts(measured.attention),
    }


def _conversion(conversion: pd.DataFrame, thresholds: pd.DataFrame) -> dict[str, float]:
    layers = conversion.groupby(["layer", "steps"]).mean(numeric_only=True)
    one, four = (1, 1), (2, 4)  # layer, steps
    choice = thresholds.groupby(["steps", "percentile"])["error"].mean().unstack()
    return {
        "most_steps": int(conversion["steps"].max()),
        "square_one": float((layers.loc[one, "error"] / layers.loc[one, "law"]) ** 2),
        "off_four": 100 * layers.loc[four, "off"],
        "largest_deep": float(conversion.loc[conversion["layer"] == 2, "largest"].max()),
        "best_two": float(choice.loc[2].idxmin()),
        "best_thirty_two": float(choice.loc[32].idxmin()),
    }


def _codes(codes: pd.DataFrame) -> dict[str, float]:
    steps = codes["steps"].max()
    sent = codes.groupby(["code", "steps"])["spikes"].mean()
    return {
        "first_spikes": sent["first spike", steps],
        "regular_spikes": sent["regular", steps],
    }


def _times(times: SpikeTimes) -> dict[str, float]:
    bins = times.binned["bins"].max()
    return {
        "windows": float(times.exact["windows"].mean()),
        "most_steps_bins": int(bins),
        "density": float(times.binned.loc[times.binned["bins"] == bins, "spikes"].mean()),
    }


def _bits(bits: Bits) -> dict[str, float]:
    keys = ["schedule", "scenario", "steps"]
    every = bits.twins.groupby(keys)[["ratio", "rate"]].mean()
    twins, kept = every.loc[STEP_BY_STEP], every.loc[IN_ACCUMULATORS]
    last = int(bits.twins["steps"].max())
    grid = bits.grid.groupby(["weight_bits", "activation_bits"])["accuracy"].mean()
    return {
        "twin_arithmetic_three": twins.loc[("arithmetic", 3), "ratio"],
        "twin_arithmetic_most": twins.loc[("arithmetic", last), "ratio"],
        "twin_most": last,
        "twin_memory_one": twins.loc[("memory", 1), "ratio"],
        "twin_memory_most": twins.loc[("memory", last), "ratio"],
        "twin_skip_most": twins.loc[("skip", last), "ratio"],
        "twin_memory_kept": kept.loc[("memory", last), "ratio"],
        "twin_skip_kept": kept.loc[("skip", last), "ratio"],
        "twin_rate": 100 * twins.loc[("memory", 7), "rate"],
        "four_three": 100 * grid[4, 3],
        "ann": 100 * float(bits.grid["ann"].mean()),
    }


def rivals(ratios: pd.DataFrame) -> dict[str, float]:
    """Spiking networks against words without time, from the table of ``prices.word_ratios``.

    For each scenario and spiking family (last word of its name): ``least_…`` and ``middle_…``,
    ``wins_…`` of ``all_…``. Step by step; ``…_kept`` with membranes in accumulators, ``…_free``
    without memory.
    """
    found: dict[str, float] = {}
    for row in ratios[ratios["schedule"].isin(SHORT)].itertuples():
        family = str(row.family).split()[-1].lower()
        key = f"{family}_{str(row.scenario).replace('-', '_')}{SHORT[row.schedule]}"
        found |= {
            f"least_{key}": row.least,
            f"middle_{key}": row.middle,
            f"wins_{key}": row.wins,
            f"all_{key}": row.networks,
        }
    return found


def saving(energies: Energies, largest: str) -> dict[str, float]:
    """First spike in 15 bins against Poisson pixels in 16 steps, for the network ``largest``.

    ``saving``: accumulates of the Poisson network over those of the time code; ``saving_gain``:
    accuracy gained, percentage points; ``updates_ratio``: the time code's updates of neurons
    over its accumulates.
    """
    networks = on_schedule(energies.networks)
    rows = networks[networks["scenario"] == "memory"].groupby(["family", "network"])
    means = rows[["acs", "neuron_updates", "accuracy"]].mean()
    timed = means.loc[("first spike", f"{largest}, T = 15")]
    random = means.loc[("converted, Poisson", f"{largest}, T = 16")]
    return {
        "saving": random["acs"] / timed["acs"],
        "saving_gain": 100 * (timed["accuracy"] - random["accuracy"]),
        "updates_ratio": timed["neuron_updates"] / timed["acs"],
    }


def steps_for(attention: pd.DataFrame, target: float) -> dict[str, float]:
    """Steps at which the laws of counts and of coincidences reach the relative error ``target``."""
    last = attention["steps"].max()
    law = attention[attention["steps"] == last].groupby("product")["law"].mean()
    return {
        "steps_counts": float(last * law["counts"] / target),
        "steps_coincidence": float(last * (law["poisson coincidences"] / target) ** 2),
    }


def even_over_counts(attention: pd.DataFrame) -> float:
    """Error of coincidences of even trains over that of counts, in the most steps."""
    last = attention[attention["steps"] == attention["steps"].max()]
    error = last.groupby("product")["error"].mean()
    return error["regular coincidences"] / error["counts"]
