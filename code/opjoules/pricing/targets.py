"""Where a network may run: a machine, whether memory counts, whether zeros are skipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .estimate import Estimate, estimate
from .schedules import STEP_BY_STEP

HOST = "45nm_int8"


@dataclass(frozen=True)
class Target:
    """One way to price an inference.

    Parameters
    ----------
    hardware : profile that pays for multiply-accumulates.
    memory : whether the words that move are paid for.
    skips_zeros : whether the machine leaves out products with a zero operand.
    chip : profile for networks with spikes, where another; ``hardware`` stays its host.
    bits : width of the operands, which decides the accuracy that belongs to the price.
    """

    hardware: str
    memory: bool
    skips_zeros: bool = False
    chip: str = ""
    bits: int = 32


TARGETS = {
    "fp32": Target("45nm_fp32", memory=False),
    "fp32-memory": Target("45nm_fp32", memory=True),
    "int8": Target(HOST, memory=False, bits=8),
    "int8-memory": Target(HOST, memory=True, bits=8),
    "int8-skip": Target(HOST, memory=True, skips_zeros=True, bits=8),
    "loihi": Target(HOST, memory=True, chip="loihi", bits=8),
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


def on_schedule(networks: pd.DataFrame, schedule: str = STEP_BY_STEP) -> pd.DataFrame:
    """Rows on one schedule, and all of a scenario that no schedule changes.

    ``networks`` : columns ``scenario`` and ``schedule``; a scenario with one of them in all its
    rows counts as unchanged.
    """
    several = networks.groupby("scenario")["schedule"].transform("nunique") > 1
    return networks[(networks["schedule"] == schedule) | ~several]


def cheapest_rivals(networks: pd.DataFrame, family: str, margin: float) -> pd.DataFrame:
    """For each network of other families, the cheapest one of ``family`` that is as accurate.

    Networks without a rival are left out.

    Parameters
    ----------
    networks : columns ``scenario``, ``family``, ``network``, ``accuracy`` and ``central``
        (energy), a row per seed; means over seeds are compared.
    family : of the rivals.
    margin : a rival is as accurate if its mean accuracy is at most so much lower.

    Columns, indexed by scenario, family and network
    -------
    accuracy, central : the network's.
    rival, rival_accuracy, rival_central : of the cheapest rival.
    ratio : the network's energy over the rival's.

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


def price(operations: pd.DataFrame, name: str, schedule: str = STEP_BY_STEP) -> Estimate:
    """Energy of one inference on the target ``name`` of ``TARGETS``, on a schedule.

    Raises
    ------
    ValueError : an unknown target or schedule, or a table that ``estimate`` refuses.
    """
    if name not in TARGETS:
        raise ValueError(f"name: got {name!r}; allowed are {tuple(TARGETS)}")
    target = TARGETS[name]
    table = zeros_skipped(operations) if target.skips_zeros else operations
    spikes = target.chip and bool(table["neuron_updates"].any())
    hardware = target.chip if spikes else target.hardware
    return estimate(table, hardware, target.memory, host=target.hardware, schedule=schedule)
