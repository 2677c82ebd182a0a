"""Page attention/inside_minilm: does MiniLM still work with circuits in place of all its heads?"""

from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED

from .claims import (
    claims,
)
from .draw import (
    LABELS,
    LEVELS,
    draw_inside_agreement,
    draw_inside_drift,
    draw_inside_layers,
    draw_inside_retrieval,
)
from .measure import (
    FEW,
    LATERAL,
    LEVEL,
    LONGEST,
    MIDDLE,
    measure_cell,
    measure_chance,
    measure_gains,
    measure_inside,
    measure_layers,
    measure_summary,
)
from .replacing import INTACT, UNIFORM
from .tasks import INPUTS, WORDS

__all__ = [
    "FEW",
    "INPUTS",
    "INTACT",
    "LABELS",
    "LATERAL",
    "LEVEL",
    "LEVELS",
    "LONGEST",
    "MIDDLE",
    "PUBLISHED",
    "UNBIASED",
    "UNIFORM",
    "WORDS",
    "claims",
    "draw_inside_agreement",
    "draw_inside_drift",
    "draw_inside_layers",
    "draw_inside_retrieval",
    "measure_cell",
    "measure_chance",
    "measure_gains",
    "measure_inside",
    "measure_layers",
    "measure_summary",
]
