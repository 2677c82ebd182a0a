"""Numbers of the prose of the page attention/memory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence import facts
from brainbook.evidence.intervals import CONFIDENCE, mean_interval

from .capacity import SMALLEST, Capacity, doublings, part_slopes, per_part
from .circuits import DENSE, FLIPPED, NEURONS, NEUTRAL, PUBLISHED, SLOW, STORED, SYNAPSES
from .measure import LAWS, MORE_STARTS, STARTS, Collapse, Measured

SETTLED = 1e-3  # relative step below which an iteration has come to rest


def numbers(measured: Measured) -> dict[str, float]:
    """Page attention/memory: every computed number of its prose."""
    known = facts.table("associative_memory.csv").set_index("key")["value"]
    return {
        "percent": 100 * known["bit_error"],
        "holding": 100 * known["holding_share"],
        "exact": max(measured.gaps[name] for name in ("minilm", "values")),
        "laws": LAWS,
        "confidence": round(100 * CONFIDENCE),
        **_collapse(measured.collapse),
        **_capacity(measured.capacity),
        **_circuit(measured.recall, measured.growth),
        **_starts(measured.starts),
        **_keys(measured.keys),
        **_iteration(measured.iteration, measured.storage),
    }


def _joint(values: pd.Series) -> float:
    """Half width of the mean's interval, for all laws of the page at once."""
    return mean_interval(values, over="seeds", sentences=LAWS).half_width


def _collapse(collapse: Collapse) -> dict[str, float]:
    falls, table = collapse.falls.mean(), collapse.table
    last = table[table["neurons"] == table["neurons"].max()]
    return {
        "critical": collapse.critical,
        "small": falls.iloc[0],
        "large": falls.iloc[-1],
        "fewest": int(falls.index[0]),
        "most": int(falls.index[-1]),
        "starts": STARTS,
        "more_starts": MORE_STARTS,
        "errors": collapse.error_ratio().mean(),
        "left": last.loc[last["load"] == last["load"].max(), "overlap"].mean(),
    }


def _capacity(capacity: Capacity) -> dict[str, float]:
    slopes = capacity.slopes()
    ratio = capacity.powers.groupby(["degree", "neurons"])["ratio"].mean()
    off = capacity.perfect.groupby("neurons")["ratio"].mean()
    corrected = doublings(capacity.rooted())
    parts = part_slopes(capacity.powers)
    counted = per_part(capacity.powers)
    units = counted[counted["degree"] == 4].groupby("neurons")["unit"].mean()
    return {
        **{f"slope{degree}": slopes[degree].mean() for degree in slopes},
        **{f"width{degree}": _joint(slopes[degree]) for degree in slopes},
        "smallest": SMALLEST,
        "off_few": off.iloc[0],
        "off_many": off.iloc[-1],
        "off_size": int(off.index[-1]),
        "few": int(off.index[0]),
        "two_few": ratio[2].iloc[0],
        "four_few": ratio[4].iloc[0],
        "plain": doublings(capacity.every).mean(),
        "corrected": corrected.mean(),
        "corrected_width": _joint(corrected),
        "one_bit": doublings(capacity.single).mean(),
        "biggest": int(capacity.single["neurons"].max()),
        "unit": parts["unit"],
        "connection": parts["connection"],
        "units": units.iloc[-1],
        "largest": int(units.index[-1]),
    }


def _circuit(recall: pd.DataFrame, growth: pd.Series) -> dict[str, float]:
    end = recall[recall["time"] == recall["time"].max()].groupby("system")["membrane"].mean()
    return {
        "latched": end[PUBLISHED],
        "proper": end[DENSE],
        "growth": growth.mean(),
        "cells": NEURONS,
        "stored": STORED,
        "flipped": 100 * FLIPPED,
    }


def _starts(starts: pd.DataFrame) -> dict[str, float]:
    """Overlaps from both starts.

    ``slow`` : published start, slow neurons, leak. ``patient`` : neutral, slow synapses, leak.
    """
    patient = starts[(starts["order"] == SLOW) & (starts["leak"] > 0)]
    starts = starts[starts["order"] != SLOW]
    neutral, published = (starts[starts["start"] == name] for name in (NEUTRAL, PUBLISHED))
    slow = (published["order"] == "neurons slowest") & (published["leak"] > 0)
    return {
        "neutral_cue": neutral["cue"].mean(),
        "neutral_end": neutral["end"].mean(),
        "neutral_most": (neutral["end"] - neutral["cue"]).max(),
        "told_end": published.loc[~slow, "end"].mean(),
        "slow_end": published.loc[slow, "end"].mean(),
        "patient_leak": patient["end"].mean(),
        "set_end": starts.loc[starts["start"] == SYNAPSES, "end"].mean(),
    }


def _keys(keys: pd.DataFrame) -> dict[str, float]:
    long = keys[keys["tokens"] == keys["tokens"].max()]
    held = long.groupby("weights")["keys"].median()
    trained = long[long["weights"] == "trained"]
    layer = trained.groupby("layer")["share"].median()
    short = keys[(keys["tokens"] == keys["tokens"].min()) & (keys["layer"] == 1)]
    return {
        "heads": len(long[["layer", "head"]].drop_duplicates()),
        "trained": held["trained"],
        "fresh": held["untrained"],
        "uniform": int(long["uniform"].max()),
        "first": layer[0],
        "second": layer[1],
        "third": layer[2],
        "last": layer[5],
        "shortest": int(keys["tokens"].min()),
        "brief": short["share"].median(),
        "medium": 100 * np.mean(trained.loc[trained["layer"] == 5, "regime"] == "III"),
    }


def _iteration(iteration: pd.DataFrame, storage: pd.DataFrame) -> dict[str, float]:
    steps = iteration.groupby("updates")["keys"].median()
    return {
        "step1": steps[0],
        "step2": steps[1],
        "step_last": steps.iloc[-1],
        "updates": int(steps.index[-1]),
        "returning": 100 * storage["stored"].mean(),
        "ends": storage["ends"].median(),
        "settled": 100 * np.mean(storage["moved"] < SETTLED),
    }
