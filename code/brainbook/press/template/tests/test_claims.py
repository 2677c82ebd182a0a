"""Page SECTION/PAGE: REPLACE: each finding holds, and fails where the opposite is planted."""

import pandas as pd
import pytest

from brainbook.pages.SECTION.PAGE.claims import claims


@pytest.mark.parametrize(("power", "status"), [(-0.5, "holds"), (-1.0, "fails"), (0.0, "fails")])
def test_another_power_fails(statuses, power, status):
    powers = {0: power - 0.01, 1: power, 2: power + 0.01}
    rows = [(seed, size, size ** powers[seed]) for seed in powers for size in (16, 64, 256)]
    means = pd.DataFrame(rows, columns=["seed", "size", "error"])
    assert statuses(claims(means)) == {"SECTION-PAGE-slope": status}
