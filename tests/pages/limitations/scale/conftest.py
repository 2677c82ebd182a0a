"""The page's results from short texts, two documents and three random networks."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.scale import collapse, measure, timing
from brainbook.pages.limitations.scale.result import Result

SEEDS, LENGTHS = range(3), (16, 32, 64)


@pytest.fixture(scope="package")
def passages():
    documents = measure.open_passages(16)
    return {name: documents[name] for name in list(documents)[:3]}


@pytest.fixture(scope="package")
def result(passages) -> Result:
    costs = timing.measure_costs(256, 2)
    fallen = collapse.measure_collapse(SEEDS, 12, passages, 12)
    return Result(
        counts=measure.measure_counts(measure.open_minilm()),
        linear=measure.measure_linear_counts(LENGTHS),
        costs=costs,
        exponents=timing.measure_exponents(costs),
        collapse=fallen,
        growth=collapse.measure_growth(fallen),
        one_layer=collapse.measure_one_layer(SEEDS, passages),
        sharpness=collapse.measure_sharpness(SEEDS, passages, 6),
        gaps=collapse.measure_gaps(passages),
    )
