"""The page attention/astrocytes_in_time at a small size."""

import pandas as pd
import pytest

from brainbook.evidence.datasets import CALIBRATION_TEXTS
from brainbook.models.attention.minilm_text import held_out_passages, passages_of
from brainbook.pages.attention.astrocytes_in_time import circuits, measure, timing
from brainbook.pages.attention.astrocytes_in_time.timing import over

TOKENS, UNITS = 48, 125
INTERVAL = 0.5  # a slow reader: as long as the passages of the book last, though these are short


@pytest.fixture(scope="session")
def documents():
    return held_out_passages(range(5), TOKENS)


@pytest.fixture(scope="session")
def passages(documents):
    return [circuits.passage(document, seed) for seed, document in documents.items()]


def parts(documents):
    calibration = tuple(passages_of(CALIBRATION_TEXTS, TOKENS, 4))
    share = measure.measure_published()["covered_share"]
    return circuits.parts(documents, calibration, UNITS, share)


@pytest.fixture(scope="session")
def first(documents):
    """The first layer's circuits on one document, by name."""
    found = {}
    for part in parts({2: documents[2]}):
        if part.layer:
            return found
        found[part.circuit] = part


@pytest.fixture(scope="session")
def measured(documents, passages):
    cells = measure.measure_published()
    rows = over(passages, timing.baselines)
    needed = [
        timing.needed_decay(document, seed, measure.TARGET)
        for tokens in (24, 32, 40, 48)
        for seed, document in held_out_passages(range(5), tokens).items()
    ]
    clocks = measure.measure_clocks(cells) * INTERVAL / measure.measure_clocks(cells)["reading"]
    return measure.Measured(
        clocks=clocks,
        cells=cells,
        baselines=rows.groupby("seed")[["uniform", "constant"]].median(),
        fading=timing.fading(passages, INTERVAL, (float("inf"), 25.0, 4.0)),
        needed=pd.concat(needed).assign(seconds=lambda frame: INTERVAL * frame["decay"]),
        slopes=timing.slopes(cells, INTERVAL),
        limits=measure.limited(parts(documents), passages, INTERVAL, cells),
        deviations=measure.measure_identities(3),
    )
