"""Page limitations/spike_codes: what a spike may stand for, and what each code costs."""

from .claims import (
    claims,
)
from .draw import (
    MARKS,
    draw_bits_twins,
    draw_code_errors,
    draw_codes_energy,
    draw_conversion_error,
    draw_rate_attention,
    draw_spike_times,
    draw_threshold_choice,
)
from .measure import (
    measure_attention,
    measure_bits,
    measure_codes,
    measure_conversion,
    measure_front,
    measure_minilm,
    measure_networks,
    measure_published,
    measure_rule,
    measure_spike_times,
    measure_thresholds,
)
from .networks import split_of

__all__ = [
    "MARKS",
    "claims",
    "draw_bits_twins",
    "draw_code_errors",
    "draw_codes_energy",
    "draw_conversion_error",
    "draw_rate_attention",
    "draw_spike_times",
    "draw_threshold_choice",
    "measure_attention",
    "measure_bits",
    "measure_codes",
    "measure_conversion",
    "measure_front",
    "measure_minilm",
    "measure_networks",
    "measure_published",
    "measure_rule",
    "measure_spike_times",
    "measure_thresholds",
    "split_of",
]
