"""Page limitations/energy: joules of transformers and of brains, each with what it includes."""

from .claims import claims
from .comparisons import measure_comparisons
from .draw import (
    draw_above_floor,
    draw_brain_budget,
    draw_floor,
    draw_inference_energy,
    draw_ladder,
    draw_optimal_rate,
    draw_training_energy,
)
from .identities import measure_identities, measure_printed
from .ladder import measure_ladder
from .measure import (
    Measured,
    listed_active,
    listed_inference,
    listed_training,
    measure_above_floor,
    measure_active,
    measure_budgets,
    measure_floor,
    measure_inference,
    measure_quiet,
    measure_training,
)
from .numbers import numbers

__all__ = [
    "Measured",
    "claims",
    "draw_above_floor",
    "draw_brain_budget",
    "draw_floor",
    "draw_inference_energy",
    "draw_ladder",
    "draw_optimal_rate",
    "draw_training_energy",
    "listed_active",
    "listed_inference",
    "listed_training",
    "measure_above_floor",
    "measure_active",
    "measure_budgets",
    "measure_comparisons",
    "measure_floor",
    "measure_identities",
    "measure_inference",
    "measure_ladder",
    "measure_printed",
    "measure_quiet",
    "measure_training",
    "numbers",
]
