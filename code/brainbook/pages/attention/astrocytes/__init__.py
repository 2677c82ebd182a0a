"""Page attention/astrocytes: can neurons and astrocytes compute a transformer's attention?"""

from brainbook.evidence import pretrained
from brainbook.models.astrocyte.error import PARTS
from brainbook.models.digits.vision_transformer import train_vit
from brainbook.models.features.maps import MAPS

from .claims import (
    claims,
)
from .draw import (
    draw_budget,
    draw_error,
    draw_fit,
    draw_heads,
    draw_maps,
    draw_traces,
)
from .measure import (
    BERT_INIT,
    GAUSSIAN,
    LARGE,
    LAW,
    ORIGINALS,
    SMALL,
    measure_budget,
    measure_fit,
    measure_gaussian,
    measure_identities,
    measure_maps,
    measure_minilm,
    measure_originals,
    measure_pair_law,
    measure_vision,
)

__all__ = [
    "BERT_INIT",
    "GAUSSIAN",
    "LARGE",
    "LAW",
    "MAPS",
    "ORIGINALS",
    "PARTS",
    "SMALL",
    "claims",
    "draw_budget",
    "draw_error",
    "draw_fit",
    "draw_heads",
    "draw_maps",
    "draw_traces",
    "measure_budget",
    "measure_fit",
    "measure_gaussian",
    "measure_identities",
    "measure_maps",
    "measure_minilm",
    "measure_originals",
    "measure_pair_law",
    "measure_vision",
    "pretrained",
    "train_vit",
]
