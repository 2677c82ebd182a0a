"""What MiniLM computes for one token of real text, and what that arithmetic must cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch

from brainbook.evidence.datasets import TEST_TEXTS, text
from brainbook.evidence.pretrained import minilm
from opjoules.counting.operations import count_operations
from opjoules.pricing.estimate import estimate

LAYERS, WIDTH = 6, 384  # of MiniLM; its feed-forward layers are four times as wide


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


def minilm_per_token(lengths: Sequence[int], profiles: Sequence[str]) -> pd.DataFrame:
    """Count MiniLM on the first ``length`` tokens of the test texts, and price it.

    One row per length and profile. Columns ``length`` (n), ``documents`` (texts long enough),
    ``macs`` counted and ``law`` (closed form) per token, ``all_parameters`` and
    ``core_parameters`` (without embeddings), ``profile``, and J per token: ``low``,
    ``central``, ``high`` for arithmetic alone, ``memory_low`` … with the words that move.

    Raises
    ------
    ValueError : a length that no text has.
    """
    model, tokenizer = minilm()
    everything = sum(p.numel() for p in model.parameters())
    core = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)
    rows = []
    for length in lengths:
        cut = {"truncation": True, "max_length": length, "add_special_tokens": False}
        documents = [tokenizer(text(name), **cut)["input_ids"] for name in TEST_TEXTS]
        whole = [tokens for tokens in documents if len(tokens) == length]
        if not whole:
            raise ValueError(f"length: got {length}; no text has so many tokens")
        ids = torch.tensor(whole)
        operations = count_operations(
            model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        )
        row = {
            "length": length, "documents": len(ids), "macs": operations["macs"].sum() / length,
            "law": macs_per_token(length), "all_parameters": everything, "core_parameters": core,
        }  # fmt: skip
        for name in profiles:
            bare, full = (estimate(operations, name, memory).joules for memory in (False, True))
            priced = {k: v / length for k, v in bare._asdict().items()}
            priced |= {f"memory_{k}": v / length for k, v in full._asdict().items()}
            rows.append(row | {"profile": name} | priced)
    return pd.DataFrame(rows)
