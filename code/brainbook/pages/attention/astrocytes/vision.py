"""Traces of single heads elsewhere: a vision transformer on digits, and the hub's originals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.circuit import circuit
from brainbook.models.astrocyte.sweep import Trace, ranked, traces
from brainbook.models.attention.minilm_heads import record
from brainbook.models.attention.softmax import (
    Problem,
    relative_error,
    relative_error_of_logs,
    scaled,
    softmax_attention,
)
from brainbook.models.digits.training import Trained
from brainbook.models.digits.vision_transformer import VitShape


@dataclass(frozen=True)
class Vision:
    """Columns seed, accuracy, part, units, error (median head); the first seed's trace."""

    frame: pd.DataFrame
    trace: Trace

    def curve(self, part: str) -> pd.DataFrame:
        """Error of output or trace: a row a seed, units across."""
        rows = self.frame[self.frame["part"] == part]
        return rows.pivot(index="seed", columns="units", values="error")


@torch.no_grad()
def vision_trial(
    trained: Trained[VitShape], images: np.ndarray, units: Sequence[int], seed: int
) -> tuple[pd.DataFrame, Trace]:
    """Errors (columns part, units, error; median over heads), and the median head's trace.

    Every image of ``images`` (count, 8, 8) is written and read on its own, with the head's one
    set of hidden units, drawn by ``seed``; the trace shows them in a row.
    """
    images = torch.tensor(images)
    query, key, value = (
        x.transpose(1, 2).flatten(0, 1)  # (layers x heads, images, tokens, d_head)
        for x in trained.model().queries_keys_values(images)
    )
    query, key = scaled(query, key)
    output, log_z = softmax_attention(query, key, value)
    log_z = log_z.flatten(-2)  # (layers x heads, images x tokens)
    readouts = circuit(query, key, value, units, seeded(31, seed), heads=(len(query), 1))
    log_p = {readout.units: readout.log_p.flatten(-2) for readout in readouts}
    error = {m: relative_error_of_logs(trace, log_z) for m, trace in log_p.items()}
    rows = [("trace", m, values.median().item()) for m, values in error.items()]
    for readout in readouts:
        values = relative_error(readout.output, output, dims=(-3, -2, -1))
        rows.append(("output", readout.units, values.median().item()))
    head = ranked(error[max(units)])[1]
    layer, place_in_layer = divmod(head, trained.shape.heads)
    trace = Trace(
        f"vision, median: layer {layer}, head {place_in_layer}",
        log_z[head].double().numpy(),
        {m: trace[head].double().numpy() for m, trace in log_p.items()},
    )
    return pd.DataFrame(rows, columns=["part", "units", "error"]), trace


def original_heads(
    model, processor, document: str, image: np.ndarray, positions: int = 196
) -> Problem:
    """Heads of a hub model on the first positions of what it reads: (layers, heads, positions, d).

    Parameters
    ----------
    model, processor : of ``pretrained.from_hub``.
    document : for a model of language.
    image : for a model of images, (height, width, 3).
    positions : tokens or patches.
    """
    if getattr(model, "main_input_name", "") == "pixel_values":
        inputs = {"pixel_values": processor(image, return_tensors="pt").pixel_values}
    else:
        tokens = processor(document, truncation=True, max_length=positions, return_tensors="pt")
        inputs = {"input_ids": tokens.input_ids}
    return record(model, **inputs).problem[:, :, :positions]


def original_trace(
    heads: Problem, title: str, layer: int, head: int, units: Sequence[int], seed: int
) -> Trace:
    """Trace of one head of a model.

    Parameters
    ----------
    heads : of :func:`original_heads`, (layers, heads, N, d).
    title : of the trace.
    layer, head : numbers from 0.
    units : numbers of hidden units.
    seed : of the hidden units.

    Raises
    ------
    ValueError : the model has no such layer or head.
    """
    layers, count = heads.query.shape[:2]
    if not (0 <= layer < layers and 0 <= head < count):
        raise ValueError(
            f"layer, head: got {layer}, {head}; allowed are up to {layers - 1}, {count - 1}"
        )
    picked = heads[layer, head : head + 1]
    readouts = circuit(*picked.tensors, units, seeded(91, seed))
    return traces([title], picked.exact()[1], readouts, [0])[0]
