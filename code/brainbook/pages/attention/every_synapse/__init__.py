"""Page attention/every_synapse: one head's circuit with all its synapses counted."""

from .claims import claims
from .draw import draw_counted, draw_shaken
from .identities import measure_identities
from .measure import (
    Measured,
    listed_circuits,
    measure_bounds,
    measure_decoder,
    measure_divided,
    measure_noise,
    measure_published,
    measure_rivals,
)
from .numbers import numbers

__all__ = [
    "Measured",
    "claims",
    "draw_counted",
    "draw_shaken",
    "listed_circuits",
    "measure_bounds",
    "measure_decoder",
    "measure_divided",
    "measure_identities",
    "measure_noise",
    "measure_published",
    "measure_rivals",
    "numbers",
]
