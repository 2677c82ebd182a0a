"""Energies of spiking networks over those of perceptrons: of the same size, or as accurate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from opjoules.pricing.targets import cheapest_rivals

PIXELS, CLASSES = 64, 10
LARGEST = (128, 128)


def network_name(hidden: Sequence[int]) -> str:
    """Widths of a network from the pixels to the classes, for instance 64-16-10."""
    return "-".join(map(str, (PIXELS, *hidden, CLASSES)))


def size_ratios(networks: pd.DataFrame) -> pd.DataFrame:
    """Energy of the largest spiking network over that of the perceptron of its size.

    ``networks`` as from ``measure_networks``; a row a seed, a column a scenario.
    """
    largest = networks[networks["network"] == network_name(LARGEST)]
    energy = largest.set_index(["seed", "scenario", "family"])["central"].unstack("family")
    return (energy["spiking"] / energy["perceptron"]).unstack("scenario")


def rivals(networks: pd.DataFrame, margin: float) -> pd.DataFrame:
    """For each spiking network the cheapest perceptron that is as accurate, by means over seeds.

    Indexed by scenario and network, columns as of ``opjoules.pricing.targets.cheapest_rivals``.

    Raises
    ------
    ValueError : in a scenario, no perceptron is as accurate as any spiking network.
    """
    found = cheapest_rivals(networks, "perceptron", margin).sort_index()
    for name in networks["scenario"].unique():
        if (name, "spiking") not in found.index.droplevel("network"):
            raise ValueError(
                f"margin: got {margin}; in {name}, no perceptron is as accurate as any spiking "
                "network, so there is nothing to compare; a wider margin or more sizes help"
            )
    return found.xs("spiking", level="family")


def rival_ratios(networks: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Energy over that of the rival, geometric mean over the sizes of spiking networks.

    A row a seed, a column a scenario. The rival is chosen once, by means over seeds.

    Raises
    ------
    ValueError : as :func:`rivals`.
    """
    energy = networks.set_index(["family", "scenario", "network", "seed"])["central"].sort_index()
    ratios = {
        (scenario, network): energy["spiking", scenario, network]
        / energy["perceptron", scenario, rival]
        for (scenario, network), rival in rivals(networks, margin)["rival"].items()
    }  # each by seed
    logs = np.log(pd.DataFrame(ratios))  # (seeds, scenarios · sizes)
    return np.exp(logs.T.groupby(level=0).mean().T)
