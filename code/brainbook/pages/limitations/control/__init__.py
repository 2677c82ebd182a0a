"""Page limitations/control: erasing and steering a concept in a sentence model."""

from .claims import claims
from .draw import draw_erasure, draw_erasure_depth, draw_erasure_text, draw_steering
from .erasing import measure_depth, measure_erasure, measure_text
from .measure import open_passages
from .numbers import numbers
from .steering import measure_steering

__all__ = [
    "claims",
    "draw_erasure",
    "draw_erasure_depth",
    "draw_erasure_text",
    "draw_steering",
    "measure_depth",
    "measure_erasure",
    "measure_steering",
    "measure_text",
    "numbers",
    "open_passages",
]
