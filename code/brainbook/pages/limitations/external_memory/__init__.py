"""Page limitations/external_memory: what a memory of text adds to a network's weights."""

from .claims import claims
from .draw import draw_memory_models, draw_store_size
from .measure import measure_memory, measure_sizes, open_libraries
from .numbers import numbers
from .published import measure_published

__all__ = [
    "claims",
    "draw_memory_models",
    "draw_store_size",
    "measure_memory",
    "measure_published",
    "measure_sizes",
    "numbers",
    "open_libraries",
]
