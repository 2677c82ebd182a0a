"""Page attention/one_astrocyte: how small can the circuit for one attention head be?"""

from brainbook.models.features.landmarks import Gated, Landmarks

from . import sweeps as small_circuit
from .claims import (
    claims,
)
from .draw import (
    FITTED,
    ROLES,
    draw_every_map,
    draw_followed,
    draw_gap,
    draw_needed,
    draw_robustness,
    draw_small,
)
from .measure import (
    GOAL,
    PUBLISHED,
    UNBIASED,
    measure_cells,
    measure_needed,
    measure_published,
    measure_robustness,
    measure_saved,
    measure_tuned,
    measure_unbiased,
)

__all__ = [
    "FITTED",
    "GOAL",
    "Gated",
    "Landmarks",
    "PUBLISHED",
    "ROLES",
    "UNBIASED",
    "claims",
    "draw_every_map",
    "draw_followed",
    "draw_gap",
    "draw_needed",
    "draw_robustness",
    "draw_small",
    "measure_cells",
    "measure_needed",
    "measure_published",
    "measure_robustness",
    "measure_saved",
    "measure_tuned",
    "measure_unbiased",
    "small_circuit",
]
