"""The page's results at a small size, made once for all its tests."""

import pytest

from brainbook.pages.attention import astrocytes as page
from brainbook.pages.attention.astrocytes import measure

SEEDS, TOKENS, PUBLISHED = (0, 1, 2), 40, (32, 2048)


@pytest.fixture(scope="session")
def measured():
    gaussian = page.measure_gaussian([64, 256, 1024, 2048, 4096, 8192], SEEDS, TOKENS)
    minilm = page.measure_minilm([16, 64, 256, 1024], SEEDS, TOKENS, PUBLISHED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure.store, "made_once", lambda train, seed: train(seed=seed, epochs=3))
        vision = page.measure_vision(SEEDS, PUBLISHED)
    return page.Measured(
        gaussian,
        minilm,
        page.measure_lookups(SEEDS, TOKENS),
        vision,
        page.measure_fit((1, 5), 16, SEEDS, steps=60, tokens=60, per_text=1),
        page.measure_budget(gaussian, minilm),
        page.measure_pair_law(SEEDS),
        page.measure_identities(0),
        PUBLISHED,
    )
