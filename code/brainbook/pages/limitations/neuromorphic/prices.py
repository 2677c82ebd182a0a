"""Joules per token of one block on each machine, and against the tokens that share a fetch."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from opjoules.cores import cost
from opjoules.hardware import chips
from opjoules.hardware.catalogue import profile

from .events import Code, Codes

MICRO = 1e6  # µJ in a joule
Ends = tuple[float, float, float]  # low, central, high


def machines(
    counts: Mapping[int, pd.DataFrame], codes: Codes, tokens: int, hops: Mapping[Code, Ends]
) -> pd.DataFrame:
    """Energy per token of one block on each machine, by term.

    Parameters
    ----------
    counts : operations of the block by number of tokens; 1 and ``tokens`` are read.
    codes : messages of the graded code and of the rate codes in ``hops``.
    tokens : in the passage; they share one read of the weights.
    hops : per token and block on Loihi's mesh, for each rate code.

    Returns
    -------
    machine, term : the machine, and what the energy is spent on (``opjoules.cores.cost``).
    low, central, high : µJ per token.
    source : keys of the bibliography.
    """
    table, graded = counts[tokens], Code()
    loihi = chips.chip("loihi", calibrated=True)
    priced = {
        "logic, 45 nm, one token": cost.on_logic(counts[1], 1, "45nm_int8"),
        f"logic, 45 nm, {tokens} tokens": cost.on_logic(table, tokens, "45nm_int8"),
        f"logic, 7 nm, {tokens} tokens": cost.on_logic(table, tokens, "7nm_int8"),
        "HERMES crossbars": cost.in_crossbars(table, tokens),
        "SENECA, graded": _with_messages(
            cost.on_events(table, tokens, cost.graded(), codes.arrivals(graded), 0),
            (codes.total(graded),) * 3,
            cost.per_event(),
        ),
    }
    for code, ends in hops.items():
        arrivals, steps = codes.arrivals(code), code.steps
        priced[f"SENECA, {steps} steps"] = _with_messages(
            cost.on_events(table, tokens, profile("seneca"), arrivals, steps),
            (codes.total(code),) * 3,
            cost.per_event(),
        )
        priced[f"Loihi, {steps} steps"] = _with_messages(
            cost.on_events(table, tokens, loihi, arrivals, steps), ends, chips.transport("loihi")
        )
    parts = [terms.assign(machine=name) for name, terms in priced.items()]
    return _micro(pd.concat(parts, ignore_index=True))


def _with_messages(terms: pd.DataFrame, number: Ends, each: cost.Cost) -> pd.DataFrame:
    return pd.concat([terms, cost.messages(number, each)], ignore_index=True)


def _micro(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{end: MICRO * table[end] for end in cost.ENERGY})


def shared_weights(counts: Mapping[int, pd.DataFrame], codes: Codes, steps: int) -> pd.DataFrame:
    """Energy per token against the tokens that share one read of the weights.

    Parameters
    ----------
    counts : operations of the block by number of tokens.
    codes : messages of the graded code and of the rate code in ``steps``.
    steps : time steps of the rate code.

    Returns
    -------
    machine, tokens : the machine, and how many tokens share.
    low, central, high : µJ per token.
    """
    graded, rate = codes.arrivals(Code()), codes.arrivals(Code(steps))
    loihi, local = chips.chip("loihi", calibrated=True), cost.kept_on_chip("45nm_int8")
    rows = []
    for n, table in counts.items():
        priced = {
            "logic, 45 nm, DRAM": cost.on_logic(table, n, "45nm_int8"),
            "logic, 45 nm, on-chip memory": cost.on_logic(table, n, local),
            "logic, 7 nm, HBM": cost.on_logic(table, n, "7nm_int8"),
            "HERMES crossbars": cost.in_crossbars(table, n),
            "SENECA, graded": cost.on_events(table, n, cost.graded(), graded, 0),
            f"Loihi, {steps} steps": cost.on_events(table, n, loihi, rate, steps),
        }
        rows += [
            {"machine": name, "tokens": n, **cost.total(terms)._asdict()}
            for name, terms in priced.items()
        ]
    return _micro(pd.DataFrame(rows))
