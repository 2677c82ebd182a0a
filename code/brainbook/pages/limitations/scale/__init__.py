"""Page limitations/scale: what length costs, and what depth loses."""

from .claims import claims
from .collapse import (
    measure_collapse,
    measure_gaps,
    measure_growth,
    measure_one_layer,
    measure_sharpness,
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
from .measure import measure_counts, measure_linear_counts, open_minilm, open_passages
from .numbers import numbers
from .result import Result
from .timing import measure_costs, measure_exponents

__all__ = [
    "Result",
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
    "numbers",
    "open_minilm",
    "open_passages",
]
