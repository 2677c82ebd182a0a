"""The same thing counted in two ways: closed forms, hooks, another counter, another batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from opjoules import count_operations


def measure_identities(
    model: nn.Module, images: Tensor, language: nn.Module, passage: Mapping[str, Tensor]
) -> pd.DataFrame:
    """Page limitations/counting: the count against closed forms and other ways to count.

    Parameters
    ----------
    model, images : a spiking network and its input, (images, 8, 8).
    language, passage : a BERT model and its input, one text.

    Columns, indexed by what is counted: minilm, fused, spikes, flops, batch
    -------
    identity : in words.
    counted, expected : both sides, per inference.
    """
    eager, fused = macs_by_attention(language, passage, ("eager", "sdpa"))
    counts = count_operations(model, images)
    single = count_operations(model, images[:1])
    sides = {
        "minilm": (
            "language model, closed form",
            eager,
            bert_macs(language.config, passage["input_ids"].shape[1]),
        ),
        "fused": ("attention fused, against steps", fused, eager),
        "spikes": (
            "accumulates, against spikes times fan-out",
            counts["acs"].sum(),
            spikes_times_fan_out(model, images),
        ),
        "flops": ("half of PyTorch's FLOP count, without attention", *macs_and_half_flops()),
        "batch": (
            "one image, against the mean of all: dense products",
            single["dense"].sum(),
            counts["dense"].sum(),
        ),
    }
    return pd.DataFrame.from_dict(sides, "index", columns=["identity", "counted", "expected"])


def bert_macs(config, tokens: int) -> int:
    """MACs of BERT's encoder and pooler: 12·n·d² + 2·n²·d a layer, d² for the pooler."""
    depth, width = config.num_hidden_layers, config.hidden_size
    return depth * (12 * tokens * width**2 + 2 * tokens**2 * width) + width**2


def macs_by_attention(
    language: nn.Module, passage: Mapping[str, Tensor], ways: Iterable[str]
) -> list[float]:
    """MACs of a Hugging Face model, its attention computed in each of the ``ways`` it knows."""
    before = language.config._attn_implementation
    macs = []
    try:
        for way in ways:
            language.set_attn_implementation(way)
            macs.append(float(count_operations(language, passage)["macs"].sum()))
    finally:
        language.set_attn_implementation(before)
    return macs


def spikes_times_fan_out(model: nn.Module, images: Tensor) -> float:
    """Accumulates per image from the spikes that hooks see enter each fully connected layer."""
    sums = []

    def note(layer: nn.Linear, inputs: tuple[Tensor]) -> None:
        if bool(((inputs[0] == 0) | (inputs[0] == 1)).all()):
            sums.append(float(inputs[0].sum()) * layer.out_features)

    with ExitStack() as hooks, torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                hooks.callback(layer.register_forward_pre_hook(note).remove)
        model(images)
    return sum(sums) / len(images)


def macs_and_half_flops() -> tuple[float, float]:
    """MACs per image of a small convolutional network, and half of what PyTorch counts."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)
    )
    images = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as peer, torch.no_grad():
        model(images)
    counted = float(count_operations(model, images)["macs"].sum())
    return counted, peer.get_total_flops() / 2 / len(images)
