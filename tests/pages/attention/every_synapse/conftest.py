"""The page's results at a small size, made once for all its tests."""

from functools import partial

import pytest
import torch

from brainbook.models.astrocyte.sweep import minilm_sweep
from brainbook.models.attention.minilm_text import Passage, calibration_passages
from brainbook.models.attention.softmax import Problem
from brainbook.pages.attention import every_synapse as page
from brainbook.pages.attention.every_synapse import measure
from brainbook.pages.attention.every_synapse.measure import BUDGETS

TOKENS, TEXTS, PUBLISHED = 32, (2, 4), (256, 512)
SCALED = dict(zip(BUDGETS, (1_000.0, 3_000.0, 5_000.0, 12_000.0), strict=True))  # synapses


@pytest.fixture(scope="session")
def known() -> tuple[Passage, ...]:
    """Calibration passages, short and few."""
    return calibration_passages(TOKENS, 8)[:20]


@pytest.fixture(scope="session")
def scaled() -> dict[str, float]:
    """Budgets scaled down."""
    return SCALED


@pytest.fixture(scope="session")
def text() -> dict[str, Passage]:
    """Two descriptions and four topics, by name."""
    return measure.documents(*TEXTS, TOKENS)


@pytest.fixture(scope="session")
def measured(known):
    """Short passages, few of them, and budgets scaled down."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "calibration_passages", lambda tokens: known)
        patch.setattr(measure, "budgets", lambda: SCALED)
        patch.setattr(measure, "minilm_sweep", partial(minilm_sweep, published=PUBLISHED))
        return page.Measured(
            page.measure_divided(*TEXTS, TOKENS),
            page.measure_rivals(*TEXTS, 2, 1, TOKENS),
            page.measure_bounds(*TEXTS, 2, 1, TOKENS),
            page.measure_decoder(*TEXTS, 2, 1, TOKENS),
            page.measure_noise(*TEXTS, 2, 1, TOKENS),
            page.measure_published(5, range(3), TOKENS),
            page.measure_identities(0),
        )


@pytest.fixture(scope="session")
def small() -> tuple[Problem, dict[str, Problem]]:
    """Two heads on eight calibration passages, and on two documents; Gaussian, float64."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(3, 10, 2, 24, 4, generator=generator, dtype=torch.float64)
    drawn[:2] *= 0.7  # queries and keys
    problem = Problem(*drawn)
    return problem[:8], {"one": problem[8], "other": problem[9]}
