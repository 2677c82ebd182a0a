"""What the prose of the page limitations/neuromorphic says in numbers."""

from __future__ import annotations

import pandas as pd

from .block import SENT, WEIGHTS
from .events import LEVELS, Codes
from .measure import Measured

MICRO = 1e-6  # µJ in a pJ
NANO = 1e-3  # nJ in a pJ
PERCENT = 100


def numbers(result: Measured) -> dict[str, float]:
    """Page limitations/neuromorphic: key of each glued number, and its value."""
    return {
        **_constants(result.energies, result.disagreements),
        **_cores(result.mapping, result.unmapped),
        **_events(result.codes, result.steps),
        **_machines(result.costs, result.steps, result.tokens),
        **_sharing(result.shared, result.steps),
        "saved": PERCENT * _saved(result.placements),
        "full": LEVELS,
    }


def _constants(energies: pd.DataFrame, disagreements: pd.DataFrame) -> dict[str, float]:
    cheapest, dearest = energies["energy"].min(), energies["energy"].max()
    northpole = energies.set_index("chip")["energy"]["NorthPole"]
    return {
        "cheapest": cheapest,
        "dearest": NANO * dearest,
        "span": dearest / cheapest,
        "northpole": MICRO * WEIGHTS * northpole,
        "worst_ratio": disagreements["ratio"].max(),
        "conflicts": len(disagreements),
    }


def _cores(mapping: pd.DataFrame, unmapped: pd.DataFrame) -> dict[str, float]:
    cores = mapping.set_index(["chip", "method"])["cores"]
    chip = mapping.set_index(["chip", "method"])["chip_cores"]
    hermes, loihi = ("HERMES PCM", "packed"), ("Loihi", "packed")
    share = PERCENT * unmapped.set_index("tokens")["share"]
    return {
        "hermes": cores[hermes],
        "hermes_apart": cores["HERMES PCM", "apart"],
        "hermes_six": 6 * cores[hermes] / chip[hermes],
        "loihi": cores[loihi],
        "loihi_bound": cores["Loihi", "bound"],
        "loihi_six": 6 * cores[loihi] / chip[loihi],
        "truenorth": cores["TrueNorth", "packed"],
        "spinnaker": cores["SpiNNaker2", "packed"],
        "share_short": share[64],
        "share_long": share[512],
    }


def _events(codes: Codes, steps: int) -> dict[str, float]:
    mean = codes.frame.groupby(["steps", "threshold"])[["loss", "messages"]].mean()
    graded, pruned, rate, full = (
        mean.loc[code] for code in ((0, 0), (0, 0.05), (steps, 0), (LEVELS, 0))
    )
    return {
        "events": graded["messages"],
        "loss": graded["loss"],
        "dense": PERCENT * graded["messages"] / SENT,
        "pruned": PERCENT * (1 - pruned["messages"] / graded["messages"]),
        "pruned_times": pruned["loss"] / graded["loss"],
        "few": rate["messages"],
        "few_loss": rate["loss"],
        "spikes": full["messages"],
        "ratio": full["messages"] / graded["messages"],
        "unrelated": codes.unrelated,
    }


def _saved(placements: pd.DataFrame) -> float:
    hops = placements.groupby(["chip", "placement", "way"])["hops"].mean()
    in_order, optimised = (
        hops["HERMES PCM", placement, "unicast"] for placement in ("in order", "optimised")
    )
    return 1 - optimised / in_order


def _machines(costs: pd.DataFrame, steps: int, tokens: int) -> dict[str, float]:
    total = costs.groupby("machine")["central"].sum()
    term = costs.set_index(["machine", "term"])["central"]
    loihi, alone = f"Loihi, {steps} steps", "logic, 45 nm, one token"
    old, new = (total[f"logic, {node} nm, {tokens} tokens"] for node in (45, 7))
    graded = total["SENECA, graded"]
    return {
        "e_loihi": total[loihi],
        "synapses": PERCENT * term[loihi, "synaptic operations"] / total[loihi],
        "network": PERCENT * term[loihi, "messages between cores"] / total[loihi],
        "updates": PERCENT * term[loihi, "neuron updates"] / total[loihi],
        "e_loihi_all": total[f"Loihi, {LEVELS} steps"],
        "e_seneca": graded,
        "seneca_ratio": total[f"SENECA, {LEVELS} steps"] / graded,
        "e_hermes": total["HERMES crossbars"],
        "e_single": total[alone],
        "fetch": PERCENT * term[alone, "weight memory"] / total[alone],
        "e_shared": old,
        "e_new": new,
        "newer": old / new,
    }


def _sharing(shared: pd.DataFrame, steps: int) -> dict[str, float]:
    wide = shared.pivot(index="tokens", columns="machine", values="central")
    dram, local = wide["logic, 45 nm, DRAM"], wide["logic, 45 nm, on-chip memory"]
    loihi, seneca = wide[f"Loihi, {steps} steps"], wide["SENECA, graded"]
    return {
        "turn_loihi": int((dram < loihi).idxmax()),
        "turn_seneca": int((dram < seneca).idxmax()),
        "local_seneca": int((local < seneca).idxmax()),
        "local_loihi": local[1] / loihi[1],
        "local_one": local[1],
        "local_hermes": local[1] / wide["HERMES crossbars"][1],
    }
