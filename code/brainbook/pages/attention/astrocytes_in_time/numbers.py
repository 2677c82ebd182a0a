"""Numbers of the prose of the page attention/astrocytes_in_time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.models.attention.minilm_heads import HEADS, LAYERS

from .circuits import EXACT, GATED, LATERAL, RANDOM, by_document
from .measure import POOLS, TARGET, Measured
from .timing import at_decay
from .together import ALL, NONE, ONE, REPAIRS

SHORT = {EXACT: "exact", RANDOM: "random", LATERAL: "lateral", GATED: "gated"}


def numbers(measured: Measured, tokens: int) -> dict[str, float]:
    """Page attention/astrocytes_in_time: every computed number of its prose."""
    cells, clocks = measured.cells, measured.clocks
    return {
        "reading": clocks["reading"],
        "aloud": clocks["aloud"],
        "heads": LAYERS * HEADS,
        "uniform": measured.uniform,
        "first_weight": 100 * measured.fading.query("decay < 5")["weight"].iloc[0],
        "duration": tokens * clocks["reading"],
        "soma_s": cells["soma_decay_high"],
        "process_s": cells["process_decay_high"],
        **_at_once(measured),
        **_leak(measured),
        **_needed(measured, tokens),
        **_slopes(measured),
        **_rise(measured),
        **_profile(measured),
        **_coverage(measured),
        **_noise_and_range(measured),
    }


def _at_once(measured: Measured) -> dict[str, float]:
    """``all_gated`` and so on: median over documents."""
    keys = {
        "alone": ONE[0],
        "positive": ONE[1],
        "all": ALL[0],
        "soma": ALL[2],
        "none": NONE,
        "but": REPAIRS[0],
        "two": REPAIRS[1],
        "kept": REPAIRS[3],
    }
    return {
        f"{key}_{short}": by_document(
            measured.limits.at_once, circuit=circuit, limits=name
        ).median()
        for key, name in keys.items()
        for circuit, short in SHORT.items()
    }


def _leak(measured: Measured) -> dict[str, float]:
    cells, leak = measured.cells, measured.limits.leak
    slow, soma, fast = (
        cells[key] for key in ("process_decay_high", "soma_decay_high", "process_decay_low")
    )
    kernel = dict(iter(leak[leak["circuit"] == EXACT].groupby("leak")))
    both, alone = kernel["both"], kernel["trace alone"]
    rescaled = kernel["trace alone, rescaled"]
    return {
        "at_slow": at_decay(both, slow).median(),
        "at_soma": at_decay(both, soma).median(),
        "at_fast": at_decay(both, fast).median(),
        "alone_soma": at_decay(alone, soma).median(),
        "alone_slow": at_decay(alone, slow).median(),
        "gained_soma": at_decay(rescaled, soma).median(),
        "soma_lateral_leak": at_decay(leak[leak["circuit"] == LATERAL], soma).median(),
        "soma_gated_leak": at_decay(leak[leak["circuit"] == GATED], soma).median(),
    }


def _needed(measured: Measured, tokens: int) -> dict[str, float]:
    needed = measured.needed
    longest = needed[needed["tokens"] == needed["tokens"].max()]
    low, middle, high = longest["seconds"].quantile([0.05, 0.5, 0.95])
    shortest = needed["tokens"].min()
    return {
        "need_low": low,
        "need": middle,
        "need_high": high,
        "of_passage": middle / (tokens * measured.clocks["reading"]),
        "short": int(shortest),
        "need_short": needed.loc[needed["tokens"] == shortest, "seconds"].median(),
    }


def _slopes(measured: Measured) -> dict[str, float]:
    by = measured.slopes.set_index("what")
    return {
        "calcium_flat": by["flat"]["calcium, cell body"],
        "calcium_steep": by["steep"]["calcium, process"],
    }


def _rise(measured: Measured) -> dict[str, float]:
    cells, rise = measured.cells, measured.limits.rise
    rise = rise.assign(seconds=measured.clocks["reading"] * rise["rise"])
    parts = dict(iter(rise[rise["circuit"] == EXACT].groupby("part")))

    def after(rows: pd.DataFrame, key: str) -> float:
        return at_decay(rows, cells[key]).median()

    return {
        "rise_gated": after(parts["writing, synapses"], "process_rise_low"),
        "rise_reading": after(parts["reading"], "process_rise_low"),
        "rise_trace": after(parts["writing, trace"], "process_rise_low"),
        "soma_reading": after(parts["reading"], "soma_rise_low"),
        "soma_late_lateral": after(rise[rise["circuit"] == LATERAL], "soma_rise_low"),
        "peak_exact": after(parts["reading"], "process_peak"),
        "peak_gated": after(rise[rise["circuit"] == GATED], "process_peak"),
        "soma_late_gated": after(rise[rise["circuit"] == GATED], "soma_rise_low"),
    }


def _profile(measured: Measured) -> dict[str, float]:
    """``effective_lateral`` and so on: median over heads and documents."""
    found = measured.limits.profile.groupby("circuit").median(numeric_only=True)
    return {
        f"{column}_{SHORT[circuit]}": found[column][circuit]
        for circuit in found.index
        for column in ("constant", "effective", "cancelled", "decades")
    } | {"signs": 100 * found["negative"][LATERAL]}


def _coverage(measured: Measured) -> dict[str, float]:
    share, rows = measured.cells["covered_share"], measured.limits.coverage
    keys = {
        "units": "sensed at units",
        "contacts": "sensed at contacts",
        "only": "only these units",
    }
    return {
        f"{key}_{short}": by_document(rows, circuit=circuit, reading=reading, share=share).median()
        for key, reading in keys.items()
        for circuit, short in SHORT.items()
        if circuit != EXACT
    }


def _noise_and_range(measured: Measured) -> dict[str, float]:
    limits, found = measured.limits, {}
    # Rounding to steps of h = ln(10) / levels errs by h / sqrt(12).
    found["per_decade"] = np.log(10) / (TARGET * np.sqrt(12))
    for circuit, short in list(SHORT.items())[1:]:
        for size, name in ((0.1, "tenth"), (0.3, "third")):
            rows = by_document(limits.noise, circuit=circuit, place="each trace", size=size)
            found[f"{name}_traces_{short}"] = rows.median()
        for how, size in (("floor", 1), ("ceiling", 1), ("levels", 8)):
            found[f"{how}_{short}"] = by_document(
                limits.ranges, circuit=circuit, how=how, size=size
            ).median()
        found[f"pools_{short}"] = by_document(
            limits.pools, circuit=circuit, pools=POOLS[0]
        ).median()
    return found | {"pools": POOLS[0]}
