"""Page attention/hard_heads: why some heads are hard, and what tuned units stand for."""

from .claims import (
    claims,
)
from .draw import (
    WORDS,
    draw_difficulty,
    draw_learned_ways,
    draw_meaning,
    draw_rank_bounds,
    draw_stretched,
)
from .learning import METHODS, learned_trials
from .measure import (
    FACTORS,
    measure_difficulty,
    measure_heads,
    measure_learned,
    measure_meaning,
    measure_order,
    measure_stretched,
    measure_words,
)

__all__ = [
    "FACTORS",
    "METHODS",
    "WORDS",
    "claims",
    "draw_difficulty",
    "draw_learned_ways",
    "draw_meaning",
    "draw_rank_bounds",
    "draw_stretched",
    "learned_trials",
    "measure_difficulty",
    "measure_heads",
    "measure_learned",
    "measure_meaning",
    "measure_order",
    "measure_stretched",
    "measure_words",
]
