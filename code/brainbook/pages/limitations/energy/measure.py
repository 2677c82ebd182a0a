"""What the page limitations/energy measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from opjoules.brain import budget as brain_budget
from opjoules.brain import optimal_rate as sparsity
from opjoules.published import transformers as published

from . import activity as unit_activity
from . import comparisons
from . import floor as text_floor
from .ladder import ladder

HIDDEN, FAN_OUT = (128, 128), (128, 10)


PROFILES = {"45nm_fp32": "32 bit, 45 nm", "45nm_int8": "8 bit, 45 nm", "7nm_int8": "8 bit, 7 nm"}


STEPS = (0.001, 0.0025, 0.005)


MACHINES = ("Loihi", "8-bit, memory", "8-bit, arithmetic")


@dataclass(frozen=True)
class Budgets:
    """Shares of signalling energy by process and study (%), and Lennie's rate by changed input."""

    shares: pd.DataFrame
    rates: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """Both tables in one, for CSV."""
        long = self.shares.reset_index().melt("process", value_name="percent")
        parts = {"shares": long, "rates": self.rates}
        return pd.concat(parts, names=["part"]).reset_index(level=0)


@dataclass(frozen=True)
class Quiet:
    """The optimum's curve, cortical cells, and trained networks on several machines."""

    curve: pd.DataFrame
    cells: pd.DataFrame
    networks: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """All three in one, for CSV."""
        parts = {"curve": self.curve, "cell": self.cells, "network": self.networks}
        return pd.concat(parts, names=["part"]).reset_index(level=0)


def measure_training() -> pd.DataFrame:
    """Page limitations/energy, figure draw_training_energy: printed and recomputed, MWh."""
    return published.training_runs()


def measure_inference() -> pd.DataFrame:
    """Page limitations/energy, figure draw_inference_energy: J per query and J per token."""
    return published.inference_energies()


def measure_floor(lengths: Sequence[int]) -> pd.DataFrame:
    """Page limitations/energy, figure draw_floor: MiniLM on real text, MACs and J per token."""
    return text_floor.minilm_per_token(lengths, tuple(PROFILES))


def measure_above_floor() -> pd.DataFrame:
    """Page limitations/energy, figure draw_above_floor: published over bare arithmetic."""
    return published.above_floor()


def measure_budgets() -> Budgets:
    """Page limitations/energy, figure draw_brain_budget."""
    return Budgets(brain_budget.signalling_shares(), brain_budget.mean_rates())


def measure_comparisons(years: float) -> pd.DataFrame:
    """Page limitations/energy: the comparisons that are sound, both sides in joules."""
    return comparisons.sound(years)


def measure_ladder(temperature: float) -> pd.DataFrame:
    """Page limitations/energy, figure draw_ladder: steps in J and in Landauer's bounds."""
    return ladder(temperature)


def measure_quiet(seeds: Sequence[int], prices: Sequence[float]) -> Quiet:
    """Page limitations/energy, figure draw_optimal_rate.

    ``networks``: a row per ``price`` of a spike in training, ``seed``, hidden ``layer`` and
    ``machine``: ``accuracy`` and ``rate`` on held-out digits, cost ``ratio`` (also ``_low``,
    ``_high``), its ``optimum``, and ``share``, the layer's bits per energy over the best.
    """
    ratios = {
        (machine, layer): _ratio_on(machine, HIDDEN[0], fan_out)
        for machine in MACHINES
        for layer, fan_out in enumerate(FAN_OUT, start=1)
    }
    rows = []
    for price in prices:
        for seed in seeds:
            accuracy, layers = unit_activity.neuron_rates(seed, price, HIDDEN)
            for (machine, layer), (low, ratio, high) in ratios.items():
                rates = layers[layer - 1]
                rows.append(
                    {
                        "price": price, "seed": seed, "accuracy": accuracy, "layer": layer,
                        "machine": machine, "rate": rates.mean(), "ratio_low": low, "ratio": ratio,
                        "ratio_high": high, "optimum": sparsity.optimal_rate(ratio),
                        "share": sparsity.share_of_best(rates, ratio),
                    }
                )  # fmt: skip
    curve = sparsity.optimal_rate_curve(np.geomspace(1, 3000, 120))
    return Quiet(curve, brain_budget.cortical_cells(STEPS), pd.DataFrame(rows))


def _ratio_on(machine: str, neurons: int, fan_out: int) -> sparsity.Ratio:
    """Cost of a step with a spike over a silent one, on one of ``MACHINES``."""
    if machine == "Loihi":
        return sparsity.loihi_ratio(fan_out)
    return sparsity.machine_ratio("45nm_int8", neurons, fan_out, machine.endswith("memory"))


def measure_active(seeds: Sequence[int], widths: Sequence[int]) -> pd.DataFrame:
    """Page limitations/energy: share of rectifiers that are on, before and after training."""
    return unit_activity.active_units(seeds, widths)
