"""Spikes in an attention layer: which of MiniLM's operations they could drive, and what for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import pretrained
from brainbook.models.attention.softmax import Problem
from brainbook.models.spiking.products import PRODUCTS, expected_square, scores

MARGIN = 1.25
LAYERS, HEADS = (0, 2, 4), (0, 4, 8)


def scales(calibration: Sequence[Problem]) -> Tensor:
    """Value of rate one for queries and keys, (2, layers, heads).

    The largest entry of each head's queries (keys) on calibration text, times ``MARGIN``.
    """
    largest = [
        torch.stack([x.abs().amax(dim=(-1, -2)) for x in (one.query, one.key)])
        for one in calibration
    ]  # of (2, layers, heads) each
    return torch.stack(largest).amax(dim=0).double() * MARGIN


def attention_errors(
    documents: Mapping[int, Problem], scale: Tensor, steps: Sequence[int]
) -> pd.DataFrame:
    """Error of attention scores and of a head's output, by way to form the product, and T.

    Parameters
    ----------
    documents : by seed, the heads of MiniLM on a test document; the seed draws the spikes, too.
    scale : value of rate one, (2, layers, heads), of :func:`scales`.
    steps : T, several.

    Columns
    -------
    seed, steps, product : a row each, over the heads ``HEADS`` of the layers ``LAYERS``.
    error, law : root mean square over the scores, relative to theirs, from the mean squares of
        all heads; and its closed form.
    output : the same for the heads' outputs after the softmax.
    clipped : share of query and key entries beyond their scale.
    rate : mean spikes of a query's entry a step.
    """
    rows = []
    for seed, heads in documents.items():
        generator = torch.Generator().manual_seed(seed)
        for step in steps:
            for product in PRODUCTS:
                squares = pd.DataFrame(
                    head_squares(
                        heads[layer, head], scale[:, layer, head], step, product, generator
                    )
                    for layer in LAYERS
                    for head in HEADS
                )
                whole = squares.sum()
                row = {
                    "seed": seed,
                    "steps": step,
                    "product": product,
                    "error": np.sqrt(whole["error"] / whole["scores"]),
                    "law": np.sqrt(squares["law"].sum(skipna=False) / whole["scores"]),
                    "output": np.sqrt(whole["off"] / whole["output"]),
                    "clipped": squares["clipped"].mean(),
                    "rate": squares["rate"].mean(),
                }
                rows.append(row)
    return pd.DataFrame(rows)


def head_squares(
    head: Problem, scale: Tensor, steps: int, product: str, generator: torch.Generator
) -> dict[str, float]:
    """Mean squares of one head whose queries and keys are spike trains.

    ``error``: of the scores; ``law``: its closed form; ``scores``: of the exact ones; ``off``: of
    the outputs' errors; ``output``: of the exact outputs. And ``clipped``: share of entries beyond
    their scale; ``rate``: mean spikes of a query's entry a step.

    Parameters
    ----------
    head : query, key and value (N, d).
    scale : (2,), value of rate one for queries and keys.
    steps : T.
    product : one of ``PRODUCTS``.
    generator : of the random spikes.
    """
    query, key, value = (x.double() for x in head.tensors)
    of_query, of_key = (float(size) for size in scale)
    exact = query @ key.t()  # (N, N)
    spiking = scores(query, key, (of_query, of_key), steps, product, generator)
    output, goal = (torch.softmax(s, dim=-1) @ value for s in (spiking, exact))  # (N, d)
    beyond = torch.cat([query.abs() > of_query, key.abs() > of_key])
    squares = {"error": spiking - exact, "scores": exact, "off": output - goal, "output": goal}
    law = expected_square(query, key, (of_query, of_key), steps, product)
    return {name: float(x.square().mean()) for name, x in squares.items()} | {
        "law": float(law.mean()),
        "clipped": float(beyond.double().mean()),
        "rate": float((query.abs() / of_query).clamp(max=1).mean()),
    }


@torch.no_grad()
def linear_inputs(text: Mapping[str, Tensor]) -> pd.DataFrame:
    """What MiniLM's weight layers read, on one passage: what made it, and its share below zero.

    A spike rate is never negative, so a rectifier's output is one and these are not. ``text``
    are MiniLM's inputs, ``input_ids`` (1, tokens).

    Columns
    -------
    layer : name in the model.
    reads : what produced the input.
    products : multiply-accumulates on the passage.
    negative : share of the input's entries below zero.
    """
    model, _ = pretrained.minilm()
    rows, handles = [], []

    def keep(name: str):
        def hook(module, inputs, _output):
            values = inputs[0]
            reading = values.shape[-2] if values.ndim == 3 else 1  # tokens, or the pooler's one
            row = {
                "layer": name,
                "reads": _origin(name),
                "products": reading * module.in_features * module.out_features,
                "negative": float((values < 0).double().mean()),
            }
            rows.append(row)

        return hook

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            handles.append(module.register_forward_hook(keep(name)))
    try:
        model(**text)
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
    uncounted = {
        "aten._softmax": "softmax",
        "aten.native_layer_norm": "layer norm",
        "aten.gelu": "GELU",
    }
    elements = counts.attrs["uncounted"]
    rows += [
        (f"{text} (elements, no products)", elements.get(name, 0.0), np.nan)
        for name, text in uncounted.items()
    ]
    return pd.DataFrame(rows, columns=["work", "count", "inputs below zero (%)"])
