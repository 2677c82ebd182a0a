"""What the page attention/hard_heads measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from brainbook.evidence import store

from . import stretching as hard_heads
from .difficulty import PLACE, difficulty, explain
from .learning import learned_trials
from .meaning import meaning, words

FACTORS = (0.5, 0.7, 1.0, 1.4)  # by which queries are made longer


def measure_heads(units: int, seeds: Sequence[int], draw: int = 0) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_difficulty: all heads, columns of ``head_errors``."""
    return hard_heads.head_errors(units, seeds, draw)


def measure_difficulty(heads: pd.DataFrame, seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/hard_heads, figures draw_difficulty, draw_rank_bounds.

    A row a document and head with every quantity of WORDS.
    """
    quantities = difficulty(seeds).drop(columns="share")  # perplexity over a constant
    return quantities.merge(heads.drop(columns="error"))


def measure_order(heads: pd.DataFrame, measured: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Page attention/hard_heads, figure draw_difficulty: tables of ``explain``.

    For all heads, and with each layer's median taken out.
    """
    errors = heads[[*PLACE, "error"]]
    return explain(errors, measured), hard_heads.within_layers(errors, measured)


def measure_stretched(units: int, seeds: Sequence[int], per_layer: int = 1) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_stretched: columns as in ``stretched``."""
    return hard_heads.stretched(units, FACTORS, seeds, per_layer)


def measure_meaning(units: int, seeds: Sequence[int]) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_meaning: columns as in ``unit_meaning.meaning``."""
    return meaning(units, seeds)


def measure_words(best: pd.DataFrame, units: int, shown: int = 3) -> pd.DataFrame:
    """Page attention/hard_heads, the table beside figure draw_meaning: busiest units of heads.

    ``best``: rows of ``unit_meaning.telling``. Columns head ("layer.head"), tokens, attended,
    positions (middle half), answers.
    """
    frames = []
    for row in best.itertuples():
        found = words(row.layer, row.head, units, shown=shown, top=3)
        low, high = (found[f"position_{end}"].round().astype(int) for end in ("low", "high"))
        told = found.assign(
            head=f"{row.layer}.{row.head}", positions=low.astype(str) + " to " + high.astype(str)
        )
        frames.append(told[["head", "tokens", "attended", "positions", "answers"]])
    return pd.concat(frames, ignore_index=True)


def measure_learned(units: int, seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_learned_ways: columns as in ``learned_trials``.

    Every way to learn, once for each number of ``steps``.
    """
    made = [
        store.made_once(learned_trials, units=(units,), seeds=tuple(seeds), steps=some)
        for some in steps
    ]
    return pd.concat(made, ignore_index=True)
