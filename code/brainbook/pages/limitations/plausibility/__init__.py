"""Page limitations/plausibility: what learning rules need, and what of it a brain could have."""

from .attention import measure_attention
from .claims import claims
from .draw import (
    draw_alignment_angles,
    draw_feedback_attention,
    draw_learning_laws,
    draw_minilm_parts,
    draw_rule_accuracy,
    draw_rule_needs,
)
from .images import repetitions
from .laws import measure_laws
from .likeness import measure_likeness, measure_minilm, measure_published
from .measure import measure_close, measure_rules, measure_tuning
from .numbers import numbers
from .result import Result

__all__ = [
    "Result",
    "claims",
    "draw_alignment_angles",
    "draw_feedback_attention",
    "draw_learning_laws",
    "draw_minilm_parts",
    "draw_rule_accuracy",
    "draw_rule_needs",
    "measure_close",
    "measure_attention",
    "measure_laws",
    "measure_likeness",
    "measure_minilm",
    "measure_published",
    "measure_rules",
    "measure_tuning",
    "numbers",
    "repetitions",
]
