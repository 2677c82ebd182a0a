"""Page limitations/counting: the energy library at work, and how far its counts can be trusted."""

from brainbook.evidence.datasets import digits

from .claims import (
    claims,
)
from .draw import (
    draw_report_hardware,
    draw_report_layers,
    draw_report_schemes,
)
from .measure import (
    HOST,
    _eager_and_fused,
    measure_coverage,
    measure_example,
    measure_hardware,
    measure_identities,
    measure_overhead,
    measure_passage,
    measure_schemes,
)

__all__ = [
    "HOST",
    "_eager_and_fused",
    "claims",
    "digits",
    "draw_report_hardware",
    "draw_report_layers",
    "draw_report_schemes",
    "measure_coverage",
    "measure_example",
    "measure_hardware",
    "measure_identities",
    "measure_overhead",
    "measure_passage",
    "measure_schemes",
]
