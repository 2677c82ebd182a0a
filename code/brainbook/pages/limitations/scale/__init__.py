"""Page limitations/scale: what length costs, and what depth loses."""

from . import collapse as scale_trials
from .claims import (
    claims,
)
from .draw import (
    draw_attention_time,
    draw_cubic,
    draw_doubling,
    draw_linear_cost,
    draw_rank_collapse,
    draw_sharpness,
    draw_token_cost,
)
from .measure import (
    D_HEAD,
    LENGTHS,
    UNITS,
    WIDTH,
    measure_collapse,
    measure_costs,
    measure_counts,
    measure_exponents,
    measure_gaps,
    measure_growth,
    measure_linear_counts,
    measure_one_layer,
    measure_sharpness,
)

__all__ = [
    "D_HEAD",
    "LENGTHS",
    "UNITS",
    "WIDTH",
    "claims",
    "draw_attention_time",
    "draw_cubic",
    "draw_doubling",
    "draw_linear_cost",
    "draw_rank_collapse",
    "draw_sharpness",
    "draw_token_cost",
    "measure_collapse",
    "measure_costs",
    "measure_counts",
    "measure_exponents",
    "measure_gaps",
    "measure_growth",
    "measure_linear_counts",
    "measure_one_layer",
    "measure_sharpness",
    "scale_trials",
]
