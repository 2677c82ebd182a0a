"""Page attention/astrocytes: can neurons and astrocytes compute a transformer's attention?"""

from brainbook.models.astrocyte.sweep import sizes, trace_table

from .claims import claims
from .draw import draw_budget, draw_error, draw_fit, draw_heads, draw_maps, draw_traces
from .identities import measure_identities, measure_pair_law
from .measure import (
    Measured,
    measure_budget,
    measure_errors,
    measure_fit,
    measure_gaussian,
    measure_heads,
    measure_lookups,
    measure_maps,
    measure_minilm,
    measure_traces,
    measure_vision,
)
from .numbers import numbers

__all__ = [
    "Measured",
    "claims",
    "draw_budget",
    "draw_error",
    "draw_fit",
    "draw_heads",
    "draw_maps",
    "draw_traces",
    "measure_budget",
    "measure_errors",
    "measure_fit",
    "measure_gaussian",
    "measure_heads",
    "measure_identities",
    "measure_lookups",
    "measure_maps",
    "measure_minilm",
    "measure_pair_law",
    "measure_traces",
    "measure_vision",
    "numbers",
    "sizes",
    "trace_table",
]
