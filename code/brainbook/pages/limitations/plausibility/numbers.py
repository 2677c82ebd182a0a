"""What the prose of the page limitations/plausibility says in numbers."""

from __future__ import annotations

from math import pi

import numpy as np
import pandas as pd

from brainbook.models.learning.rules import WIDTHS

from .attention import ALIGNMENT, RECALL, TASKS, WAYS
from .images import open_digits
from .likeness import Parts
from .measure import COLUMNS, SETTLED_SWEEPS, Rules
from .result import Result, gain

KEYS = {
    "backprop": "backpropagation",
    "sign": "sign symmetry",
    "kolen": "Kolen-Pollack",
    "aligned": "feedback alignment",
    "direct": "direct feedback alignment",
    "coding": "predictive coding",
    "both_ways": "equilibrium, two-sided",
    "one_way": "equilibrium, one-sided",
    "patient": "one-sided, patient",
    "hebbian": "Hebbian features",
    "random": "random features",
    "linear": "no hidden layer",
    "through_time": "through time",
    "eprop": "e-prop, random",
    "eprop_transposed": "e-prop, transposes",
}


def numbers(result: Result) -> dict[str, float]:
    """Page limitations/plausibility: accuracies in percent, angles in degrees, published errors."""
    return {
        "held_out": open_digits([0]).test_labels.shape[1],
        "hidden": WIDTHS[1],
        "sweeps": SETTLED_SWEEPS,
        "settled": result.rules.settled,
        "recurrent": result.laws.gaps["recurrent"],
        **{key: result.published[key] for key in ("ep_one_sided", "ep_two_sided")},
        **_rules(result.rules),
        "more": result.close["seed"].nunique(),
        **_attention(result.attention),
        **_minilm(result.minilm),
    }


def _rules(rules: Rules) -> dict[str, float]:
    shown = rules.table.set_index("rule")
    accuracy, cosine = shown[COLUMNS["mean"]], shown[COLUMNS["cosine"]]
    ends = np.degrees(np.arccos(cosine.clip(-1, 1)))
    hebbian = gain(rules.accuracy, KEYS["hebbian"], KEYS["random"], "rule")
    return {
        **{f"{key}_accuracy": accuracy[name] for key, name in KEYS.items()},
        **{f"{key}_angle": ends[name] for key, name in KEYS.items()},
        "hebbian_gain": hebbian.mean,
        "hebbian_margin": hebbian.half_width,
    }


def _attention(attention: pd.DataFrame) -> dict[str, float]:
    means = 100 * attention.groupby(["task", "way"])["accuracy"].mean()
    keys = dict(zip(WAYS, ("bp", "bp_frozen", "fa", "fa_frozen", "readout"), strict=True))
    said = {f"{task}_{keys[way]}": value for (task, way), value in means.items()}
    aligned = attention[(attention["task"] == RECALL) & (attention["way"] == ALIGNMENT)]
    said["query_cosine"] = aligned["cosine query0"].mean()
    return said | {"chance": 100 * TASKS[RECALL].chance}


def _minilm(parts: Parts) -> dict[str, float]:
    return {
        "majority": 100 * parts.signs["majority"].mean(),
        "units": len(parts.signs),
        "sparseness": parts.activity["sparseness"].mean(),
        "bell": 1 / pi,
        "active": 100 * parts.activity["large"].mean(),
        "context": (parts.context["numbers"] / parts.context["tokens"]).iloc[0],
    }
