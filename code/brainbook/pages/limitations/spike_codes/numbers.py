"""Numbers that the page on spike codes says in its sentences, from its tables of results."""

from __future__ import annotations

import pandas as pd

from .errors import Bits, SpikeTimes


def numbers_of(
    conversion: pd.DataFrame, thresholds: pd.DataFrame, codes: pd.DataFrame, times: SpikeTimes,
    bits: Bits,
) -> dict[str, float]:  # fmt: skip
    """Means over seeds, in the units of the prose: per cent for shares and accuracies."""
    layers = conversion.groupby(["layer", "steps"]).mean(numeric_only=True)
    one, four = (1, 1), (2, 4)
    choice = thresholds.groupby(["steps", "percentile"])["error"].mean().unstack()
    sent = codes.groupby(["code", "steps"])["spikes"].mean()
    steps, bins = codes["steps"].max(), times.binned["bins"].max()
    twins = bits.twins.groupby(["scenario", "steps"])[["ratio", "rate"]].mean()
    last = int(bits.twins["steps"].max())
    grid = bits.grid.groupby(["weight_bits", "activation_bits"])["accuracy"].mean()
    return {
        "square_one": float((layers.loc[one, "error"] / layers.loc[one, "law"]) ** 2),
        "off_four": 100 * layers.loc[four, "off"],
        "largest_deep": float(conversion.loc[conversion["layer"] == 2, "largest"].max()),
        "best_two": float(choice.loc[2].idxmin()),
        "best_thirty_two": float(choice.loc[32].idxmin()),
        "first_spikes": sent["first spike", steps], "regular_spikes": sent["regular", steps],
        "windows": float(times.exact["windows"].mean()), "most_steps_bins": int(bins),
        "density": float(times.binned.loc[times.binned["bins"] == bins, "spikes"].mean()),
        "twin_arithmetic_three": twins.loc[("arithmetic", 3), "ratio"],
        "twin_arithmetic_most": twins.loc[("arithmetic", last), "ratio"], "twin_most": last,
        "twin_memory_one": twins.loc[("memory", 1), "ratio"],
        "twin_memory_most": twins.loc[("memory", last), "ratio"],
        "twin_skip_most": twins.loc[("skip", last), "ratio"],
        "twin_rate": 100 * twins.loc[("memory", 7), "rate"],
        "four_three": 100 * grid[4, 3], "ann": 100 * float(bits.grid["ann"].mean()),
    }  # fmt: skip


def saving_of(networks: pd.DataFrame, largest: str) -> dict[str, float]:
    """First spike in 15 bins against Poisson pixels in 16 steps, for the network ``largest``.

    ``saving``: accumulates of the Poisson network over those of the time code; ``saving_gain``:
    accuracy gained, percentage points; ``updates_ratio``: the time code's updates of neurons
    over its accumulates.
    """
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
