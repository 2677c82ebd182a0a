"""How many patterns sharper energies hold, and how many that makes for each part of a circuit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainbook.evidence.intervals import log_slope
from brainbook.models.memory.dense import bit_error, capacity_slopes

SMALLEST = 512  # neurons from which slopes of capacity are fitted


@dataclass(frozen=True)
class Capacity:
    """Tables of dense memories.

    powers : F(x) = x^n, columns of :func:`brainbook.models.memory.dense.capacity_table`.
    every, single : F = exp, all patterns stable and one bit; columns neurons, seed, patterns, law.
    perfect : recall without errors, columns of
        :func:`brainbook.models.memory.dense.perfect_table`.
    """

    powers: pd.DataFrame
    every: pd.DataFrame
    single: pd.DataFrame
    perfect: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """The two tables on F = exp in one."""
        tables = {"all patterns stable": self.every, "one bit": self.single}
        return pd.concat([t.assign(criterion=name) for name, t in tables.items()])

    def slopes(self) -> pd.DataFrame:
        """Slope of log capacity against log N: by seed (rows) and degree (columns)."""
        return capacity_slopes(self.powers, SMALLEST)

    def ratios(self) -> pd.DataFrame:
        """Measured capacity over the law, mean over large N: by seed (rows) and degree."""
        large = self.powers[self.powers["neurons"] >= SMALLEST]
        return large.groupby(["seed", "degree"])["ratio"].mean().unstack("degree")

    def rooted(self) -> pd.DataFrame:
        """``every`` with the factor root N of its law taken out."""
        root = np.sqrt(self.every["neurons"])
        return self.every.assign(patterns=self.every["patterns"] * root)


def single_bit_table(
    neurons: Sequence[int], seeds: Sequence[int], draws: int, error: float
) -> pd.DataFrame:
    """F = exp: patterns at which one bit of one pattern fails with probability ``error``.

    Drawn at the law 2 error 2^N and moved in proportion to the measured error. Columns neurons,
    seed, patterns, law.
    """
    rows = []
    for seed in seeds:
        for count in neurons:
            law = 2 * error * 2.0**count
            rng = np.random.default_rng([seed, count, 2])
            found = bit_error(count, 0, max(2, round(law)), draws, rng)
            rows.append((count, seed, law * error / max(found, 0.5 / draws), law))
    return pd.DataFrame(rows, columns=["neurons", "seed", "patterns", "law"])


def doublings(table: pd.DataFrame) -> pd.Series:
    """Slope of log2 of the patterns against the number of neurons, by seed."""
    return table.groupby("seed")[["neurons", "patterns"]].apply(
        lambda rows: np.polyfit(rows["neurons"], np.log2(rows["patterns"]), 1)[0]
    )


def per_part(powers: pd.DataFrame) -> pd.DataFrame:
    """Measured capacity over what a circuit is built of; adds columns to the capacity table.

    Columns
    -------
    unit : N neurons, N^2 synapses and as many processes (degree 4); neurons and synapses
        (degree 2).
    hidden : K / (K + N), neurons of a network with one hidden neuron a memory.
    connection : entries of T (degree 4).
    """
    n, k = powers["neurons"].astype(float), powers["capacity"]
    units = n + np.where(powers["degree"] == 4, 2, 1) * n**2
    return powers.assign(unit=k / units, hidden=k / (k + n), connection=k / n**4)


def part_slopes(powers: pd.DataFrame) -> dict[str, float]:
    """Slopes of memories per unit and per connection against log N: the capacity's less a constant.

    What they measure is the slope of the capacity at degree 4, and nothing beyond it.
    """
    slope = float(capacity_slopes(powers, SMALLEST)[4].mean())
    neurons = np.unique(powers.loc[powers["neurons"] >= SMALLEST, "neurons"]).astype(float)
    units = float(log_slope(neurons, neurons + 2 * neurons**2))
    return {"unit": slope - units, "connection": slope - 4}
