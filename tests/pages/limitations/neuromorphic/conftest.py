"""The page's results on a little real text, few codes and few placements."""

import pytest

from brainbook.pages.limitations import neuromorphic as page
from brainbook.pages.limitations.neuromorphic.measure import Measured

SEEDS, STEPS, TOKENS = (0, 1, 2), 7, 64


@pytest.fixture(scope="package")
def measured() -> Measured:
    codes = page.measure_codes((0, 0.05), (STEPS,), 16, 1)
    return Measured(
        energies=page.measure_energies(),
        disagreements=page.measure_disagreements(),
        mapping=page.measure_mapping(),
        unmapped=page.measure_unmapped(),
        codes=codes,
        placements=page.measure_placements(codes, SEEDS),
        costs=page.measure_costs(codes, STEPS, TOKENS, SEEDS),
        shared=page.measure_sharing(codes, STEPS, (1, 64)),
        steps=STEPS,
        tokens=TOKENS,
    )
