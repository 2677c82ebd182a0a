"""Claims of page limitations/scale, from the results that it shows.

Counts, bytes and residuals of one network are the same in every run, so that nothing is left to
chance but what is stated of several documents or of several random networks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import log_slope, mean_interval
from brainbook.models.attention.minilm_heads import HEADS, LAYERS, WIDTH

from . import cost
from .collapse import MINILM, RANDOM, Growth
from .measure import LENGTHS, Counts, LinearCounts
from .result import Result

PAPER = "dong2021attention"
BLOCK = "closed form: 12 d² + 2 n d"
FAITHFUL = "256"  # drawn features: with so many, MiniLM recovers most of what it retrieves
CUBED, LEADING = "closed form: R A C W", "closed form: Σ R A RᵀR W / N"
SMALL = 1e-4  # residuals before a layer whose higher orders do not reach the claims' precision
RUNS = {MINILM: "documents", RANDOM: "random networks"}
# Ids by weights: the slope of one layer, and its closed form.
ONE_LAYER = {
    MINILM: ("scale-cubic-minilm", "scale-leading-minilm"),
    RANDOM: ("scale-cubic-random", "scale-leading-random"),
}
DOUBLE = {
    (MINILM, "attention"): "scale-double-minilm-attention",
    (MINILM, "attention, norm"): "scale-double-minilm-attention-norm",
    (RANDOM, "attention"): "scale-double-random-attention",
    (RANDOM, "attention, norm"): "scale-double-random-attention-norm",
}


def counting_claims(counts: Counts) -> list[Claim]:
    """Counts of MiniLM against the closed form, and where attention overtakes the weights."""
    table = counts.table
    formula = cost.block_macs(WIDTH, table["tokens"])
    return [
        identity(
            "scale-count-formula",
            "Every block of MiniLM makes 12 d² + 2 n d multiply-accumulates a token, at every "
            "length (largest difference).",
            (table["weights"] + table["attention"] - formula).abs().max(),
            unit="MAC",
            source=BLOCK,
        ),
        ordering(
            "scale-crossover",
            "Attention overtakes the weights beyond the longest text that MiniLM reads (tokens, "
            "from a line through the counts).",
            counts.crossover,
            expected=LENGTHS[-1],
            unit="token",
            source=BLOCK,
        ),
    ]


def linear_claims(linear: LinearCounts) -> list[Claim]:
    """What linear attention costs, and from which length on it is cheaper."""
    table = linear.table[~linear.table["kind"].isin(["softmax", "fused"])]
    closed = [
        cost.linear_macs(
            WIDTH, HEADS, WIDTH // HEADS if kind == "elu" else int(kind), kind != "elu"
        )
        for kind in table["kind"]
    ]
    return [
        identity(
            "scale-linear",
            "Linear attention costs the same for every token at every length (largest difference "
            "from the closed form over four kinds of features).",
            (table["macs"] - closed).abs().max(),
            unit="MAC",
            source="closed form: 4 m d + m h, for elu(x) + 1 half the first",
        ),
        ordering(
            "scale-linear-crossover",
            f"With {FAITHFUL} drawn features a head, linear attention makes fewer products than "
            "softmax only beyond the longest text that MiniLM reads (tokens, from the counts).",
            linear.crossover[FAITHFUL],
            expected=LENGTHS[-1],
            unit="token",
            source="closed form: 2 m + m / 2 d_head",
        ),
    ]


def memory_claims(costs: pd.DataFrame) -> list[Claim]:
    """Peak memory against its closed form, and how it grows."""
    memory = costs.groupby(["kind", "tokens"])["bytes"].max()
    softmax = memory["softmax"]
    closed = np.array([cost.softmax_bytes(WIDTH, HEADS, n) for n in softmax.index])
    linear, fused = (log_slope(memory[kind].index, memory[kind]) for kind in ("elu", "fused"))
    return [
        identity(
            "scale-memory",
            "Softmax attention, step by step, holds two numbers a pair of tokens and head at its "
            "peak, and its output (largest difference).",
            np.abs(softmax - closed).max(),
            unit="byte",
            source="closed form: 4 (2 h n² + n d)",
        ),
        law(
            "scale-memory-linear",
            "Memory of linear attention grows as the first power of the length (slope).",
            linear,
            expected=1,
            precision=0.02,  # what a constant part of the memory may take from the slope
            source="closed form: n m",
        ),
        law(
            "scale-memory-fused",
            "Memory of the fused kernel grows as about the first power, far from the second "
            "(slope).",
            fused,
            expected=1,
            precision=0.2,  # a fifth of the way to the second power; its blocks cost memory too
            source="dao2022flashattention",
        ),
    ]


def gap_claims(gaps: Mapping[str, float]) -> list[Claim]:
    """The instrument: our blocks, and residuals followed on their own."""
    return [
        identity(
            "scale-blocks",
            "Our float64 blocks are MiniLM's own (largest deviation of its last state).",
            gaps["blocks"],
        ),
        identity(
            "scale-split",
            "Followed on its own, the residual is that of the state (largest deviation).",
            gaps["split"],
        ),
    ]


def cubic_claims(layer: pd.DataFrame) -> list[Claim]:
    """One layer cubes a small residual, by the closed form.

    Higher orders are of relative size of the residual or below, so at most 1e-4.
    """
    made, small = [], layer[layer["before"] < SMALL]
    for weights, (cubic_id, leading_id) in ONE_LAYER.items():
        rows = small[small["weights"] == weights]
        slopes = rows.groupby("run").apply(
            lambda run: log_slope(run["before"], run["after"]), include_groups=False
        )
        smallest = rows.loc[rows.groupby("run")["before"].idxmin()]
        made += [
            law(
                cubic_id,
                f"One layer of attention ({weights} weights) maps small residuals to their cube "
                "(slope farthest from three).",
                slopes.iloc[(slopes - 3).abs().argmax()],
                expected=3,
                precision=1e-3,
                source=CUBED,
            ),
            law(
                leading_id,
                f"The closed form gives the size of that residual ({weights} weights; ratio).",
                (smallest["after"] / smallest["leading"]).mean(),
                expected=1,
                precision=1e-4,
                source=LEADING,
            ),
        ]
    return made


def doubling_claims(growth: Growth) -> list[Claim]:
    """Layer after layer: the fall of the logarithm triples."""
    factors = growth.factors.groupby(["weights", "parts"])["factor"]
    return [
        law(
            claim_id,
            f"Stacked layers ({weights} weights, {parts}) lose the residual doubly exponentially: "
            "the fall of its logarithm triples from layer to layer.",
            mean_interval(factors.get_group((weights, parts)), over=RUNS[weights]),
            expected=3,
            precision=0.05,  # a square or a fourth power would be off by one
            # Every layer has a factor of its own. Two layers' factors differ by a few units of
            # log, and the fall is above a hundred.
            approximation=0.02,
            source=PAPER,
        )
        for (weights, parts), claim_id in DOUBLE.items()
    ]


def stopping_claims(collapse: pd.DataFrame) -> list[Claim]:
    """What skips and MLPs do, at MiniLM's depth and beyond."""
    state = collapse[collapse["followed"] == "state"]
    curve = state.set_index(["weights", "parts", "run", "depth"])["residual"]
    logs = np.log10(curve.unstack("depth"))
    ours, drawn = logs.loc[MINILM], logs.loc[RANDOM]
    at_end = ours[LAYERS].unstack("parts")  # (documents, parts)
    random = drawn.loc["whole block"].dropna(axis=1)  # (random networks, depths)
    last = random.columns.max()
    return [
        ordering(
            "scale-skip-holds",
            "After six layers of MiniLM without MLPs, skip connections have kept the residual "
            "(log10 ratio to no skips).",
            mean_interval(
                at_end["attention, norm, skip"] - at_end["attention, norm"], over=RUNS[MINILM]
            ),
            expected=6,  # decades: float32 no longer tells such tokens apart
            source=PAPER,
        ),
        ordering(
            "scale-mlp-stops",
            "After six layers of MiniLM without skips, MLPs have kept at least a thousandth of the "
            "residual that the whole model keeps (log10 ratio).",
            mean_interval(
                at_end["attention, norm, MLP"] - at_end["whole block"], over=RUNS[MINILM]
            ),
            expected=-3,  # far below what float32 loses: a generous meaning of "stop"
            source=PAPER,
            reason="without skips, MiniLM's MLPs delay the collapse by about one layer; they do "
            "not stop it",
        ),
        ordering(
            "scale-random-falls",
            f"Random whole blocks go on losing residual, from {LAYERS} to {last} layers (log10 "
            "ratio).",
            mean_interval(random[LAYERS] - random[last], over=RUNS[RANDOM]),
            source="measured here",
        ),
    ]


def claims(result: Result) -> list[Claim]:
    """Page limitations/scale: what it asserts."""
    return [
        *counting_claims(result.counts),
        *linear_claims(result.linear),
        *memory_claims(result.costs),
        *gap_claims(result.gaps),
        *cubic_claims(result.one_layer),
        *doubling_claims(result.growth),
        *stopping_claims(result.collapse),
    ]
