"""The brain's energy: what it burns, on what, and how many spikes that buys.

The published budgets are rebuilt from their own inputs, so that a reader sees which input
decides. ATP is the fuel of cells; about thirty molecules come of one molecule of glucose.
"""

from __future__ import annotations

from itertools import product

import pandas as pd
from scipy import constants

from opjoules import sources

from .optimal_rate import cell_ratio, optimal_rate
from .physical_limits import KILO, atp_joules, physical_constant

MINUTE = 60.0
MILLI, MICRO, GIGA = 1e-3, 1e-6, 1e9


def brain_constant(key: str) -> float:
    """One number of ``data/energy_brain.csv``, in the unit that stands there."""
    return sources.value("energy_brain.csv", key)


def signalling_shares() -> pd.DataFrame:
    """Signalling energy of cortex by process, per cent: Attwell and Laughlin, and its revision.

    Index ``process``, one column per study.
    """
    table = sources.table("energy_brain_shares.csv")
    return table.pivot(index="process", columns="study", values="percent").sort_index()


def glucose_moles(milligrams: float) -> float:
    """Moles in a mass of glucose."""
    return milligrams * MILLI / physical_constant("glucose_mass")


def atp_from_glucose(moles: float) -> float:
    """Molecules of ATP that come of ``moles`` of glucose."""
    return moles * physical_constant("atp_per_glucose") * constants.Avogadro


def glucose_power() -> pd.DataFrame:
    """Power of the human brain from two published uses of glucose.

    Columns
    -------
    source : of the use.
    moles : of glucose per minute.
    glucose_watts : heat that burning it gives, by its enthalpy.
    free_watts : free energy of its oxidation: what could be turned into work.
    atp_watts : what arrives in ATP.
    """
    uses = {
        "lennie2003cost": glucose_moles(brain_constant("lennie_brain_glucose")),
        "herculano2011scaling": brain_constant("brain_glucose_umol") * MICRO,
    }
    rows = [
        {
            "source": source,
            "moles": moles,
            "glucose_watts": moles * physical_constant("glucose_heat") * KILO / MINUTE,
            "free_watts": moles * physical_constant("glucose_energy") * KILO / MINUTE,
            "atp_watts": atp_joules(atp_from_glucose(moles)) / MINUTE,
        }
        for source, moles in uses.items()
    ]
    return pd.DataFrame(rows)


def attwell_spike() -> dict[str, float]:
    """What Attwell and Laughlin (2001) imply for one neuron.

    Returns
    -------
    potential_percent : share of action potentials, rebuilt as cost · rate / total.
    atp_per_spike : everything but the resting potential, per spike.
    atp_at_rest : the resting potential, per second.
    """
    total, rate = brain_constant("attwell_atp_per_neuron"), brain_constant("attwell_rate")
    percent = sources.table("energy_brain_shares.csv")
    rest = percent[
        (percent["source"] == "attwell2001energy") & (percent["process"] == "resting potentials")
    ]["percent"].iloc[0]
    at_rest = total * rest / 100
    return {
        "potential_percent": 100 * rate * brain_constant("attwell_atp_per_potential") / total,
        "atp_per_spike": (total - at_rest) / rate,
        "atp_at_rest": at_rest,
    }


def lennie_budget() -> dict[str, float]:
    """Lennie's (2003) argument, step by step.

    Returns
    -------
    cortex_atp : per minute, from glucose.
    spike_percent : share of the printed one that his spikes take.
    neurons : that his interval implies.
    rate : spikes per second and neuron, from it.
    ceiling : mean rate at which cortex, its other costs unchanged, would use all that the brain
        has.
    """
    spikes, per_spike = brain_constant("lennie_spikes"), brain_constant("lennie_atp_per_spike")
    neurons = spikes * brain_constant("lennie_interval")
    printed = brain_constant("lennie_cortex_atp")  # per minute
    cortex, whole = (
        atp_from_glucose(glucose_moles(brain_constant(f"lennie_{part}_glucose")))
        for part in ("cortex", "brain")
    )
    spent = spikes * per_spike * MINUTE  # ATP per minute
    return {
        "cortex_atp": cortex,
        "spike_percent": 100 * spent / printed,
        "neurons": neurons,
        "rate": spikes / neurons,
        "ceiling": (whole - (printed - spent)) / (neurons * per_spike * MINUTE),
    }


def mean_rates() -> pd.DataFrame:
    """Lennie's mean rate when one input or several are replaced by another source's.

    Columns
    -------
    cost : ATP per spike.
    neurons : of neocortex.
    supply : glucose of the brain, moles per minute; neocortex keeps the share it has in Lennie's.
    changed : which inputs are not Lennie's.
    rate : spikes per second and neuron.
    """
    first = lennie_budget()
    own_supply, other_supply = glucose_power()["moles"]
    costs = {
        "": brain_constant("lennie_atp_per_spike"),
        "cost of a spike": attwell_spike()["atp_per_spike"],
    }
    counts = {"": first["neurons"], "neurons": brain_constant("cortex_neurons")}
    supplies = {"": own_supply, "glucose": other_supply}
    cortex = brain_constant("lennie_cortex_glucose") / brain_constant("lennie_brain_glucose")
    rows = []
    for (a, cost), (b, neurons), (c, moles) in product(
        costs.items(), counts.items(), supplies.items()
    ):
        budget = atp_from_glucose(moles * cortex) / MINUTE * first["spike_percent"] / 100
        changed = ", ".join(name for name in (a, b, c) if name) or "none"
        rows.append((cost, neurons, moles, changed, budget / cost / neurons))
    names = ["cost", "neurons", "supply", "changed", "rate"]
    return pd.DataFrame(rows, columns=names).sort_values("rate", ignore_index=True)


def cortical_cells(steps: tuple[float, ...]) -> pd.DataFrame:
    """Cortical neurons as Levy and Baxter see them, for time steps of several lengths (s).

    What does not go to spikes counts as the cost of silence: the resting potential in Attwell
    and Laughlin's budget, all else that neocortex burns in Lennie's.

    Columns
    -------
    study, step : whose budget, and the length of a step in s.
    ratio : cost of a step with a spike over a silent one.
    rate, optimum : spikes per step, at the study's mean rate and at best.
    """
    rodent, human = attwell_spike(), lennie_budget()
    quiet = brain_constant("lennie_cortex_atp") / MINUTE * (1 - human["spike_percent"] / 100)
    neurons = {
        "Attwell and Laughlin 2001": (
            rodent["atp_per_spike"],
            rodent["atp_at_rest"],
            brain_constant("attwell_rate"),
        ),
        "Lennie 2003": (
            brain_constant("lennie_atp_per_spike"),
            quiet / human["neurons"],
            human["rate"],
        ),
    }
    rows = [
        (study, step, cell_ratio(spike, rest, step), rate * step)
        for study, (spike, rest, rate) in neurons.items()
        for step in steps
    ]
    table = pd.DataFrame(rows, columns=["study", "step", "ratio", "rate"])
    return table.assign(optimum=table["ratio"].map(optimal_rate))
