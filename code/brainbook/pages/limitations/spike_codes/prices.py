"""Accuracy and energy of the same task in every spike code, priced on several machines.

``priced`` takes a counted network and prices it in the scenarios here; ``front`` says which
networks nobody beats, ``summary`` what the figure shows of them, and ``word_ratios`` what spikes
need over words. Networks without spikes have one step and round an activation where its sum
ends, so they run on the schedule that moves least, whatever that of the spikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from brainbook.evidence.intervals import mean_interval
from opjoules.hardware.catalogue import Profile, profile
from opjoules.hardware.low_precision import narrow
from opjoules.pricing.estimate import Estimate, Joules, estimate
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import cheapest_rivals, on_schedule, zeros_skipped

NANO = 1e9
ABLE = 0.95  # share of digits that a network must read to be compared by its energy
SCENARIOS = {
    "arithmetic": "arithmetic only",
    "arithmetic-skip": "arithmetic only, zeros skipped",
    "memory": "with memory",
    "skip": "with memory, zeros skipped",
    "loihi": "spikes on Loihi, others with memory",
}
SCHEDULED = ("memory", "skip")  # scenarios in which a schedule decides what moves
SHOWN = (STEP_BY_STEP, "layer by layer, fused", IN_ACCUMULATORS)  # the two others lie between
FREE = "memory free"
FREE_OF = {"memory": "arithmetic", "skip": "arithmetic-skip"}
FP32 = "ANN, fp32"


@dataclass(frozen=True)
class Energies:
    """Accuracy and energy of all networks.

    networks : a row per scenario, schedule, network and seed; columns of
        ``measure.measure_networks``.
    means : over seeds, on the schedule best for spikes; columns of :func:`summary`.
    ratios : columns of :func:`word_ratios`.
    held_out : images on which accuracies are measured, a split.
    """

    networks: pd.DataFrame
    means: pd.DataFrame
    ratios: pd.DataFrame
    held_out: int


@lru_cache(maxsize=64)
def _machine(weight_bits: int, activation_bits: int, leak: bool, floating: bool) -> Profile:
    return profile("45nm_fp32") if floating else narrow(weight_bits, activation_bits, leak)


@lru_cache(maxsize=1)
def _loihi() -> Profile:
    return profile("loihi")


def priced(
    operations: pd.DataFrame,
    scenario: str,
    weight_bits: int = 8,
    activation_bits: int = 8,
    pixel_bits: int = 8,
    spiking: bool = False,
    leak: bool = False,
    floating: bool = False,
    schedule: str = STEP_BY_STEP,
) -> Joules:
    """Energy of one inference, J.

    Parameters
    ----------
    operations : table of ``count_operations``.
    scenario : a key of ``SCENARIOS``.
    weight_bits, activation_bits : of the products.
    pixel_bits : of what the first layer reads.
    spiking : the network may run on the chip, in the scenario that has one.
    leak : its neurons decay, so that an update multiplies.
    floating : 32-bit floating point throughout.
    schedule : of a network with spikes.

    Raises
    ------
    ValueError : another scenario, or what ``estimate`` refuses.
    """
    schedule = schedule if spiking else IN_ACCUMULATORS
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario: got {scenario!r}; allowed are {tuple(SCENARIOS)}")
    table = zeros_skipped(operations) if scenario.endswith("skip") else operations
    memory = not scenario.startswith("arithmetic")
    first = _machine(weight_bits, pixel_bits, leak, floating)
    if floating:
        return estimate(table, first, memory, schedule=schedule).joules
    if spiking and scenario == "loihi":
        return estimate(table, _loihi(), memory, first, schedule).joules
    rest = _machine(weight_bits, activation_bits, leak, floating)
    return price_mixed(table, first, rest, memory, schedule)


def price_mixed(
    operations: pd.DataFrame, first: Profile, rest: Profile, memory: bool, schedule: str
) -> Joules:
    """Energy of one inference whose first layer reads other words than the rest.

    Pixels keep their 8 bits where hidden activations have fewer. Each profile prices the whole
    table, so that the sizes of the memories are those of the whole network, and pays for its own
    rows.

    Parameters
    ----------
    operations : table of ``count_operations``; its first row is of the first layer.
    first, rest : profiles of the first layer and of the others.
    memory : whether the words that move are paid for.
    schedule : as in ``estimate``.

    Raises
    ------
    ValueError : what ``estimate`` refuses.
    """
    if first == rest:
        return estimate(operations, first, memory, schedule=schedule).joules
    name = operations["layer"].iloc[0]
    own: list[Estimate] = [
        estimate(operations, p, memory, schedule=schedule) for p in (first, rest)
    ]
    rows = [
        own[0].table[own[0].table["layer"] == name],
        own[1].table[own[1].table["layer"] != name],
    ]
    table = pd.concat(rows)
    return Joules(*(float(table[end].sum()) for end in Joules._fields))


def priced_rows(
    operations: pd.DataFrame, options: Mapping[str, object]
) -> list[dict[str, float | str]]:
    """A row per scenario and schedule: both, and ``low``, ``central``, ``high`` in nJ.

    Words cost the same on each, and every network where no schedule decides is priced once.
    """
    bare, rows = operations.copy(), []
    bare.attrs = {}  # pandas would copy them with every column
    for name in SCENARIOS:
        schedules = SHOWN if name in SCHEDULED else (STEP_BY_STEP,)
        own = schedules if options.get("spiking") else (STEP_BY_STEP,)
        price = {one: priced(bare, name, schedule=one, **options) for one in own}
        for schedule in schedules:
            joules = price.get(schedule, price[STEP_BY_STEP])._asdict()
            energy = {end: value * NANO for end, value in joules.items()}
            rows.append({"scenario": name, "schedule": schedule} | energy)
    return rows


def twin_rows(spikes: pd.DataFrame, words: pd.DataFrame, bits: int) -> list[dict[str, float | str]]:
    """The same function with spikes and with ``bits``-bit words: a row per scenario and schedule.

    ``ratio``: energy with spikes over that with words; ``low``, ``high``: its widest interval;
    ``rate``: spikes per neuron and step.
    """
    sent = spikes[spikes["kind"] == "neuron"].sum()
    prices = zip(
        priced_rows(spikes, {"spiking": True}),
        priced_rows(words, {"activation_bits": bits, "leak": True}),
        strict=True,
    )
    return [
        {
            "scenario": one["scenario"],
            "schedule": one["schedule"],
            "rate": sent["spikes"] / sent["sites"],
            "ratio": one["central"] / two["central"],
            "low": one["low"] / two["high"],
            "high": one["high"] / two["low"],
        }
        for one, two in prices
    ]


def word_ratios(networks: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Networks with spikes against words without time, by code and schedule.

    Each is compared with the cheapest one in 8 or fewer bits that is as accurate (at most
    ``margin`` below), means over seeds.

    Columns
    -------
    scenario, family, schedule : a row each; ``FREE`` in place of a schedule where memory costs
        nothing, under the scenario that pays for it.
    least, middle : ratio of the energies, the least of the family and its median.
    wins, networks : how many need less than their rival, of how many.

    Raises
    ------
    ValueError : a negative margin, or no network in 8 or fewer bits.
    """
    rows = networks[networks["family"] != FP32]
    words = rows["family"].str.startswith("ANN")
    rows = rows.assign(family=rows["family"].where(~words, "words"))
    tables = []
    for schedule in rows["schedule"].unique():
        ratio = cheapest_rivals(on_schedule(rows, schedule), "words", margin)["ratio"]
        found = ratio.groupby(["scenario", "family"]).agg(
            least="min", middle="median", wins=lambda r: int((r < 1).sum()), networks="size"
        )
        tables.append(found.reset_index().assign(schedule=schedule))
    table = pd.concat(tables, ignore_index=True)
    free = {bare: paid for paid, bare in FREE_OF.items()}
    bare = table[table["scenario"].isin(free) & (table["schedule"] == STEP_BY_STEP)]
    bare = bare.assign(scenario=bare["scenario"].map(free), schedule=FREE)
    moving = table["scenario"].isin(SCHEDULED) | (table["schedule"] == STEP_BY_STEP)
    return pd.concat([table[moving], bare], ignore_index=True)


def front(networks: pd.DataFrame) -> pd.DataFrame:
    """Networks that no other beats in accuracy and in energy, per scenario, cheapest first.

    ``networks``: a row per scenario, family, network and seed with ``accuracy`` and ``central``;
    means over seeds are compared.

    Raises
    ------
    ValueError : no rows.
    """
    if networks.empty:
        raise ValueError("networks: got no rows; nothing to compare")
    keys = ["scenario", "family", "network"]
    means = networks.groupby(keys, sort=False)[["accuracy", "central"]].mean().reset_index()
    means = means.sort_values(["scenario", "central", "accuracy"], ascending=[True, True, False])
    best = means.groupby("scenario")["accuracy"].cummax()
    earlier = best.groupby(means["scenario"]).shift(fill_value=-1.0)
    return means[means["accuracy"] > earlier].reset_index(drop=True)


def summary(networks: pd.DataFrame) -> pd.DataFrame:
    """What the figure shows of each network: means over seeds, all words as one family.

    Columns
    -------
    scenario, family, network : a row each.
    percent, half_width : mean accuracy, per cent, and half its confidence interval over seeds.
    low, central, high : mean energy, nJ.
    on_front : whether no other network of its family beats it in the scenario.
    """
    rows = []
    keys = ["scenario", "family", "network"]
    words = networks["family"].str.startswith("ANN") & (networks["family"] != FP32)
    networks = networks.assign(family=networks["family"].where(~words, "words"))
    for names, part in networks.groupby(keys, sort=False):
        interval = mean_interval(100 * part["accuracy"], over="splits")
        energy = part[["low", "central", "high"]].mean()
        rows.append((*names, interval.mean, interval.half_width, *energy))
    table = pd.DataFrame(rows, columns=[*keys, "percent", "half_width", "low", "central", "high"])
    edges = [front(part) for _, part in networks.groupby(["scenario", "family"], sort=False)]
    edge = set(pd.concat(edges)[keys].itertuples(index=False, name=None))
    return table.assign(
        on_front=[row in edge for row in table[keys].itertuples(index=False, name=None)]
    )


def dearer(
    networks: pd.DataFrame,
    scenario: str,
    families: tuple[str, ...],
    schedule: str = STEP_BY_STEP,
) -> pd.Series:
    """Energy of the cheapest other network over the cheapest of ``families``, by seed.

    Of networks that read at least a share ``ABLE`` of the digits.
    """
    networks = on_schedule(networks, schedule)
    able = networks[(networks["scenario"] == scenario) & (networks["accuracy"] >= ABLE)]
    own = able["family"].isin(families)
    return able[~own].groupby("seed")["central"].min() / able[own].groupby("seed")["central"].min()
