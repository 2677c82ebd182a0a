"""Page limitations/external_memory: what a memory of text adds to a network's weights."""

from . import retrieval as trials
from .claims import (
    PAPER,
    claims,
)
from .draw import (
    MODELS,
    draw_memory_models,
    draw_store_size,
)
from .measure import (
    measure_gaps,
    measure_memory,
    measure_published,
    measure_ratios,
)
from .retrieval import ALL, BOTH, COUNTS, MEMORY, NETWORK, TASKS, TUNED

__all__ = [
    "ALL",
    "BOTH",
    "COUNTS",
    "MEMORY",
    "MODELS",
    "NETWORK",
    "PAPER",
    "TASKS",
    "TUNED",
    "claims",
    "draw_memory_models",
    "draw_store_size",
    "measure_gaps",
    "measure_memory",
    "measure_published",
    "measure_ratios",
    "trials",
]
