"""The page attention/astrocytes_in_time at a small size."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainbook.evidence.datasets import CALIBRATION_TEXTS
from brainbook.models.attention.minilm_text import held_out_passages, passages_of
from brainbook.pages.attention.astrocytes_in_time import cell, measure, timing
from brainbook.pages.attention.astrocytes_in_time.timing import over

TOKENS, INTERVAL = 48, 0.12


@pytest.fixture(scope="session")
def passages():
    calibration = passages_of(CALIBRATION_TEXTS, TOKENS, 2)
    return [
        timing.passage(document, seed, 64, timing.learned_units(calibration, 32, 3, seed))
        for seed, document in held_out_passages(range(5), TOKENS).items()
    ]


@pytest.fixture(scope="session")
def measured(passages):
    cells = measure.measure_published()
    rows = over(passages, cell.baselines)
    needed = [
        timing.needed_decay(document, seed, measure.TARGET)
        for tokens in (24, 32, 40, 48)
        for seed, document in held_out_passages(range(5), tokens).items()
    ]
    leak = over(passages, timing.leak, (1.0, 8.0, 64.0, 512.0))
    return measure.Measured(
        clocks=pd.Series({"reading": INTERVAL, "aloud": 0.15, "one per rise": 0.2}),
        cells=cells,
        baselines=rows.groupby("seed")[["uniform", "constant"]].median(),
        fading=timing.fading(passages, INTERVAL, (np.inf, 25.0, 4.0)),
        leak=leak.assign(seconds=INTERVAL * leak["decay"]),
        needed=pd.concat(needed).assign(seconds=lambda frame: INTERVAL * frame["decay"]),
        slopes=timing.slopes(cells, INTERVAL),
        rise=over(passages, timing.rise, (0.1, 1.0, 10.0, 100.0)),
        noise=over(passages, cell.noise, (0.01, 0.03, 0.1)),
        levels=measure.Levels(
            spans=over(passages, cell.spans),
            ranges=over(passages, cell.ranges, (1, 2)),
            levels=over(passages, cell.levels, (2, 8)),
        ),
        coverage=over(passages, cell.coverage, (0.3, cells["covered_share"], 0.9)),
        apart=over(passages, cell.pools, (2, 4, 8, 32)),
        together=over(passages, cell.shared_over_heads, (1, 2, 12)),
        cell=timing.over_seeds(over(passages, timing.measured_cell, INTERVAL, cells)),
        deviations=measure.measure_identities(3),
    )


@pytest.fixture(scope="session")
def lawful(measured):
    """The small run with measured squares that are those of the laws, to a hundredth."""
    noise = np.random.default_rng(1)

    def near(rows):
        size = len(rows)
        return rows.assign(square=rows["square"].where(rows["square"].isna(),
                           1 + 0.01 * noise.standard_normal(size)))  # fmt: skip

    def power(rows, x, exponent, column):
        jitter = 1 + 0.001 * noise.standard_normal(len(rows))
        return rows.assign(**{column: 0.3 * x**exponent * jitter})

    small = near(power(measured.noise, measured.noise["size"], 1.0, "error"))
    apart = near(power(measured.apart, measured.apart["pools"] - 1, 0.5, "trace"))
    levels = replace(measured.levels, levels=near(measured.levels.levels))
    # A slow reader: as long as the passages of the book last, though these are short.
    needed = measured.needed.assign(seconds=10 * measured.needed["decay"])
    return replace(
        measured, noise=small, apart=apart, levels=levels, needed=needed,
        coverage=near(measured.coverage),
    )  # fmt: skip
