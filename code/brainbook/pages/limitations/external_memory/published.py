"""What was published about a memory of text."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence import facts

PAPER = "khandelwal2020generalization"


def measure_published() -> pd.DataFrame:
    """Page limitations/external_memory: published perplexities, with their ratio."""
    table = facts.table("external_memory.csv")
    ratio = table["perplexity_with"] / table["perplexity_without"]
    return table.assign(ratio=ratio).drop(columns=["where", "status"])
