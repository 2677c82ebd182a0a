"""Numbers of the prose are those of the results."""

import numpy as np
import pytest

from brainbook.pages.attention import astrocytes as page


def test_numbers_follow_the_results(measured):
    told = page.numbers(measured)
    small, large = measured.published
    assert told["small"] == measured.minilm.curve("output")[small].median()
    assert told["p_large"] == measured.minilm.curve("trace")[large].median()
    over = measured.minilm.over_constant(large).groupby(["layer", "head"]).median()
    assert told["follow"] == (over > 1).sum() <= told["heads"]
    constant = measured.lookups.query("baseline == 'best constant'").groupby("seed")["error"]
    assert told["constant"] == constant.median().median()
    fit = measured.fit.query("method == 'learned' and fitted_on == 1")
    assert told["one_new"] == fit.query("split == 'test'")["error"].median()
    random = measured.fit.query("method == 'random' and units == 1024 and split == 'test'")
    assert told["random_new"] == random["error"].median()
    assert told["lasts"] == pytest.approx(40 * 0.2)  # tokens times the slowest rise in seconds
    assert all(np.isfinite(value) for value in told.values())
