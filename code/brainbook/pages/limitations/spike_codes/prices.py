"""Accuracy and energy of the same task in every spike code, priced on several machines.

The table that the pages draw: ``priced`` takes a counted network and prices it in the scenarios
here; ``front`` says which networks nobody beats.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd

from opjoules.hardware.catalogue import Profile, profile
from opjoules.hardware.low_precision import narrow
from opjoules.pricing.estimate import Estimate, Joules, estimate
from opjoules.pricing.targets import cheapest_rivals, zeros_skipped

NANO = 1e9
SCENARIOS = {
    "arithmetic": "arithmetic only",
    "arithmetic-skip": "arithmetic only, zeros skipped",
    "memory": "with memory",
    "skip": "with memory, zeros skipped",
    "loihi": "spikes on Loihi, others with memory",
}


@lru_cache(maxsize=64)
def _machine(weight_bits: int, activation_bits: int, leak: bool, floating: bool) -> Profile:
    return profile("45nm_fp32") if floating else narrow(weight_bits, activation_bits, leak)


@lru_cache(maxsize=1)
def _loihi() -> Profile:
    return profile("loihi")


def priced(
    operations: pd.DataFrame, scenario: str, weight_bits: int = 8, activation_bits: int = 8,
    pixel_bits: int = 8, spiking: bool = False, leak: bool = False, floating: bool = False,
) -> Joules:  # fmt: skip
    """Energy of one inference, J.

    Parameters
    ----------
    operations : table of ``count_operations``.
    scenario : a key of ``SCENARIOS``.
    weight_bits, activation_bits : of the products; ``pixel_bits`` in the first layer.
    spiking : the network may run on the chip, in the scenario that has one.
    leak : its neurons decay, so that an update multiplies.
    floating : 32-bit floating point throughout.

    Raises
    ------
    ValueError : another scenario, or what ``estimate`` refuses.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario: got {scenario!r}; allowed are {tuple(SCENARIOS)}")
    table = zeros_skipped(operations) if scenario.endswith("skip") else operations
    memory = not scenario.startswith("arithmetic")
    first = _machine(weight_bits, pixel_bits, leak, floating)
    if floating:
        return estimate(table, first, memory).joules
    if spiking and scenario == "loihi":
        return estimate(table, _loihi(), memory, host=first).joules
    rest = _machine(weight_bits, activation_bits, leak, floating)
    return price_mixed(table, first, rest, memory, None)


def price_mixed(
    operations: pd.DataFrame, first: Profile, rest: Profile, memory: bool, host: Profile | None
) -> Joules:
    """Energy of one inference whose first layer reads other words than the rest.

    Pixels keep their 8 bits where hidden activations have fewer. Each profile prices the whole
    table, so that the sizes of the memories are those of the whole network, and pays for its own
    rows. ``host`` as in ``estimate``.

    Raises
    ------
    ValueError : what ``estimate`` refuses.
    """
    if first == rest:
        return estimate(operations, first, memory, host=host).joules
    name = operations["layer"].iloc[0]
    own: list[Estimate] = [estimate(operations, p, memory, host=host) for p in (first, rest)]
    rows = [
        own[0].table[own[0].table["layer"] == name],
        own[1].table[own[1].table["layer"] != name],
    ]
    table = pd.concat(rows)
    return Joules(*(float(table[end].sum()) for end in Joules._fields))


def priced_rows(operations: pd.DataFrame, options: Mapping[str, object]) -> list[dict[str, float]]:
    """A row per scenario: ``scenario``, ``low``, ``central``, ``high`` in nJ."""
    return [
        {"scenario": name}
        | {end: v * NANO for end, v in priced(operations, name, **options)._asdict().items()}
        for name in SCENARIOS
    ]


def twin_rows(spikes: pd.DataFrame, words: pd.DataFrame, bits: int) -> list[dict[str, float]]:
    """The same function with spikes and with ``bits``-bit words: a row per scenario.

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
        {"scenario": one["scenario"], "rate": sent["spikes"] / sent["sites"],
         "ratio": one["central"] / two["central"],
         "low": one["low"] / two["high"], "high": one["high"] / two["low"]}
        for one, two in prices
    ]  # fmt: skip


def headline(networks: pd.DataFrame, margin: float) -> dict[str, float]:
    """What a page says in numbers: spiking networks against words without time.

    Each network is compared with the cheapest one in 8 or fewer bits that is as accurate (at most
    ``margin`` below). For each scenario and spiking family (last word of its name): ``least_…``
    and ``middle_…``, the least and the median ratio of its energy to that rival's; ``wins_…``,
    how many of its networks need less than theirs, of ``all_…``.

    Raises
    ------
    ValueError : a negative margin, or no network in 8 or fewer bits.
    """
    rows = networks[networks["family"] != "ANN, fp32"]
    words = rows["family"].str.startswith("ANN")
    rows = rows.assign(family=rows["family"].where(~words, "words"))
    ratios = cheapest_rivals(rows, "words", margin)["ratio"]
    found: dict[str, float] = {}
    for (scenario, family), part in ratios.groupby(level=["scenario", "family"]):
        key = f"{family.split()[-1].lower()}_{scenario.replace('-', '_')}"
        found |= {
            f"least_{key}": float(part.min()), f"wins_{key}": int((part < 1).sum()),
            f"all_{key}": len(part), f"middle_{key}": float(part.median()),
        }  # fmt: skip
    return found


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
