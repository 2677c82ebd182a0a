"""The page's results at a small size, made once for all its tests."""

import pytest

from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.pages.attention import one_astrocyte as page
from brainbook.pages.attention.one_astrocyte import measure

SEEDS, TOKENS, PUBLISHED = range(3), 32, (64, 512)
LOW, HIGH = 64, 200  # units that stand for the least budget of an astrocyte, and for the largest


@pytest.fixture(scope="session")
def measured():
    """Short passages, few of them, and published sizes scaled down."""
    known = calibration_passages(TOKENS, 8)[:20]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "calibration_passages", lambda tokens: known)
        tuned = page.measure_tuned((4, 16, LOW), (HIGH,), SEEDS, tokens=TOKENS)
        unbiased = page.measure_unbiased((16, LOW, HIGH), SEEDS, 1, TOKENS)
        noisy = page.measure_robustness(32, SEEDS, tokens=TOKENS)
    published = page.measure_published(8, SEEDS, TOKENS, PUBLISHED)
    many = PUBLISHED[1]
    cells = page.measure_cells(published)
    scaled = {("rodent", "low"): LOW, ("rodent", "high"): HIGH}
    pairs = zip(cells["species"], cells["bound"], strict=True)
    return page.Measured(
        published,
        tuned,
        unbiased,
        page.measure_saved(published, tuned, many),
        page.measure_needed(published, tuned),
        noisy,
        cells.assign(units=[scaled.get(pair, 1_000) for pair in pairs]),
        page.measure_mixture_law(SEEDS, keys=2_000),
        page.measure_draw_laws(SEEDS, draws=2_000),
        page.measure_identities(0),
        many=many,
    )
