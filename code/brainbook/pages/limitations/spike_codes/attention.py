"""Spikes in an attention layer: which of MiniLM's operations they could drive, and what for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import CALIBRATION_TEXTS, TEST_TEXTS
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.attention.minilm_text import passages_of
from brainbook.models.attention.softmax import Problem
from brainbook.models.spiking.products import PRODUCTS, expected_square, scores

MARGIN = 1.25
LAYERS, HEADS = (0, 2, 4), (0, 4, 8)


def scales(tokens: int, texts: int = 2) -> torch.Tensor:
    """Value of rate one for queries and keys, (2, layers, heads), from calibration texts.

    The largest entry of each head's queries (keys), times ``MARGIN``.
    """
    found = []
    for ids in passages_of(CALIBRATION_TEXTS[:texts], tokens, 1):
        query, key, _ = heads_on(ids).problem.tensors
        found.append(torch.stack([x.abs().amax(dim=(-1, -2)) for x in (query, key)]))
    return torch.stack(found).amax(dim=0).double() * MARGIN


def attention_errors(seeds: Sequence[int], steps: Sequence[int], tokens: int = 64) -> pd.DataFrame:
    """Error of attention scores and of a head's output, by way to form the product, and T.

    Each seed is another test document and other spikes; nine heads of three layers. Columns
    ``error`` and ``law``: root mean square over the scores, relative to theirs, from the mean
    squares of all heads; ``output``: of the heads' outputs after the softmax; ``clipped``: share
    of query and key entries beyond their scale; ``rate``: mean spikes of a query's entry a step.
    """
    size, rows = scales(tokens), []
    for seed in seeds:
        name = TEST_TEXTS[seed % len(TEST_TEXTS)]
        heads = heads_on(passages_of([name], tokens, 1)[0]).problem
        generator = torch.Generator().manual_seed(seed)
        for step in steps:
            for product in PRODUCTS:
                sums = np.zeros(7)
                for layer in LAYERS:
                    for head in HEADS:
                        scale = tuple(float(v) for v in size[:, layer, head])
                        sums += _head(heads, layer, head, scale, step, product, generator)
                error, law, square, output, goal, clipped, rate = sums
                rows.append({
                    "seed": seed, "steps": step, "product": product,
                    "error": np.sqrt(error / square), "law": np.sqrt(law / square),
                    "output": np.sqrt(output / goal),
                    "clipped": clipped / (len(LAYERS) * len(HEADS)),
                })  # fmt: skip
    return pd.DataFrame(rows)


def _head(
    heads: Problem, layer: int, head: int, scale: tuple[float, float], steps: int, product: str,
    generator: torch.Generator,
) -> np.ndarray:  # fmt: skip
    """Mean squares of one head: error, law, scores, output error, outputs; clipped share; rate."""
    query, key, value = (x.double() for x in heads[layer, head].tensors)
    exact = query @ key.t()
    found = scores(query, key, scale, steps, product, generator)
    output, goal = (torch.softmax(s, dim=-1) @ value for s in (found, exact))
    clipped = torch.cat([query.abs() > scale[0], key.abs() > scale[1]]).double().mean()
    squares = [found - exact, exact, output - goal, goal]
    error, whole, off, out = (float(x.square().mean()) for x in squares)
    law = float(expected_square(query, key, scale, steps, product).mean())
    rate = float((query.abs() / scale[0]).mean())
    return np.array([error, law, whole, off, out, float(clipped), rate])


def minilm_input(tokens: int) -> dict[str, torch.Tensor]:
    """A passage of a test document as MiniLM reads it: input_ids (1, tokens)."""

    return {"input_ids": torch.tensor(passages_of(TEST_TEXTS[:1], tokens, 1))}


@torch.no_grad()
def linear_inputs(tokens: int) -> pd.DataFrame:
    """What MiniLM's weight layers read, on one passage: what made it, and its share below zero.

    A spike rate is never negative, so a rectifier's output is one and these are not. Columns
    ``layer`` (name in the model), ``reads`` (what produced the input), ``products`` (of one
    passage), ``negative`` (share of entries below zero).
    """
    model, _ = pretrained.minilm()
    rows, handles = [], []

    def keep(name: str):
        def hook(module, inputs, _output):
            values = inputs[0]
            rows.append({
                "layer": name, "reads": _origin(name),
                "products": values.shape[-2] * module.in_features * module.out_features
                if values.ndim == 3 else module.in_features * module.out_features,
                "negative": float((values < 0).double().mean()),
            })  # fmt: skip

        return hook

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            handles.append(module.register_forward_hook(keep(name)))
    try:
        model(**minilm_input(tokens))
    finally:
        for handle in handles:
            handle.remove()
    return pd.DataFrame(rows)


def _origin(name: str) -> str:
    """Operation that feeds a linear layer of a BERT block."""
    if name.endswith(("query", "key", "value", "intermediate.dense")) or "pooler" in name:
        return "layer norm"
    return "attention average" if "attention.output" in name else "GELU"


def work_table(inputs: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """MiniLM's work by kind, from :func:`linear_inputs` and a table of counted operations.

    Columns: the work, how much of it on one passage, and the share of its inputs below zero.
    """
    sums = inputs.groupby("reads").agg({"products": "sum", "negative": "mean"})
    rows = [
        (f"products with weights, input from {reads}", row["products"], 100 * row["negative"])
        for reads, row in sums.iterrows()
    ]
    product = counts.loc[counts["kind"] == "product", "macs"].sum()
    rows.append(("products of two activations", product, np.nan))
    named = counts.attrs["uncounted"]
    rows += [
        (f"{text} (elements, no products)", named.get(name, 0.0), np.nan)
        for name, text in (
            ("aten._softmax", "softmax"), ("aten.native_layer_norm", "layer norm"),
            ("aten.gelu", "GELU"),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["work", "count", "inputs below zero (%)"])
