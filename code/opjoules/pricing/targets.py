"""The machines on which a network is priced side by side, as the figures show them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .estimate import Estimate, estimate

HOST = "45nm_int8"


@dataclass(frozen=True)
class Scenario:
    """One way to price an inference.

    Parameters
    ----------
    title : what a panel is called.
    hardware : profile that pays for multiply-accumulates.
    memory : whether the words that move are paid for.
    skips_zeros : whether the machine leaves out products with a zero operand.
    chip : profile for networks with spikes, where another; ``hardware`` stays its host.
    bits : width of the operands, which decides the accuracy that belongs to the price.
    """

    title: str
    hardware: str
    memory: bool
    skips_zeros: bool = False
    chip: str = ""
    bits: int = 32


SCENARIOS = {
    "fp32": Scenario("fp32, arithmetic only", "45nm_fp32", False),
    "fp32-memory": Scenario("fp32 with memory", "45nm_fp32", True),
    "int8": Scenario("int8, arithmetic only", HOST, False, bits=8),
    "int8-memory": Scenario("int8 with memory", HOST, True, bits=8),
    "int8-skip": Scenario("int8 with memory, zeros skipped", HOST, True, True, bits=8),
    "loihi": Scenario("Loihi (others: int8 with memory)", HOST, True, False, "loihi", 8),
}


def zeros_skipped(operations: pd.DataFrame) -> pd.DataFrame:
    """The same table on a machine that skips products with a zero input.

    MACs become the effective ones. A skipped input is not read, and a weight is read at most
    once per effective MAC. Layers driven by spikes skip already, so they stay as they are.
    """
    share = np.where(
        operations["macs"] > 0, operations["effective_macs"] / operations["macs"].clip(lower=1), 1.0
    )
    reads = operations["weight_reads"]
    dense = operations["macs"] > 0
    return operations.assign(
        macs=operations["effective_macs"],
        activation_reads=operations["activation_reads"] * share,
        weight_reads=reads.where(~dense, np.minimum(reads, operations["effective_macs"])),
    )


def cheapest_rivals(networks: pd.DataFrame, family: str, margin: float) -> pd.DataFrame:
    """For each network of other families, the cheapest one of ``family`` that is as accurate.

    ``networks`` has the columns ``scenario``, ``family``, ``network``, ``accuracy`` and
    ``central`` (energy), a row per seed; means over seeds are compared. A rival is as accurate
    if its mean accuracy is at most ``margin`` lower. The result is indexed by scenario, family
    and network: the rival's ``rival``, ``rival_accuracy`` and ``rival_central``, and ``ratio``,
    the network's energy over the rival's. Networks without a rival are left out.

    Raises
    ------
    ValueError : ``margin`` is negative, or no network is of ``family``.
    """
    if margin < 0:
        raise ValueError(f"margin: got {margin}; must be at least 0")
    keys = ["scenario", "family", "network"]
    means = networks.groupby(keys, sort=False)[["accuracy", "central"]].mean().reset_index()
    of_family = means["family"] == family
    if not of_family.any():
        raise ValueError(f"family: got {family!r}; the table has {sorted(set(means['family']))}")
    names = {"network": "rival", "accuracy": "rival_accuracy", "central": "rival_central"}
    rivals = means[of_family].drop(columns="family").rename(columns=names)
    pairs = means[~of_family].merge(rivals, on="scenario")
    able = pairs[pairs["rival_accuracy"] >= pairs["accuracy"] - margin]
    cheapest = able.loc[able.groupby(keys, sort=False)["rival_central"].idxmin()].set_index(keys)
    return cheapest.assign(ratio=cheapest["central"] / cheapest["rival_central"])


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


def price(operations: pd.DataFrame, name: str) -> Estimate:
    """Energy of one inference in the scenario ``name``.

    Raises
    ------
    ValueError : an unknown scenario, or a table that ``estimate`` refuses.
    """
    if name not in SCENARIOS:
        raise ValueError(f"name: got {name!r}; allowed are {tuple(SCENARIOS)}")
    scenario = SCENARIOS[name]
    table = zeros_skipped(operations) if scenario.skips_zeros else operations
    spikes = scenario.chip and bool(table["neuron_updates"].any())
    hardware = scenario.chip if spikes else scenario.hardware
    return estimate(table, hardware, scenario.memory, host=scenario.hardware)
