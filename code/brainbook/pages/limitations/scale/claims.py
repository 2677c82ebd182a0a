"""Claims of page limitations/scale, from the tables that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim

from . import cost
from .measure import (
    HEADS,
    UNITS,
    WIDTH,
)

LAYERS = 6  # of MiniLM
PAPER = "dong2021attention"


def counting_claims(
    counts: pd.DataFrame, linear: pd.DataFrame, width: int, heads: int, units: Sequence[int]
) -> list[Claim]:
    """Counts against closed forms, and the lengths at which two costs are equal."""
    share = cost.crossover(width)
    formula = cost.block_macs(width, counts["tokens"])
    gap = (counts["weights"] + counts["attention"] - formula).abs().max()
    model = counts[counts["part"] == "model"]
    slope, start = np.polyfit(model["tokens"], model["weights"] + model["attention"], 1)
    ratio = counts.loc[counts["tokens"] == share, "attention"] / counts["weights"].iloc[0]
    soft = linear[linear["kind"] == "softmax"]
    per_token = np.polyfit(soft["tokens"], soft["macs"], 1)[0]
    found = [
        Claim("scale-count-formula", "Every block of MiniLM makes 12 d² + 2 n d multiply-"
              "accumulates a token, at every length (largest difference).", "exact", gap, 0,
              1e-10, "MAC", "closed form: 12 d² + 2 n d"),
        Claim("scale-crossover", "The counted costs of attention and of the weights are equal at "
              "6 d tokens (from a line through the counts).", "exact", start / slope, share,
              1e-10 * share, "token", "closed form: 12 d² = 2 n d"),
        Claim("scale-half", "At 6 d tokens a block's attention makes as many products as its "
              "weights (ratio).", "exact", ratio.iloc[0], 1, 1e-10, "1",
              "closed form: 12 d² = 2 n d"),
    ]  # fmt: skip
    for name, size, drawn in [("elu", width // heads, False)] + [(f"{m}", m, True) for m in units]:
        rows = linear[linear["kind"] == name]
        expected = cost.linear_macs(width, heads, size, drawn)
        meets = cost.linear_crossover(width, heads, size, drawn)
        told = f"{size:,} drawn features" if drawn else "the features elu(x) + 1"
        form = f"closed form: {4 if drawn else 2} m d + m h"
        found += [
            Claim(f"scale-linear-{name}", f"Linear attention with {told} a head costs the same at "
                  "every length (largest difference from the closed form).", "exact",
                  (rows["macs"] - expected).abs().max(), 0, 1e-10, "MAC", form),
            Claim(f"scale-linear-crossover-{name}", f"With {told} a head, linear attention makes "
                  "fewer products than softmax from this length on.", "exact",
                  rows["macs"].iloc[0] / per_token, meets, 1e-10 * meets, "token",
                  f"({form}) / 2 d"),
        ]  # fmt: skip
    return found


def memory_claims(costs: pd.DataFrame, width: int, heads: int) -> list[Claim]:
    """Peak memory against its closed form, and how it grows."""
    memory = costs.groupby(["kind", "tokens"])["bytes"].max()
    soft = memory["softmax"]
    expected = np.array([cost.softmax_bytes(width, heads, n) for n in soft.index])
    slopes = {kind: cost.exponent(memory[kind].index, memory[kind]) for kind in ("elu", "fused")}
    return [
        Claim("scale-memory", "Softmax attention, step by step, holds two numbers a pair of "
              "tokens and head at its peak, and its output (largest difference).", "exact",
              np.abs(soft - expected).max(), 0, 1e-10, "byte", "closed form: 4 (2 h n² + n d)"),
        Claim("scale-memory-linear", "Memory of linear attention grows as the first power of the "
              "length (slope).", "law", slopes["elu"], 1, 0.02, "1", "closed form: n m"),
        Claim("scale-memory-fused", "Memory of the fused kernel grows as about the first power, "
              "far from the second (slope).", "law", slopes["fused"], 1, 0.2, "1",
              "dao2022flashattention"),
    ]  # fmt: skip


def _spread(values: pd.Series) -> float:
    """Three standard errors."""
    return 3 * float(values.sem())


def collapse_claims(
    collapse: pd.DataFrame, growth: pd.DataFrame, layer: pd.DataFrame, gaps: Mapping[str, float]
) -> list[Claim]:
    """The cubic law, its prefactor, the doubly exponential rate, and what stops it."""
    found = [
        Claim("scale-blocks", "Our float64 blocks are MiniLM's own (largest deviation of its last "
              "state).", "exact", gaps["blocks"], 0, 1e-10, "1", "identity: both sides"),
        Claim("scale-split", "Followed on its own, the residual is that of the state (largest "
              "deviation).", "exact", gaps["split"], 0, 1e-10, "1", "identity: both sides"),
    ]  # fmt: skip
    for weights, rows in layer.groupby("weights"):
        small = rows[rows["before"] < 1e-4]
        slopes = small.groupby("run").apply(
            lambda r: cost.exponent(r["before"], r["after"]), include_groups=False
        )
        ratio = small.loc[small.groupby("run")["before"].idxmin()]
        name = weights.lower()
        found += [
            Claim(f"scale-cubic-{name}", f"One layer of attention ({weights} weights) maps small "
                  "residuals to their cube (slope farthest from three).", "law",
                  slopes.iloc[(slopes - 3).abs().argmax()], 3, 1e-3, "1", "closed form: R A C W"),
            Claim(f"scale-leading-{name}", f"The closed form gives the size of that residual "
                  f"({weights} weights; ratio).", "law", (ratio["after"] / ratio["leading"]).mean(),
                  1, 1e-4, "1", "closed form: Σ R A RᵀR W / N"),
        ]  # fmt: skip
    for (weights, parts), rows in growth.groupby(["weights", "parts"]):
        name = f"{weights}-{parts}".lower().replace(", ", "-")
        found.append(
            Claim(f"scale-double-{name}", f"Stacked layers ({weights} weights, {parts}) lose the "
                  "residual doubly exponentially: the fall of its logarithm triples from layer to "
                  "layer.", "law", rows["factor"].mean(), 3, 0.05, "1", PAPER)
        )  # fmt: skip
    return found + _stopping_claims(collapse)


def _stopping_claims(collapse: pd.DataFrame) -> list[Claim]:
    """What skips and MLPs do, at MiniLM's depth."""
    state = collapse[(collapse["followed"] == "state") & (collapse["depth"] == LAYERS)]
    left = np.log10(state.pivot(index=["weights", "run"], columns="parts", values="residual"))
    ours, drawn = left.loc["MiniLM"], left.loc["random"]
    skip = ours["attention, norm, skip"] - ours["attention, norm"]
    mlp, whole = ours["attention, norm, MLP"], ours["whole block"]
    last = collapse["depth"][collapse["weights"] == "random"].max()
    deep = collapse[(collapse["followed"] == "state") & (collapse["depth"] == last)]
    deep = np.log10(deep.pivot(index=["weights", "run"], columns="parts", values="residual"))
    lost = drawn["whole block"] - deep.loc["random"]["whole block"]
    return [
        Claim("scale-skip-holds", "After six layers of MiniLM without MLPs, skip connections have "
              "kept the residual (log10 ratio to no skips).", "ordering", skip.mean(), 6,
              _spread(skip), "1", PAPER),
        Claim("scale-mlp-stops", "After six layers of MiniLM without skips, MLPs have kept at "
              "least a thousandth of the residual that the whole model keeps (log10 ratio).",
              "ordering", (mlp - whole).mean(), -3, _spread(mlp - whole), "1", PAPER,
              "without skips, MiniLM's MLPs delay the collapse by about one layer; they do not "
              "stop it"),
        Claim("scale-random-falls", f"Random whole blocks go on losing residual, from {LAYERS} to "
              f"{last} layers (log10 ratio).", "ordering", lost.mean(), 0, _spread(lost), "1",
              "measured here"),
    ]  # fmt: skip


def claims(
    counts: pd.DataFrame,
    linear: pd.DataFrame,
    costs: pd.DataFrame,
    collapse: pd.DataFrame,
    growth: pd.DataFrame,
    layer: pd.DataFrame,
    gaps: Mapping[str, float],
) -> list[Claim]:
    """Page limitations/scale: what it asserts, from the results of the functions above."""
    return [
        *counting_claims(counts, linear, WIDTH, HEADS, UNITS),
        *memory_claims(costs, WIDTH, HEADS),
        *collapse_claims(collapse, growth, layer, gaps),
    ]  # fmt: skip
