"""Page limitations/spiking: does a network that computes with spikes need less energy?"""

from .claims import (
    claims,
)
from .draw import (
    draw_accuracy_energy,
    draw_break_even,
    draw_published,
    draw_schemes,
    draw_time_steps,
)
from .measure import (
    LARGEST,
    SIZES,
    measure_break_even,
    measure_constants,
    measure_headline,
    measure_networks,
    measure_published,
    measure_schemes,
    measure_time_steps,
    measure_tuning,
)

__all__ = [
    "LARGEST",
    "SIZES",
    "claims",
    "draw_accuracy_energy",
    "draw_break_even",
    "draw_published",
    "draw_schemes",
    "draw_time_steps",
    "measure_break_even",
    "measure_constants",
    "measure_headline",
    "measure_networks",
    "measure_published",
    "measure_schemes",
    "measure_time_steps",
    "measure_tuning",
]
