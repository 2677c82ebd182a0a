"""What a transformer block costs per token: on digital logic, in crossbars, on event-driven cores.

Each function takes the operations of one block for so many tokens (``count_operations``) and
returns joules per token. Attention products have no stored weights, so on every machine the same
digital host computes them. Layer normalisation, softmax and GELU are priced nowhere; so are
leakage, control and idle cores.

Columns
-------
term : what is paid for, one of ``TERMS``.
low, central, high : J per token.
source : of the constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from opjoules import sources
from opjoules.hardware import chips
from opjoules.hardware.catalogue import profile
from opjoules.hardware.profile import Cost, Profile
from opjoules.pricing.estimate import PICO, Estimate, Joules, estimate

HOST = "45nm_int8"
ATTENTION, HOPS = "attention products", "messages between cores"
NAMES = {
    "macs": "multiply-accumulates",
    "acs": "synaptic operations",
    "neuron_updates": "neuron updates",
    "comparisons": "comparisons",
    "weights": "weight memory",
    "activations": "activation memory",
}
TERMS = (*NAMES.values(), ATTENTION, HOPS)
ENERGY = list(Joules._fields)


def kept_on_chip(hardware: str) -> Profile:
    """A logic profile whose largest on-chip memory is repeated in banks, so DRAM is not needed."""
    machine = profile(hardware)
    levels = {
        name: (capacity, cost) for name, (capacity, cost) in machine.memory.items() if capacity
    }
    largest = max(levels, key=lambda name: levels[name][0])
    return replace(machine, memory=levels | {largest: (None, levels[largest][1])})


def graded(name: str = "seneca") -> Profile:
    """SENECA with events that carry a number: the high end multiplies before it adds."""
    machine, table = profile(name), chips.constants()
    product = table[(table["chip"] == "SENECA") & (table["quantity"] == "multiplication")]
    plain = machine.ac
    ac = Cost(
        plain.low,
        plain.central,
        plain.high + float(product["value"].iloc[0]),
        plain.source,
        "high: plus a multiplication",
    )
    return replace(machine, ac=ac)


def per_event(name: str = "SENECA") -> Cost:
    """pJ to send one event over the network of a chip, however far."""
    table = chips.constants()
    row = table[(table["chip"] == name) & (table["quantity"] == "event transmission")].iloc[0]
    value = float(row["value"])
    return Cost(value, value, value, row["source"], "per 32-bit event")


def on_logic(operations: pd.DataFrame, tokens: int, hardware: str | Profile) -> pd.DataFrame:
    """Multiply-accumulates in digital logic, with memory; weights are read once for all tokens."""
    return _by_term(operations, estimate(operations, hardware), tokens)


def in_crossbars(operations: pd.DataFrame, tokens: int, host: str = HOST) -> pd.DataFrame:
    """Weights in crossbars (profile ``hermes``), attention products on ``host``.

    No source gives the cost of a message between crossbars, so none is added.
    """
    attention = operations["kind"] == "product"
    parts: list[tuple[pd.DataFrame, str | Profile]] = [
        (operations[~attention], chips.in_memory()),
        (operations[attention], host),
    ]
    return pd.concat(
        [_by_term(rows, estimate(rows, machine), tokens) for rows, machine in parts],
        ignore_index=True,
    )


def on_events(
    operations: pd.DataFrame,
    tokens: int,
    machine: Profile,
    arrivals: Mapping[str, float],
    steps: int,
    host: str = HOST,
) -> pd.DataFrame:
    """Weights on event-driven cores, attention products on ``host``.

    Parameters
    ----------
    operations, tokens : the count of a block, and for how many tokens.
    machine : profile of the chip.
    arrivals : messages per token that arrive at each linear layer; one causes a synaptic
        operation for each output.
    steps : time steps, in each of which every output neuron is updated; 0: graded events, one
        update.
    host : profile that computes the attention products.

    Raises
    ------
    ValueError : a linear layer has no arrivals.
    """
    driven = driven_by(operations, tokens, arrivals, steps)
    return _by_term(driven, estimate(driven, machine, host=host), tokens)


def driven_by(
    operations: pd.DataFrame, tokens: int, arrivals: Mapping[str, float], steps: int
) -> pd.DataFrame:
    """The same operations with each linear layer driven by messages: ACs instead of MACs."""
    linear = operations["kind"] == "linear"
    missing = set(operations.loc[linear, "layer"]) - set(arrivals)
    if missing:
        raise ValueError(f"arrivals: layers {sorted(missing)} are missing")
    outputs = operations["activation_writes"].where(linear, 0.0)
    messages = operations["layer"].map(dict(arrivals)).fillna(0.0)
    return operations.assign(
        acs=messages * outputs,
        macs=operations["macs"].where(~linear, 0.0),
        neuron_updates=max(steps, 1) * outputs,
    )


def messages(count: tuple[float, float, float], cost: Cost) -> pd.DataFrame:
    """Joules per token of so many hops or events (low, central, high) at a cost each."""
    values = (n * getattr(cost, end) * PICO for n, end in zip(count, ENERGY, strict=True))
    row = {"term": HOPS} | dict(zip(ENERGY, values, strict=True)) | {"source": cost.source}
    return pd.DataFrame([row])


def _by_term(operations: pd.DataFrame, priced: Estimate, tokens: int) -> pd.DataFrame:
    """Joules per token by term; all that an attention product costs is one term."""
    products = operations.loc[operations["kind"] == "product", "layer"]
    attention = priced.table["layer"].isin(products)
    table = priced.table.assign(term=priced.table["term"].map(NAMES).mask(attention, ATTENTION))
    sums = table.groupby("term", sort=False)[ENERGY].sum() / tokens
    keys = table.groupby("term", sort=False)["source"].agg(sources.joined)
    return sums.assign(source=keys).reset_index()


def total(terms: pd.DataFrame) -> Joules:
    """Joules per token over all terms."""
    return Joules(*(float(terms[end].sum()) for end in ENERGY))
