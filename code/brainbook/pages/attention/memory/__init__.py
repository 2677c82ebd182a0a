"""Page attention/memory: what associative memory and attention have in common."""

from .capacity import per_part
from .claims import claims
from .draw import (
    draw_astrocyte_recall,
    draw_collapse,
    draw_dense_capacity,
    draw_descent,
    draw_exponential_capacity,
    draw_keys_held,
    draw_memories_per_unit,
    draw_repeated_attention,
)
from .measure import (
    Measured,
    listed_starts,
    measure_capacity,
    measure_collapse,
    measure_descent,
    measure_identities,
    measure_iteration,
    measure_keys,
    measure_recall,
    measure_starts,
)
from .numbers import numbers

__all__ = [
    "Measured",
    "claims",
    "draw_astrocyte_recall",
    "draw_collapse",
    "draw_dense_capacity",
    "draw_descent",
    "draw_exponential_capacity",
    "draw_keys_held",
    "draw_memories_per_unit",
    "draw_repeated_attention",
    "listed_starts",
    "measure_capacity",
    "measure_collapse",
    "measure_descent",
    "measure_identities",
    "measure_iteration",
    "measure_keys",
    "measure_recall",
    "measure_starts",
    "numbers",
    "per_part",
]
