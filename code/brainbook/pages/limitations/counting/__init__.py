"""Page limitations/counting: opjoules at work, and how far its counts can be trusted."""

from .claims import claims
from .draw import draw_report_hardware, draw_report_layers, draw_report_schemes
from .identities import measure_identities
from .measure import (
    Measured,
    measure_coverage,
    measure_example,
    measure_hardware,
    measure_overhead,
    measure_passage,
    measure_schemes,
)
from .numbers import (
    listed_constants,
    listed_energies,
    listed_hardware,
    listed_schemes,
    numbers,
)

__all__ = [
    "Measured",
    "claims",
    "draw_report_hardware",
    "draw_report_layers",
    "draw_report_schemes",
    "listed_constants",
    "listed_energies",
    "listed_hardware",
    "listed_schemes",
    "measure_coverage",
    "measure_example",
    "measure_hardware",
    "measure_identities",
    "measure_overhead",
    "measure_passage",
    "measure_schemes",
    "numbers",
]
