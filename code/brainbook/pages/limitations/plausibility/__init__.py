"""Page limitations/plausibility: what learning rules need, and what of it a brain could have."""

import numpy as np

from brainbook.evidence.datasets import TEST_TEXTS

from . import laws
from .claims import (
    claims,
)
from .draw import (
    BASELINES,
    draw_alignment_angles,
    draw_feedback_attention,
    draw_learning_laws,
    draw_minilm_parts,
    draw_rule_accuracy,
)
from .measure import (
    measure_attention,
    measure_headline,
    measure_laws,
    measure_likeness,
    measure_minilm,
    measure_rules,
    measure_tuning,
)

__all__ = [
    "BASELINES",
    "TEST_TEXTS",
    "claims",
    "draw_alignment_angles",
    "draw_feedback_attention",
    "draw_learning_laws",
    "draw_minilm_parts",
    "draw_rule_accuracy",
    "laws",
    "measure_attention",
    "measure_headline",
    "measure_laws",
    "measure_likeness",
    "measure_minilm",
    "measure_rules",
    "measure_tuning",
    "np",
]
