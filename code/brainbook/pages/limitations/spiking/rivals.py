"""Energies of spiking networks over those of perceptrons: of the same size, or as accurate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from opjoules.pricing.schedules import STEP_BY_STEP
from opjoules.pricing.targets import TARGETS, cheapest_rivals, on_schedule

PIXELS, CLASSES = 64, 10
LARGEST = (128, 128)
# Targets on which words move; on a chip with memory inside its operations none does.
SCHEDULED = tuple(name for name, target in TARGETS.items() if target.memory and not target.chip)


def network_name(hidden: Sequence[int]) -> str:
    """Widths of a network from the pixels to the classes, for instance 64-16-10."""
    return "-".join(map(str, (PIXELS, *hidden, CLASSES)))


def size_ratios(networks: pd.DataFrame, schedule: str = STEP_BY_STEP) -> pd.DataFrame:
    """Energy of the largest spiking network over that of the perceptron of its size.

    ``networks`` as from ``measure_networks``; a row a seed, a column a scenario.
    """
    networks = on_schedule(networks, schedule)
    largest = networks[networks["network"] == network_name(LARGEST)]
    energy = largest.set_index(["seed", "scenario", "family"])["central"].unstack("family")
    return (energy["spiking"] / energy["perceptron"]).unstack("scenario")


def rivals(networks: pd.DataFrame, margin: float, schedule: str = STEP_BY_STEP) -> pd.DataFrame:
    """For each spiking network the cheapest perceptron that is as accurate, by means over seeds.

    Indexed by scenario and network, columns as of ``opjoules.pricing.targets.cheapest_rivals``.

    Raises
    ------
    ValueError : in a scenario, no perceptron is as accurate as any spiking network.
    """
    networks = on_schedule(networks, schedule)
    found = cheapest_rivals(networks, "perceptron", margin).sort_index()
    for name in networks["scenario"].unique():
        if (name, "spiking") not in found.index.droplevel("network"):
            raise ValueError(
                f"margin: got {margin}; in {name}, no perceptron is as accurate as any spiking "
                "network, so there is nothing to compare; a wider margin or more sizes help"
            )
    return found.xs("spiking", level="family")


def rival_ratios(
    networks: pd.DataFrame, margin: float, schedule: str = STEP_BY_STEP
) -> pd.DataFrame:
    """Energy over that of the rival, geometric mean over the sizes of spiking networks.

    A row a seed, a column a scenario. The rival is chosen once, by means over seeds.

    Raises
    ------
    ValueError : as :func:`rivals`.
    """
    keys = ["family", "scenario", "network", "seed"]
    energy = on_schedule(networks, schedule).set_index(keys)["central"].sort_index()
    ratios = {
        (scenario, network): energy["spiking", scenario, network]
        / energy["perceptron", scenario, rival]
        for (scenario, network), rival in rivals(networks, margin, schedule)["rival"].items()
    }  # each by seed
    logs = np.log(pd.DataFrame(ratios))  # (seeds, scenarios · sizes)
    return np.exp(logs.T.groupby(level=0).mean().T)
