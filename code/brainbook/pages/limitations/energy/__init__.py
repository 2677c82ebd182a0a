"""Limitations, energy: joules of transformers and of brains, each with what it includes."""

from .claims import (
    claims,
)
from .draw import (
    draw_above_floor,
    draw_brain_budget,
    draw_floor,
    draw_inference_energy,
    draw_ladder,
    draw_optimal_rate,
    draw_training_energy,
)
from .measure import (
    FAN_OUT,
    Quiet,
    measure_above_floor,
    measure_active,
    measure_budgets,
    measure_comparisons,
    measure_floor,
    measure_inference,
    measure_ladder,
    measure_quiet,
    measure_training,
)
from .numbers import brain_numbers, published_numbers

__all__ = [
    "FAN_OUT",
    "Quiet",
    "brain_numbers",
    "claims",
    "draw_above_floor",
    "draw_brain_budget",
    "draw_floor",
    "draw_inference_energy",
    "draw_ladder",
    "draw_optimal_rate",
    "draw_training_energy",
    "measure_above_floor",
    "measure_active",
    "measure_budgets",
    "measure_comparisons",
    "measure_floor",
    "measure_inference",
    "measure_ladder",
    "measure_quiet",
    "measure_training",
    "published_numbers",
]
