"""Numbers that the page limitations/spike_codes says in its sentences."""

from __future__ import annotations

import pandas as pd

from opjoules.pricing.targets import cheapest_rivals

from .candidates import network_name
from .measure import HIDDEN, Bits, Measured
from .prices import Energies
from .spike_times import SpikeTimes

TARGET = 0.1  # relative error of attention scores that is asked for


def numbers(measured: Measured, margin_images: int) -> dict[str, float]:
    """All numbers of the prose: means over seeds, per cent for shares and accuracies.

    ``margin_images``: so many more errors among the held-out images still count as as accurate.

    Raises
    ------
    ValueError : a negative margin.
    """
    energies = measured.energies
    return {
        "by_rule": measured.rule[0],
        "printed_multiply": measured.rule[1],
        "held_out": energies.held_out,
        **_conversion(measured.conversion, measured.thresholds),
        **_codes(measured.codes),
        **_times(measured.times),
        **_bits(measured.bits),
        **rivals(energies.networks, margin_images / energies.held_out),
        **saving(energies, network_name(HIDDEN)),
        **steps_for(measured.attention, TARGET),
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
    twins = bits.twins.groupby(["scenario", "steps"])[["ratio", "rate"]].mean()
    last = int(bits.twins["steps"].max())
    grid = bits.grid.groupby(["weight_bits", "activation_bits"])["accuracy"].mean()
    return {
        "twin_arithmetic_three": twins.loc[("arithmetic", 3), "ratio"],
        "twin_arithmetic_most": twins.loc[("arithmetic", last), "ratio"],
        "twin_most": last,
        "twin_memory_one": twins.loc[("memory", 1), "ratio"],
        "twin_memory_most": twins.loc[("memory", last), "ratio"],
        "twin_skip_most": twins.loc[("skip", last), "ratio"],
        "twin_rate": 100 * twins.loc[("memory", 7), "rate"],
        "four_three": 100 * grid[4, 3],
        "ann": 100 * float(bits.grid["ann"].mean()),
    }


def rivals(networks: pd.DataFrame, margin: float) -> dict[str, float]:
    """Spiking networks against words without time.

    Each network is compared with the cheapest one in 8 or fewer bits that is as accurate (at most
    ``margin`` below). For each scenario and spiking family (last word of its name): ``least_…``
    and ``middle_…``, the least and the median ratio of its energy to that rival's; ``wins_…``,
    how many of its networks need less than theirs, of ``all_…``.

    Raises
    ------
    ValueError : a negative margin, or no network in 8 or fewer bits.
    """
    rows = networks[networks["family"] != "ANN, fp32"]
    words = rows["family"].str.startswith("ANN")
    rows = rows.assign(family=rows["family"].where(~words, "words"))
    ratios = cheapest_rivals(rows, "words", margin)["ratio"]
    found: dict[str, float] = {}
    for (scenario, family), part in ratios.groupby(level=["scenario", "family"]):
        key = f"{family.split()[-1].lower()}_{scenario.replace('-', '_')}"
        found[f"least_{key}"] = float(part.min())
        found[f"wins_{key}"] = int((part < 1).sum())
        found[f"all_{key}"] = len(part)
        found[f"middle_{key}"] = float(part.median())
    return found


def saving(energies: Energies, largest: str) -> dict[str, float]:
    """First spike in 15 bins against Poisson pixels in 16 steps, for the network ``largest``.

    ``saving``: accumulates of the Poisson network over those of the time code; ``saving_gain``:
    accuracy gained, percentage points; ``updates_ratio``: the time code's updates of neurons
    over its accumulates.
    """
    networks = energies.networks
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
