"""Curves over seeds: the median of medians, the range over seeds, published bands."""

import numpy as np
import pandas as pd
import pytest

from brainbook.evidence import curves, style


@pytest.fixture
def rows():
    return pd.DataFrame(
        [(seed, x, seed * x * head) for seed in (1, 2, 6) for x in (1, 3)
         for head in (1, 2, 30)],
        columns=["seed", "x", "error"],
    )  # fmt: skip


def test_line_is_median_of_medians_and_band_is_range_over_seeds(rows):
    with style.theme("light"):
        _, ax = style.figure()
        end = curves.over_seeds(ax, rows, "x", "brain", "curve")
    assert list(ax.lines[0].get_ydata()) == [4, 12]  # seed 2, head 2
    assert end == ("curve", 3.0, 12.0, style.PALETTE["light"]["brain"])
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == 2 and heights.max() == 36  # seed 1 at x = 1, seed 6 at x = 3


def test_a_level_is_drawn_where_it_is():
    _, ax = style.figure()
    assert curves.level(ax, 0.5, "uniform", 9.0)[:3] == ("uniform", 9.0, 0.5)
    assert list(ax.lines[0].get_ydata()) == [0.5, 0.5]


def test_ranges_span_low_to_high_and_are_named_between():
    _, ax = style.figure()
    ax.set_xscale("log")
    curves.ranges(ax, {"process": (0.2, 4.0), "soma": (3.0, 25.0)})
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    np.testing.assert_allclose(spans, [(0.2, 4.0), (3.0, 25.0)])
    assert [text.get_text() for text in ax.texts] == ["process", "soma"]
    assert ax.texts[0].get_position()[0] == pytest.approx(np.sqrt(0.8))


def test_a_curve_of_nothing_is_refused(rows):
    _, ax = style.figure()
    with pytest.raises(ValueError, match="rows: got none for 'lost'"):
        curves.over_seeds(ax, rows[:0], "x", "brain", "lost")
