"""The page limitations/counting at a small size."""

import pytest

from brainbook.pages.limitations.counting import identities, measure
from opjoules import energy_report

TIME_STEPS, TOKENS = 4, 24


@pytest.fixture(scope="session")
def example():
    return measure.measure_example(0, TIME_STEPS)


@pytest.fixture(scope="session")
def passage():
    return measure.measure_passage(TOKENS)


@pytest.fixture(scope="session")
def measured(example, passage):
    spiking, language = (energy_report(*pair, "45nm_int8") for pair in (example, passage))
    return measure.Measured(
        spiking,
        language,
        TOKENS,
        identities.measure_identities(*example, *passage),
        measure.measure_schemes(range(3), TIME_STEPS),
        measure.measure_coverage(),
        measure.measure_overhead({"MiniLM": passage, "spiking network": example}, rounds=1),
    )
