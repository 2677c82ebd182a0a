"""Page limitations/control: erasing and steering a concept in a sentence model."""

from . import erasing as trials
from .claims import (
    claims,
)
from .draw import (
    PROBES,
    draw_erasure,
    draw_erasure_depth,
    draw_erasure_text,
    draw_steering,
)
from .erasing import ERASERS, EVERY, FRESH, KERNEL, LEAST, MEANS
from .measure import (
    STRENGTHS,
    measure_depth,
    measure_erasure,
    measure_steering,
    measure_text,
)

__all__ = [
    "ERASERS",
    "EVERY",
    "FRESH",
    "KERNEL",
    "LEAST",
    "MEANS",
    "PROBES",
    "STRENGTHS",
    "claims",
    "draw_erasure",
    "draw_erasure_depth",
    "draw_erasure_text",
    "draw_steering",
    "measure_depth",
    "measure_erasure",
    "measure_steering",
    "measure_text",
    "trials",
]
