"""What the page limitations/scale measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from brainbook.evidence import pretrained
from brainbook.models.astrocyte.error import seeded
from opjoules.counting.operations import count_operations

from . import collapse as scale_trials
from . import cost

WIDTH, HEADS, D_HEAD = 384, 12, 32  # MiniLM


LENGTHS = (16, 32, 64, 128, 256, 512)  # MiniLM reads no more


TIMED = (64, 128, 256, 512, 1024, 2048, 4096)


UNITS = (64, 256, 1024)  # drawn features a head


SHAPE = {"width": 64, "heads": 4, "tokens": 32}  # of random blocks


GAINS = (0.5, 1, 2, 4, 8, 16, 32)


def measure_counts() -> pd.DataFrame:
    """Page limitations/scale, figure draw_token_cost: MACs a token and block, counted.

    Rows ``part`` "model": MiniLM, its six blocks at each of :data:`LENGTHS`; "block": its first
    block alone at 6 d tokens, where the model has no positions. Columns tokens, layer, weights
    (linear layers), attention (products).
    """
    model, _ = pretrained.minilm()
    rows = []
    for tokens in LENGTHS:
        ids = torch.full((1, tokens), 1000)
        rows.append(_by_layer(count_operations(model, {"input_ids": ids}), tokens, "model"))
    longest = int(cost.crossover(WIDTH))
    states = torch.randn(1, longest, WIDTH, generator=seeded(0))
    table = count_operations(model.encoder.layer[0], {"hidden_states": states})
    rows.append(
        _by_layer(table.assign(layer="encoder.layer.0." + table["layer"]), longest, "block")
    )
    return pd.concat(rows, ignore_index=True)


def _by_layer(table: pd.DataFrame, tokens: int, part: str) -> pd.DataFrame:
    layer = table["layer"].str.extract(r"^encoder\.layer\.(\d+)\.")[0]
    sums = table.groupby([layer, "kind"])["macs"].sum().unstack("kind") / tokens
    found = pd.DataFrame({"weights": sums["linear"], "attention": sums["product"]})
    return found.reset_index(names="layer").assign(tokens=tokens, part=part)


def _modules(units: Sequence[int]) -> dict[str, torch.nn.Module]:
    """Attention of one layer, by name."""
    made = {"softmax": cost.SoftmaxAttention(), "fused": cost.FusedAttention()}
    made["elu"] = cost.LinearAttention(0, D_HEAD, HEADS, seeded(0))
    return made | {f"{m}": cost.LinearAttention(m, D_HEAD, HEADS, seeded(m)) for m in units}


def measure_linear_counts(longest: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_linear_cost: MACs a token of one layer's attention."""
    rows = []
    for tokens in [n for n in LENGTHS if n <= longest]:
        batch = cost.inputs(tokens, HEADS, D_HEAD, seeded(tokens))
        for kind, module in _modules(UNITS).items():
            macs = count_operations(module, batch)["macs"].sum() * HEADS / tokens
            rows.append((kind, tokens, macs))
    return pd.DataFrame(rows, columns=["kind", "tokens", "macs"])


def measure_costs(longest: int, repeats: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_attention_time: seconds and bytes on one core."""
    rows = []
    with cost.one_thread():
        for tokens in [n for n in TIMED if n <= longest]:
            batch = cost.inputs(tokens, HEADS, D_HEAD, seeded(tokens))
            for kind, module in _modules([256]).items():
                held = cost.peak_bytes(lambda m=module, b=batch: m(*b))
                times = cost.seconds(lambda m=module, b=batch: m(*b), repeats)
                rows += [(kind, tokens, i, s, held) for i, s in enumerate(times)]
    return pd.DataFrame(rows, columns=["kind", "tokens", "repeat", "seconds", "bytes"])


def measure_exponents(costs: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/scale, figure draw_attention_time: slopes over the three longest texts.

    Rows by kind; columns time (median over repeats), low, high, bytes.
    """
    longest = sorted(costs["tokens"].unique())[-3:]
    rows = costs[costs["tokens"].isin(longest)]
    found = {}
    for kind, some in rows.groupby("kind"):
        slopes = [cost.exponent(r["tokens"], r["seconds"]) for _, r in some.groupby("repeat")]
        memory = cost.exponent(some["tokens"], some["bytes"])
        found[kind] = (np.median(slopes), min(slopes), max(slopes), memory)
    return pd.DataFrame.from_dict(found, "index", columns=["time", "low", "high", "bytes"])


def measure_collapse(seeds: Sequence[int], layers: int, tokens: int, depth: int) -> pd.DataFrame:
    """Page limitations/scale, figures draw_rank_collapse, draw_doubling: residuals by depth."""
    drawn = scale_trials.random_table(seeds, layers, **SHAPE)
    return pd.concat([drawn, scale_trials.minilm_table(tokens, depth)], ignore_index=True)


def measure_growth(collapse: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/scale, figure draw_doubling: growth of the log residual, by run."""
    return scale_trials.growth_table(collapse)


def measure_one_layer(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/scale, figure draw_cubic: residual after one layer against before."""
    return scale_trials.one_layer_table(seeds, **SHAPE)


def measure_sharpness(seeds: Sequence[int], depth: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_sharpness: layers until tokens are alike."""
    return scale_trials.sharpness_table(seeds, GAINS, depth, **SHAPE)


def measure_gaps(tokens: int) -> dict[str, float]:
    """Page limitations/scale: deviations from identities, in float64."""
    return scale_trials.gaps(tokens, 3)
