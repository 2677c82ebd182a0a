"""What MiniLM computes for one token of real text, and what that arithmetic must cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from brainbook.models.attention.minilm_heads import LAYERS, WIDTH
from opjoules.counting.operations import count_operations
from opjoules.pricing.estimate import estimate


def macs_per_token(length: int) -> float:
    """Closed form for MiniLM on ``length`` tokens: L (12 d² + 2 n d) + d² / n.

    12 d² for the maps of a layer (4 in attention, 8 in the feed-forward network), 2 n d for
    the two attention products, and d² for the pooler, once per text.

    Raises
    ------
    ValueError : a length below 1.
    """
    if length < 1:
        raise ValueError(f"length: got {length}; must be at least 1 token")
    return LAYERS * (12 * WIDTH**2 + 2 * length * WIDTH) + WIDTH**2 / length


def per_token(
    model: nn.Module,
    texts: Sequence[Sequence[int]],
    lengths: Sequence[int],
    profiles: Sequence[str],
) -> pd.DataFrame:
    """Count MiniLM on the first tokens of texts, and price it; a row per length and profile.

    ``texts`` are token numbers; those shorter than a length are left out there.

    Columns
    -------
    length, documents : tokens n, and texts that are long enough.
    macs, law : per token, counted and by closed form.
    all_parameters, core_parameters : of the model, and without embeddings.
    profile : machine that prices the rest.
    low, central, high : J per token for arithmetic alone.
    memory_low, memory_central, memory_high : the same with the words that move.

    Raises
    ------
    ValueError : a length that no text has.
    """
    parameters = {name: weights.numel() for name, weights in model.named_parameters()}
    core = sum(number for name, number in parameters.items() if "embeddings" not in name)
    rows = []
    for length in lengths:
        whole = [list(tokens[:length]) for tokens in texts if len(tokens) >= length]
        if not whole:
            raise ValueError(f"length: got {length}; no text has so many tokens")
        ids = torch.tensor(whole)  # (documents, length)
        operations = count_operations(
            model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        )
        counted = {
            "length": length,
            "documents": len(ids),
            "macs": operations["macs"].sum() / length,
            "law": macs_per_token(length),
            "all_parameters": sum(parameters.values()),
            "core_parameters": core,
        }
        rows += [
            counted | {"profile": name} | _joules(operations, name, length) for name in profiles
        ]
    return pd.DataFrame(rows)


def _joules(operations: pd.DataFrame, profile: str, length: int) -> dict[str, float]:
    """J per token without and with memory."""
    bare, full = (estimate(operations, profile, memory).joules for memory in (False, True))
    return {end: joules / length for end, joules in bare._asdict().items()} | {
        f"memory_{end}": joules / length for end, joules in full._asdict().items()
    }
