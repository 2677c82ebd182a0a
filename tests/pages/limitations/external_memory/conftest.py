"""Made-up libraries and a tiny network: the page's experiment runs on them in a second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainbook.models.language import small_language_model as language
from brainbook.pages.limitations.external_memory import measure

SETTINGS = replace(language.SETTINGS, width=16, heads=2, window=16, epochs=1)
PLAN = measure.Plan((8, 3, 3), (200, 80, 80), SETTINGS)
PIECES = 60


@pytest.fixture(scope="package")
def libraries() -> measure.Libraries:
    """Modules that repeat phrases of their library."""
    generator = np.random.default_rng(0)

    def modules() -> tuple[np.ndarray, ...]:
        phrases = generator.integers(2, PIECES, size=(20, 6))
        return tuple(phrases[generator.integers(20, size=40)].ravel() for _ in range(20))

    return measure.Libraries(modules(), modules(), separator=1, tokens=PIECES)


@pytest.fixture(scope="package")
def memory(libraries):
    return measure.measure_memory(libraries, (0, 1, 2), PLAN)
