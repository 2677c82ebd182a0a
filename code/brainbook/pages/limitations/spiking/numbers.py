"""What the prose of the page limitations/spiking says in numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from opjoules.pricing.targets import cheapest_rivals


def headline(networks: pd.DataFrame, largest: str, margin: float) -> dict[str, float]:
    """What a page says in numbers about spiking networks against perceptrons.

    ``networks``: as for ``cheapest_rivals``, with the families ``perceptron``, ``spiking`` and
    ``transformer`` and the counts of operations; ``largest`` names the size compared directly.
    Per scenario (its hyphens replaced): ``dense_…`` and ``spiking_…``, energies of the largest;
    ``ratio_…``, spiking over dense; ``least_…``, ``most_…`` and ``typical_…`` (geometric mean),
    over all sizes, of the energy against the cheapest perceptron as accurate; ``wins_…``, how
    many sizes need less than it. Accuracies in per cent.

    Raises
    ------
    ValueError : in a scenario, no perceptron is as accurate as any spiking network.
    """
    keys = ["scenario", "family", "network"]
    values = ["accuracy", "central", "macs", "effective_macs", "acs", "dense"]
    means = networks.groupby(keys)[values].mean().sort_index()
    rivals = cheapest_rivals(networks, "perceptron", margin)["ratio"].sort_index()
    numbers: dict[str, float] = {}
    for name in networks["scenario"].unique():
        key = name.replace("-", "_")
        dense, spiking = (means.loc[(name, f, largest)] for f in ("perceptron", "spiking"))
        if (name, "spiking") not in rivals.index.droplevel("network"):
            raise ValueError(
                f"margin: got {margin}; in {name}, no perceptron is as accurate as any spiking "
                "network, so there is nothing to compare; a wider margin or more sizes help"
            )
        ratios = rivals.loc[(name, "spiking")]
        numbers |= {
            f"dense_{key}": dense["central"], f"spiking_{key}": spiking["central"],
            f"ratio_{key}": spiking["central"] / dense["central"],
            f"least_{key}": ratios.min(), f"most_{key}": ratios.max(),
            f"typical_{key}": float(np.exp(np.log(ratios).mean())),
            f"wins_{key}": int((ratios < 1).sum()), f"accuracy_{key}": 100 * spiking["accuracy"],
        }  # fmt: skip
    dense, spiking = (means.loc[("fp32", f, largest)] for f in ("perceptron", "spiking"))
    vit = means.loc[("fp32", "transformer")].iloc[0]
    return numbers | {
        "dense_accuracy": 100 * dense["accuracy"], "spiking_accuracy": 100 * spiking["accuracy"],
        "transformer_accuracy": 100 * vit["accuracy"], "transformer_macs": vit["macs"],
        "dense_macs": dense["macs"], "spiking_macs": spiking["macs"], "spiking_acs": spiking["acs"],
        "lockstep": spiking["dense"] / dense["dense"],
        "zeros": 100 * (1 - dense["effective_macs"] / dense["macs"]),
    }  # fmt: skip
