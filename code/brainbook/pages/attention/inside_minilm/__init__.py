"""Page attention/inside_minilm: does MiniLM still work with circuits in place of all its heads?"""

from .claims import claims
from .draw import (
    draw_inside_agreement,
    draw_inside_drift,
    draw_inside_layers,
    draw_inside_retrieval,
)
from .measure import measure_inside
from .numbers import numbers

__all__ = [
    "claims",
    "draw_inside_agreement",
    "draw_inside_drift",
    "draw_inside_layers",
    "draw_inside_retrieval",
    "measure_inside",
    "numbers",
]
