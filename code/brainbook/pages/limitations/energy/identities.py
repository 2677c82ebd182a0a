"""Both sides of what must be equal: estimates, units, budgets of the brain, optimal rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opjoules.brain.budget import (
    attwell_spike,
    brain_constant,
    glucose_power,
    lennie_budget,
    signalling_shares,
)
from opjoules.brain.optimal_rate import optimal_rate, optimum_by_search
from opjoules.published.transformers import epoch_query, inference_energies
from opjoules.units import convert

from .comparisons import refused

RATIOS = (2.0, 10.0, 60.0, 700.0)  # cost of a step with a spike over a silent one


@dataclass(frozen=True)
class Printed:
    """A printed number, what its own inputs give, and how far their rounding lets both differ."""

    found: float
    printed: float
    rounding: float

    @property
    def share(self) -> float:
        """The difference over the rounding; at most one where the number follows."""
        return abs(self.found - self.printed) / self.rounding


def measure_identities() -> dict[str, float]:
    """Page limitations/energy: what was recomputed, and beside it what was printed or derived.

    Keys
    ----
    query_wh, query_printed : estimate of a query.
    refused, mistakes : category errors that raised an error, and that were tried.
    glucose_watts, brain_watts : glucose burnt, by the source that lies farthest from the printed
        power; and that power.
    optimum_gap : of the optimal rates at ``RATIOS``.
    """
    mistakes, brain = refused(), brain_constant("brain_power")
    queries = inference_energies().query("per == 'query'").set_index("system")
    glucose = glucose_power()["glucose_watts"]
    gaps = [abs(optimum_by_search(ratio) - optimal_rate(ratio)) for ratio in RATIOS]
    return {
        "query_wh": convert(epoch_query()["joules"], "joule", "watt_hour"),
        "query_printed": convert(queries.loc["GPT-4o, estimated", "value"], "joule", "watt_hour"),
        "refused": int(mistakes["refused"].sum()),
        "mistakes": len(mistakes),
        "glucose_watts": glucose[(glucose - brain).abs().idxmax()],
        "brain_watts": brain,
        "optimum_gap": float(np.max(gaps)),
    }


def measure_printed() -> dict[str, Printed]:
    """Page limitations/energy: numbers that follow from others in the same work, by what they are.

    The rounding is half a last digit of the printed number, and of the inputs with one digit.
    """
    lennie, shares = lennie_budget(), signalling_shares()["Attwell and Laughlin 2001"]
    zetta = 1e21
    return {
        "share of action potentials, %": Printed(
            attwell_spike()["potential_percent"], shares["action potentials"], 0.5
        ),
        "10²¹ ATP of neocortex per minute": Printed(
            lennie["cortex_atp"] / zetta, brain_constant("lennie_cortex_atp") / zetta, 0.05
        ),
        "ceiling, spikes per second": Printed(
            lennie["ceiling"],
            brain_constant("lennie_ceiling"),
            # his interval of six seconds is known to half a second
            0.05 + lennie["ceiling"] * 0.5 / brain_constant("lennie_interval"),
        ),
    }
