"""Page attention/astrocytes_in_time: the neuron-astrocyte circuit as dynamics, not algebra."""

from .claims import claims
from .draw import (
    draw_at_once,
    draw_coverage,
    draw_decay_needed,
    draw_fading,
    draw_leak,
    draw_noise,
    draw_pools,
    draw_range,
    draw_rise,
    draw_slopes,
)
from .measure import (
    Circuits,
    Measured,
    measure_baselines,
    measure_clocked,
    measure_clocks,
    measure_fading,
    measure_identities,
    measure_limits,
    measure_needed,
    measure_published,
    measure_slopes,
    summary,
)
from .numbers import numbers

__all__ = [
    "Circuits",
    "Measured",
    "claims",
    "draw_at_once",
    "draw_coverage",
    "draw_fading",
    "draw_leak",
    "draw_decay_needed",
    "draw_noise",
    "draw_pools",
    "draw_range",
    "draw_rise",
    "draw_slopes",
    "measure_baselines",
    "measure_clocked",
    "measure_clocks",
    "measure_fading",
    "measure_identities",
    "measure_limits",
    "measure_needed",
    "measure_published",
    "measure_slopes",
    "numbers",
    "summary",
]
