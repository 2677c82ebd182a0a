"""Page SECTION/PAGE: REPLACE: what is measured, against a closed form."""

import pytest

from brainbook.pages.SECTION.PAGE import measure


def test_errors_are_those_of_the_closed_form():
    means = measure.measure_SECTION_PAGE(seeds=range(3), largest=64)
    assert sorted(means["size"].unique()) == [16, 64]
    for row in means.itertuples():
        # the root mean square of MEANS values is off by 1/sqrt(2 MEANS), here at most 4 times that
        assert row.error * row.size**0.5 == pytest.approx(1, abs=4 / (2 * measure.MEANS) ** 0.5)


def test_a_single_size_is_refused():
    with pytest.raises(ValueError, match="largest: got 16"):
        measure.measure_SECTION_PAGE(seeds=range(3), largest=16)
