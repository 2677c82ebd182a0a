"""Both sides of what must be equal: estimates, units, budgets of the brain, optimal rates."""

from __future__ import annotations

import math

import numpy as np

from opjoules.brain.budget import (
    attwell_spike,
    brain_constant,
    cortical_cells,
    glucose_power,
    lennie_budget,
    signalling_shares,
)
from opjoules.brain.optimal_rate import bits_per_energy, optimal_rate, optimum_by_search
from opjoules.brain.physical_limits import BODY, landauer, physical_constant
from opjoules.published.transformers import epoch_query, inference_energies, published_input
from opjoules.units import convert

from .comparisons import lifetime_mwh, refused

WATTS, YEARS = 20.0, 20.0
RATIOS = (2.0, 10.0, 60.0, 700.0)  # cost of a step with a spike over a silent one


def measure_identities() -> dict[str, float]:
    """Page limitations/energy: what was recomputed, and beside it what was printed or derived.

    Keys
    ----
    query_wh, query_printed, query_watts, query_rated : estimate of a query, and its power.
    refused, mistakes : category errors that raised an error, and that were tried.
    lifetime_gj, lifetime_by_hand : ``WATTS`` over ``YEARS``.
    glucose_watts, brain_watts : glucose burnt, by the source that lies farthest from the printed
        power; and that power.
    potentials, potentials_printed : share of action potentials, %.
    cortex_atp, cortex_atp_printed : 10²¹ ATP per minute.
    ceiling, ceiling_printed, rodent_best, rodent_printed : spikes per second.
    communication, communication_printed : in cortex, over computation.
    landauer_zj, landauer_by_hand : at body temperature.
    optimum_gap, value_gap : of the optimal rates at ``RATIOS``, and of their bits.
    optimum_two, golden : the optimal rate where a spike costs two silent steps.
    """
    return {**_estimates(), **_budgets(), **_optima()}


def _estimates() -> dict[str, float]:
    query, mistakes = epoch_query(), refused()
    queries = inference_energies().query("per == 'query'").set_index("system")
    printed = queries.loc["GPT-4o, estimated", "value"]
    lifetime = convert(lifetime_mwh(WATTS, YEARS), "megawatt_hour", "joule")
    return {
        "query_wh": convert(query["joules"], "joule", "watt_hour"),
        "query_printed": convert(printed, "joule", "watt_hour"),
        "query_watts": query["watts"],
        "query_rated": published_input("epoch_watts"),
        "refused": int(mistakes["refused"].sum()),
        "mistakes": len(mistakes),
        "lifetime_gj": lifetime / 1e9,
        "lifetime_by_hand": WATTS * YEARS * 365.25 * 86400 / 1e9,
    }


def _budgets() -> dict[str, float]:
    lennie, printed = lennie_budget(), brain_constant("brain_power")
    glucose = glucose_power()["glucose_watts"]
    shares = signalling_shares()["Attwell and Laughlin 2001"]
    cells = cortical_cells((brain_constant("time_bin"),)).set_index("study")
    rodent = cells.loc["Attwell and Laughlin 2001"]
    communication = brain_constant("cortex_communication") / brain_constant("cortex_computation")
    return {
        "glucose_watts": glucose[(glucose - printed).abs().idxmax()],
        "brain_watts": printed,
        "potentials": attwell_spike()["potential_percent"],
        "potentials_printed": shares["action potentials"],
        "cortex_atp": lennie["cortex_atp"] / 1e21,
        "cortex_atp_printed": brain_constant("lennie_cortex_atp") / 1e21,
        "ceiling": lennie["ceiling"],
        "ceiling_printed": brain_constant("lennie_ceiling"),
        "rodent_best": rodent["optimum"] / rodent["step"],
        "rodent_printed": brain_constant("attwell_rate"),
        "communication": communication,
        "communication_printed": brain_constant("cortex_ratio"),
        "landauer_zj": landauer(BODY) * 1e21,
        "landauer_by_hand": physical_constant("boltzmann") * BODY * math.log(2) * 1e21,
    }


def _optima() -> dict[str, float]:
    solved = np.array([optimal_rate(ratio) for ratio in RATIOS])
    searched = np.array([optimum_by_search(ratio) for ratio in RATIOS])
    best = np.array([bits_per_energy(p, r) for p, r in zip(solved, RATIOS, strict=True)])
    return {
        "optimum_gap": float(np.abs(searched - solved).max()),
        "value_gap": float(np.abs(best + np.log2(1 - solved)).max()),
        "optimum_two": optimal_rate(2.0),
        "golden": (3 - math.sqrt(5)) / 2,
    }
