"""What the page limitations/scale measures: products, counted while attention runs.

Time and memory are in ``timing``, rank collapse in ``collapse``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from transformers import BertModel

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import D_HEAD, HEADS, WIDTH
from brainbook.models.attention.minilm_text import Passage, passages_of
from opjoules.counting.operations import count_operations

from . import cost

LENGTHS = (16, 32, 64, 128, 256, 512)  # tokens; MiniLM reads no more
UNITS = (64, 256, 1024)  # drawn features a head
SHORT = 32  # tokens of a passage in one layer, and with sharper scores


def open_minilm() -> BertModel:
    """MiniLM, in float32."""
    return pretrained.minilm()[0]


def open_passages(tokens: int = SHORT) -> dict[str, Passage]:
    """The first passage of each test document, by the document's name."""
    return dict(zip(TEST_TEXTS, passages_of(TEST_TEXTS, tokens, 1), strict=True))


@dataclass(frozen=True)
class Counts:
    """Multiply-accumulates a token and block.

    table : columns
        part : "model" for MiniLM's six blocks at each of :data:`LENGTHS`, "block" for its first
            block alone at 6 d tokens, where the model has no positions.
        tokens, layer : a row for each.
        weights, attention : counted in linear layers, and in products of two activities.
    closed : columns tokens, weights, attention and both, closed forms along the axis.
    """

    table: pd.DataFrame
    closed: pd.DataFrame

    @property
    def crossover(self) -> float:
        """Tokens at which both cost the same, from a line through the model's counts."""
        model = self.table[self.table["part"] == "model"]
        slope, start = np.polyfit(model["tokens"], model["weights"] + model["attention"], 1)
        return start / slope


@store.kept
def measure_counts(model: BertModel) -> Counts:
    """Page limitations/scale, figure draw_token_cost: MACs a token and block, counted."""
    rows = []
    for tokens in LENGTHS:
        ids = torch.full((1, tokens), 1000)
        rows.append(_by_layer(count_operations(model, {"input_ids": ids}), tokens, "model"))
    longest = int(cost.crossover(WIDTH))
    states = torch.randn(1, longest, WIDTH, generator=seeded(0))
    block = count_operations(model.encoder.layer[0], {"hidden_states": states})
    block["layer"] = "encoder.layer.0." + block["layer"]
    rows.append(_by_layer(block, longest, "block"))
    return Counts(pd.concat(rows, ignore_index=True), _closed(LENGTHS[0], 3 * longest))


def _by_layer(operations: pd.DataFrame, tokens: int, part: str) -> pd.DataFrame:
    layer = operations["layer"].str.extract(r"^encoder\.layer\.(\d+)\.")[0]
    sums = operations.groupby([layer, "kind"])["macs"].sum().unstack("kind") / tokens
    counts = pd.DataFrame({"weights": sums["linear"], "attention": sums["product"]})
    return counts.reset_index(names="layer").assign(tokens=tokens, part=part)


def _closed(shortest: int, longest: int) -> pd.DataFrame:
    tokens = np.geomspace(shortest, longest, 200)
    return pd.DataFrame(
        {
            "tokens": tokens,
            "weights": cost.block_macs(WIDTH, 0),
            "attention": cost.softmax_macs(WIDTH, tokens),
            "both": cost.block_macs(WIDTH, tokens),
        }
    )


@dataclass(frozen=True)
class LinearCounts:
    """Multiply-accumulates a token of one layer's attention, without its projections.

    table : columns kind, tokens, macs.
    crossover : by kind, tokens from which linear attention makes fewer products than softmax,
        from the counts.
    closed : columns units and crossover, its closed form for drawn features.
    """

    table: pd.DataFrame
    crossover: pd.Series
    closed: pd.DataFrame


@store.kept
def measure_linear_counts(lengths: Sequence[int] = LENGTHS) -> LinearCounts:
    """Page limitations/scale, figure draw_linear_cost: MACs a token of one layer's attention."""
    rows = []
    for tokens in lengths:
        batch = cost.inputs(tokens, HEADS, D_HEAD, seeded(tokens))
        for kind, module in cost.modules(UNITS, HEADS, D_HEAD).items():
            of_one_head = count_operations(module, batch)["macs"].sum()  # heads are its batch
            macs = of_one_head * HEADS / tokens
            rows.append((kind, tokens, macs))
    table = pd.DataFrame(rows, columns=["kind", "tokens", "macs"])
    softmax = table[table["kind"] == "softmax"]
    per_token = np.polyfit(softmax["tokens"], softmax["macs"], 1)[0]
    linear = table[~table["kind"].isin(["softmax", "fused"])]
    crossover = linear.groupby("kind")["macs"].first() / per_token
    units = np.geomspace(16, 2048, 50)
    meets = cost.linear_crossover(WIDTH, HEADS, units, drawn=True)
    return LinearCounts(table, crossover, pd.DataFrame({"units": units, "crossover": meets}))
