"""Numbers of the prose of the page attention/astrocytes_in_time."""

from __future__ import annotations

import numpy as np

from brainbook.models.attention.minilm_heads import HEADS, LAYERS

from .measure import GROUPS, POOLS, TARGET, Measured
from .timing import EXACT, LEARNED, RANDOM, at_decay


def numbers(measured: Measured, tokens: int) -> dict[str, float]:
    """Page attention/astrocytes_in_time: every computed number of its prose."""
    cells, clocks = measured.cells, measured.clocks
    return {
        "reading": clocks["reading"],
        "aloud": clocks["aloud"],
        "heads": LAYERS * HEADS,
        "uniform": measured.uniform,
        "constant": measured.baselines["constant"].median(),
        "first_weight": 100 * measured.fading.query("decay < 5")["weight"].iloc[0],
        "duration": tokens * clocks["reading"],
        "soma_s": cells["soma_decay_high"],
        "process_s": cells["process_decay_high"],
        **_leak(measured),
        **_needed(measured, tokens),
        **_slopes(measured),
        **_rise(measured),
        **_noise(measured),
        **_levels(measured),
        **_cell(measured),
    }


def _leak(measured: Measured) -> dict[str, float]:
    cells, leak = measured.cells, measured.leak
    slow, soma, fast = (
        cells[key] for key in ("process_decay_high", "soma_decay_high", "process_decay_low")
    )
    kernel = dict(iter(leak[leak["circuit"] == EXACT].groupby("leak")))
    both, alone = kernel["both"], kernel["trace alone"]
    rescaled = kernel["trace alone, rescaled"]
    learned = leak[(leak["circuit"] == LEARNED) & (leak["leak"] == "both")]
    return {
        "at_slow": at_decay(both, slow).median(),
        "at_soma": at_decay(both, soma).median(),
        "at_fast": at_decay(both, fast).median(),
        "alone_soma": at_decay(alone, soma).median(),
        "alone_slow": at_decay(alone, slow).median(),
        "gained_slow": at_decay(rescaled, slow).median(),
        "trace_soma": at_decay(both, soma, "trace").median(),
        "learned_soma": at_decay(learned, soma).median(),
        "learned_none": at_decay(learned, learned["seconds"].max()).median(),
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
    cells = measured.cells
    rise = measured.rise.assign(seconds=measured.clocks["reading"] * measured.rise["rise"])
    parts = dict(iter(rise.groupby("part")))

    def after(part: str, key: str) -> float:
        return at_decay(parts[part], cells[key]).median()

    return {
        "rise_gated": after("writing, synapses", "process_rise_low"),
        "rise_reading": after("reading", "process_rise_low"),
        "rise_trace": after("writing, trace", "process_rise_low"),
        "soma_reading": after("reading", "soma_rise_low"),
    }


def _noise(measured: Measured) -> dict[str, float]:
    noise = measured.noise
    tenth = noise[noise["size"] == 0.1].groupby(["place", "circuit"])["error"].median()
    return {
        "noise_unit": tenth["each trace", LEARNED],
        "noise_synapse": tenth["each synapse", LEARNED],
        "noise_token": tenth["token, both", EXACT],
        "noise_offset": tenth["offset", RANDOM],
        "offset_learned": tenth["offset", LEARNED],
    }


def _levels(measured: Measured) -> dict[str, float]:
    spans = measured.levels.spans
    carry = spans.groupby(["what", "circuit"])["effective"].median()
    # Rounding to steps of h = ln(10) / levels errs by h / sqrt(12).
    per_decade = np.log(10) / (TARGET * np.sqrt(12))
    p_span = spans[spans["what"] == "p"].groupby("head")["decades"].median()
    p_levels = per_decade * p_span
    limited = measured.levels.ranges.groupby(["how", "decades", "circuit"])["error"].median()
    return {
        "carry_random": carry["g", RANDOM],
        "carry_learned": carry["g", LEARNED],
        "carry_tokens": carry["p", EXACT],
        "per_decade": per_decade,
        "p_span": p_span.median(),
        "widest": p_span.max(),
        "p_levels": p_levels.median(),
        "enough": int((p_levels <= measured.cells["synapse_levels"]).sum()),
        "floor_random": limited["floor", 2, RANDOM],
        "floor_learned": limited["floor", 2, LEARNED],
        "one_random": limited["floor", 1, RANDOM],
        "one_learned": limited["floor", 1, LEARNED],
        "ceiling": limited["ceiling", 1, LEARNED],
    }


def _cell(measured: Measured) -> dict[str, float]:
    share = measured.cells["covered_share"]
    rows = measured.coverage[measured.coverage["share"] == share]
    there = rows.groupby(["reading", "circuit"])[["error", "law"]].median()
    split = measured.apart.groupby(["circuit", "pools"])[["error", "trace"]].median()
    joint = measured.together.groupby("heads")["error"].median()
    found = measured.cell.set_index(["compartment", "ends", "circuit"])["median"]
    return {
        "open_exact": there["error"]["undivided", EXACT],
        "open_learned": there["error"]["undivided", LEARNED],
        "blind": there["error"]["unsensed", LEARNED],
        "blind_law": there["law"]["unsensed", LEARNED],
        "two": split["error"][LEARNED, 2],
        "most": split["error"][LEARNED, 32],
        "two_alone": split["trace"][LEARNED, 2],
        "pools": max(POOLS),
        "pair": joint[2],
        "layer": joint[max(GROUPS)],
        "in_layer": max(GROUPS),
        "cell_exact": found["process", "kind", EXACT],
        "cell_learned": found["process", "kind", LEARNED],
        "cell_random": found["process", "kind", RANDOM],
        "cell_soma": found["soma", "kind", EXACT],
        "cell_unkind": found["process", "unkind", EXACT],
    }
