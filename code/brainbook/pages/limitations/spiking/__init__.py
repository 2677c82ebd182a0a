"""Page limitations/spiking: does a network that computes with spikes need less energy?"""

from .claims import claims
from .draw import (
    draw_accuracy_energy,
    draw_break_even,
    draw_published,
    draw_schedules,
    draw_schemes,
    draw_time_steps,
)
from .identities import measure_identities
from .measure import (
    Measured,
    listed,
    measure_break_even,
    measure_constants,
    measure_networks,
    measure_schemes,
    measure_time_steps,
    measure_tuning,
    share_of_held_out,
)
from .numbers import numbers
from .printed import measure_published, measure_reprints, misses
from .schedules import measure_schedules

__all__ = [
    "Measured",
    "claims",
    "draw_accuracy_energy",
    "draw_break_even",
    "draw_published",
    "draw_schedules",
    "draw_schemes",
    "draw_time_steps",
    "listed",
    "measure_break_even",
    "measure_constants",
    "measure_identities",
    "measure_networks",
    "measure_published",
    "measure_reprints",
    "measure_schedules",
    "measure_schemes",
    "measure_time_steps",
    "measure_tuning",
    "misses",
    "numbers",
    "share_of_held_out",
]
