"""The page's results from one or two passes over the images."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brainbook.pages.limitations.plausibility import attention, laws, likeness, measure, settings
from brainbook.pages.limitations.plausibility.result import Result

SEEDS = (0, 1, 2)
BRIEF = {
    name: replace(setting, epochs=1, rates=setting.rates[:2])
    for name, setting in settings.SETTINGS.items()
}
SHORT = {name: replace(task, steps=5) for name, task in attention.TASKS.items()}


@pytest.fixture(scope="package")
def rules():
    return measure.measure_rules(SEEDS, BRIEF)


@pytest.fixture(scope="package")
def proved():
    return laws.measure_laws(SEEDS, settling=80, draws=12)


@pytest.fixture(scope="package")
def attended():
    return attention.measure_attention(SEEDS, SHORT, (0.02,))


@pytest.fixture(scope="package")
def parts():
    return likeness.measure_minilm((4, 10))


@pytest.fixture(scope="package")
def result(rules, proved, attended, parts) -> Result:
    close = measure.measure_close(SEEDS[0], len(SEEDS), BRIEF)
    return Result(rules, close, proved, attended, parts, likeness.measure_published())
