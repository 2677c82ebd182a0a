"""A result of the page made by hand, in which every claim comes out as in print."""

import numpy as np
import pandas as pd
import pytest

from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED
from brainbook.pages.attention.inside_minilm.measure import GATED, LATERAL, MEASURES, Inside
from brainbook.pages.attention.inside_minilm.replacing import (
    INTACT,
    MEAN,
    SETTING,
    UNIFORM,
    Replaced,
)
from brainbook.pages.attention.inside_minilm.tasks import INPUTS, WORDS

QUALITY = {
    (INTACT, 0): 0.8,
    (UNIFORM, 0): 0.3,
    (MEAN, 0): 0.4,
    (WORDS, 0): 0.6,
    (INPUTS, 0): 0.5,
    (LATERAL, 16): 0.65,
    (LATERAL, 100): 0.7,
    (LATERAL, 625): 0.75,
    (GATED, 100): 0.68,
    (UNBIASED, 100): 0.66,
    (UNBIASED, 625): 0.7,
    (PUBLISHED, 16): 0.35,
    (PUBLISHED, 100): 0.45,
    (PUBLISHED, 625): 0.55,
}
UNRESOLVED = {(LATERAL, 16): 0.7, (LATERAL, 625): 0.7, (WORDS, 0): 0.6}  # of retrieval
DRIFT = {(LATERAL, 16): 0.5, (LATERAL, 625): 0.2, (MEAN, 0): 0.7, (UNIFORM, 0): 0.8}


@pytest.fixture(scope="session")
def made():
    """Makes a result from changes of the settings' quality and drift.

    Texts of a repetition lift all settings alike. Where retrieval is to be unresolved the
    settings scatter around one level.
    """

    def made(quality=None, drift=None, retrieval=UNRESOLVED, repetitions=4) -> Inside:
        rng, rows, drifts = np.random.default_rng(0), [], []
        quality, drift = QUALITY | (quality or {}), DRIFT | (drift or {})
        for (heads, units), value in quality.items():
            level = {"MRR": retrieval.get((heads, units), value)}
            for seed in range(repetitions):
                for measure in MEASURES:
                    noise = 0 if heads == INTACT else 0.002 * rng.normal()
                    lifted = level.get(measure, value) + 0.05 * seed + noise
                    rows.append((heads, units, seed, measure, lifted))
                error = drift.get((heads, units), 0.5) * (1 + 0.01 * rng.normal())
                drifts += [(heads, units, seed, layer, layer * error / 6) for layer in range(7)]
        layers = [
            {"seed": seed, "layer": layer, "heads": heads, "own": own - layer / 100}
            | {"end": own / 2 + layer / 100}
            for heads, own in ((LATERAL, 0.2), (MEAN, 0.5))
            for layer in range(6)
            for seed in range(repetitions)
        ]
        return Inside(
            few=16,
            middle=100,
            largest=625,
            pairs=24,
            replaced=Replaced(
                pd.DataFrame(rows, columns=[*SETTING, "seed", "measure", "value"]),
                pd.DataFrame(drifts, columns=[*SETTING, "seed", "layer", "error"]),
            ),
            layers=pd.DataFrame(layers),
            path_gap=0.0,
        )

    return made


@pytest.fixture(scope="session")
def planted(made) -> Inside:
    """Every finding holds here, apart from the one that stays open."""
    return made()
