"""From counts to joules: low, central and high energy of one inference on one machine.

Memory model (``memory=True``)
------------------------------
Words move between the arithmetic and the smallest memory of the hierarchy that holds them:

- *weights* and *state* stay for the whole inference, so all layers' weights (all neurons'
  states) share one memory: their total size decides the level. A schedule that runs layer by
  layer (:mod:`opjoules.pricing.schedules`) keeps one layer's states only;
- *activations* come and go, so each layer's larger side decides.

An access moves 64 bits; a word pays its share (an int8 weight one eighth). One word read and
one word written cost the same. Addresses, control, leakage and the network between cores are
not in it: an estimate of this kind is a lower bound for a machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from opjoules.hardware.catalogue import Cost, Profile, profile

from . import schedules
from .schedules import STEP_BY_STEP

PICO = 1e-12
OPERATIONS = {
    "macs": "mac",
    "acs": "ac",
    "neuron_updates": "neuron_update",
    "comparisons": "comparison",
}
TRAFFIC = {
    "weights": (("weight_reads",), "weight_bits", "weight_size"),
    "activations": (
        ("activation_reads", "activation_writes"),
        "activation_bits",
        "activation_size",
    ),
    "state": (("state_reads", "state_writes"), "state_bits", "state_size"),
}
TERMS = (*OPERATIONS, *TRAFFIC)
REQUIRED = (
    "layer",
    *OPERATIONS,
    *(name for names, _, _ in TRAFFIC.values() for name in names),
    *(size for _, _, size in TRAFFIC.values()),
)


class Joules(NamedTuple):
    """An energy in joules with its interval."""

    low: float
    central: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """Energy of one inference.

    Attributes
    ----------
    profile : name of the hardware profile; ``host`` the one that pays for the MACs, if another.
    memory : whether memory traffic was asked for.
    table : a row per layer and term: ``layer``, ``term`` (one of ``TERMS``), its ``count``,
        ``level`` (of memory), ``low``, ``central``, ``high`` (J), ``source``, ``note``.
    uncounted : operations that the count names but does not price.
    schedule : what stays where between time steps.
    """

    profile: str
    memory: bool
    table: pd.DataFrame
    host: str = ""
    uncounted: tuple[str, ...] = ()
    schedule: str = STEP_BY_STEP

    @property
    def joules(self) -> Joules:
        """Energy of the whole inference, J."""
        return Joules(*(float(self.table[name].sum()) for name in Joules._fields))

    @property
    def terms(self) -> pd.DataFrame:
        """Joules per term (index), with its share of the central total."""
        sums = self.table.groupby("term", sort=False)[list(Joules._fields)].sum()
        sums = sums.reindex([term for term in TERMS if term in sums.index])
        total = sums["central"].sum()
        return sums.assign(share=sums["central"] / total if total else 0.0)

    @property
    def layers(self) -> pd.DataFrame:
        """Joules per layer (index)."""
        return self.table.groupby("layer", sort=False)[list(Joules._fields)].sum()

    @property
    def dominant(self) -> str:
        """The term with the largest central energy; empty if nothing was counted."""
        return "" if self.table.empty else str(self.terms["central"].idxmax())

    @property
    def widest(self) -> str:
        """The term whose constants leave the widest interval; empty if nothing was counted."""
        return "" if self.table.empty else str((self.terms["high"] - self.terms["low"]).idxmax())

    def as_dataframe(self) -> pd.DataFrame:
        """The table with the names of profile and host in front, for CSV."""
        return self.table.assign(profile=self.profile, host=self.host or self.profile)


def estimate(
    operations: pd.DataFrame,
    hardware: str | Profile,
    memory: bool = True,
    host: str | Profile | None = None,
    schedule: str = STEP_BY_STEP,
) -> Estimate:
    """Price the operations of one inference.

    Parameters
    ----------
    operations : table of ``count_operations``.
    hardware : a profile or its name, see ``profiles()``.
    memory : add the traffic of weights, activations and state. On a chip whose operations
        contain the memory this changes nothing.
    host : profile that pays for MACs (and their traffic) when ``hardware`` has no multiplier,
        for instance for a first layer that reads real numbers.
    schedule : its name, see :mod:`opjoules.pricing.schedules`; it changes what memory costs.

    Raises
    ------
    ValueError : an empty table, a missing column, a negative count, an unknown profile or
        schedule, or MACs on a machine that has none and no host.
    """
    _check(operations)
    table = schedules.scheduled(operations, schedule)
    alone = schedules.named(schedule).layer_by_layer
    chip = hardware if isinstance(hardware, Profile) else profile(hardware)
    helper = profile(host) if isinstance(host, str) else host
    multiplying = operations.loc[operations["macs"] > 0, "layer"]
    if chip.mac is None and len(multiplying):
        if helper is None or helper.mac is None:
            raise ValueError(
                f"hardware: {chip.name} has no multiply-accumulate, but layers "
                f"{list(multiplying)} need it; encode their input as spikes or name a host "
                "with multipliers, for instance host='45nm_int8'"
            )
    sizes = table[["weight_size", "state_size"]].sum().to_dict()
    rows = []
    for layer in table.to_dict("records"):
        machine = helper if chip.mac is None and layer["macs"] > 0 else chip
        rows += _operation_rows(layer, machine)
        if memory and machine.memory is not None:
            state = {"state_size": layer["state_size"]} if alone else {}
            rows += _traffic_rows(layer | sizes | state, machine)
    columns = ["layer", "term", "count", "level", *Joules._fields, "source", "note"]
    return Estimate(
        profile=chip.name,
        memory=memory,
        table=pd.DataFrame(rows, columns=columns),
        host=helper.name if helper is not None and len(multiplying) and chip.mac is None else "",
        uncounted=tuple(operations.attrs.get("uncounted", ())),
        schedule=schedule,
    )


def _check(operations: pd.DataFrame) -> None:
    """Refuse what is no count."""
    missing = [column for column in REQUIRED if column not in operations]
    if missing:
        raise ValueError(f"operations: columns {missing} are missing; pass count_operations' table")
    if operations.empty:
        raise ValueError("operations: got an empty table; nothing to price")
    if (operations[list(REQUIRED[1:])].to_numpy() < 0).any():
        raise ValueError("operations: got a negative count; allowed are counts of at least 0")


def _row(layer: str, term: str, count: float, level: str, cost: Cost) -> dict:
    """A row of ``Estimate.table``: ``count`` times a cost in pJ."""
    joules = {name: count * getattr(cost, name) * PICO for name in Joules._fields}
    return {
        "layer": layer,
        "term": term,
        "count": count,
        "level": level,
        **joules,
        "source": cost.source,
        "note": cost.note,
    }


def _operation_rows(layer: dict, machine: Profile) -> list[dict]:
    """Joules of the arithmetic of one layer."""
    return [
        _row(layer["layer"], term, layer[term], "", getattr(machine, name))
        for term, name in OPERATIONS.items()
        if layer[term]
    ]


def _traffic_rows(layer: dict, machine: Profile) -> list[dict]:
    """Joules of the words that one layer moves; its sizes are those that share a memory."""
    rows = []
    for term, (names, bits_name, size_name) in TRAFFIC.items():
        count = sum(layer[name] for name in names)
        if not count:
            continue
        bits = getattr(machine, bits_name)
        level = machine.level(layer[size_name], bits)
        rows.append(_row(layer["layer"], term, count, level, machine.access(level, bits)))
    return rows
