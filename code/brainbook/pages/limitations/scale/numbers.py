"""What the prose of the page limitations/scale says in numbers."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.models.attention.minilm_heads import D_HEAD, LAYERS, WIDTH

from .collapse import MINILM, RANDOM
from .measure import LENGTHS, UNITS, Counts
from .result import Result

STRONG = 16  # of the factors on all scores


def numbers(result: Result) -> dict[str, float]:
    """Page limitations/scale: sizes, shares, slopes of time and memory, residuals, layers.

    ``crossover_…``: tokens from which linear attention makes fewer products, by its features.
    """
    sizes = {
        "width": WIDTH,
        "d_head": D_HEAD,
        "documents": len(TEST_TEXTS),
        "most": LENGTHS[-1],
        **dict(zip(("small", "middle", "large"), UNITS, strict=True)),
    }
    return {
        **sizes,
        **_shares(result.counts),
        **{f"crossover_{kind}": tokens for kind, tokens in result.linear.crossover.items()},
        **_slopes(result.exponents),
        **_residuals(result.collapse),
        **_layers(result.sharpness),
    }


def _shares(counts: Counts) -> dict[str, float]:
    """Of attention in the products of a block, in percent."""
    model = counts.table[counts.table["part"] == "model"]
    means = model.groupby("tokens")[["weights", "attention"]].mean()
    share = 100 * means["attention"] / means.sum(axis=1)
    return {
        "least": int(share.index[0]),
        "least_share": share.iloc[0],
        "most_share": share.iloc[-1],
    }


def _slopes(exponents: pd.DataFrame) -> dict[str, float]:
    said = {"held": exponents.loc["softmax", "bytes"]}
    for key, kind in (("soft", "softmax"), ("fused", "fused"), ("ours", "256"), ("plain", "elu")):
        time, low, high = exponents.loc[kind, ["time", "low", "high"]]
        said |= {key: time, f"{key}_low": low, f"{key}_high": high}
    return said


def _residuals(collapse: pd.DataFrame) -> dict[str, float]:
    """Medians over runs after MiniLM's depth and at the end, with skips."""
    state = collapse[collapse["followed"] == "state"]
    left = state.groupby(["weights", "parts", "depth"])["residual"].median()
    said = {"start": left[MINILM, "whole block", 0]}
    for key, weights, parts in (
        ("whole", MINILM, "whole block"),
        ("skips", MINILM, "attention, norm, skip"),
        ("drawn", RANDOM, "whole block"),
    ):
        curve = left[weights, parts]
        said |= {f"{key}_6": curve[LAYERS], f"{key}_end": curve.iloc[-1]}
    return said


def _layers(sharp: pd.DataFrame) -> dict[str, float]:
    """Until random networks have collapsed, as they are and with sharper scores."""
    lasting = sharp[sharp["weights"] == RANDOM].groupby("gain")["layers"].median()
    return {"mild": lasting[1], "strong": lasting[STRONG], "gain": STRONG}
