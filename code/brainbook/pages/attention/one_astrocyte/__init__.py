"""Page attention/one_astrocyte: how small can the circuit for one attention head be?"""

from brainbook.models.astrocyte.sweep import trace_table

from .claims import claims
from .draw import (
    draw_every_map,
    draw_followed,
    draw_gap,
    draw_needed,
    draw_robustness,
    draw_small,
)
from .identities import measure_draw_laws, measure_identities, measure_mixture_law
from .measure import (
    Measured,
    measure_cells,
    measure_published,
    measure_robustness,
    measure_tuned,
    measure_unbiased,
)
from .needed import measure_needed, measure_saved
from .numbers import numbers

__all__ = [
    "Measured",
    "claims",
    "draw_every_map",
    "draw_followed",
    "draw_gap",
    "draw_needed",
    "draw_robustness",
    "draw_small",
    "measure_cells",
    "measure_draw_laws",
    "measure_identities",
    "measure_mixture_law",
    "measure_needed",
    "measure_published",
    "measure_robustness",
    "measure_saved",
    "measure_tuned",
    "measure_unbiased",
    "numbers",
    "trace_table",
]
