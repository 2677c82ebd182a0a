"""Page attention/hard_heads: why some heads are hard, and what tuned units stand for."""

from .claims import claims
from .draw import (
    draw_difficulty,
    draw_learned_ways,
    draw_meaning,
    draw_rank_bounds,
    draw_stretched,
)
from .measure import measure_hard_heads
from .numbers import numbers

__all__ = [
    "claims",
    "draw_difficulty",
    "draw_learned_ways",
    "draw_meaning",
    "draw_rank_bounds",
    "draw_stretched",
    "measure_hard_heads",
    "numbers",
]
