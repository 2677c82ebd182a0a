"""Intervals cover what they promise, against simulation, tables and scipy's own tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbook.evidence.intervals import (
    Interval,
    difference_interval,
    error_interval,
    log_slope,
    mean_interval,
    rank_correlation,
)

TRIALS = 3000


def covered(truth: float, intervals: list[Interval]) -> float:
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


def sampling_error(share: float) -> float:
    """Three standard deviations of a share of TRIALS."""
    return 3 * (share * (1 - share) / TRIALS) ** 0.5


@pytest.mark.parametrize("repetitions", [3, 5, 20])
def test_the_interval_of_a_mean_covers_the_truth_in_95_of_100(repetitions):
    rng = np.random.default_rng([1, repetitions])
    intervals = [mean_interval(rng.normal(2, 3, repetitions), over="seeds") for _ in range(TRIALS)]
    assert abs(covered(2, intervals) - 0.95) < sampling_error(0.95)


def test_the_interval_of_a_difference_covers_it_where_variances_differ():
    rng = np.random.default_rng(2)
    intervals = [
        difference_interval(rng.normal(5, 1, 10), rng.normal(3, 6, 30), over="texts")
        for _ in range(TRIALS)
    ]
    assert abs(covered(2, intervals) - 0.95) < 2 * sampling_error(0.95)  # Welch is approximate


def test_eight_intervals_hold_together_in_95_of_100():
    rng = np.random.default_rng(3)

    def all_cover(sentences: int) -> bool:
        drawn = rng.normal(0, 1, (8, 5))
        return all(
            abs(i.mean) <= i.half_width
            for i in (mean_interval(row, over="seeds", sentences=sentences) for row in drawn)
        )

    together = np.mean([all_cover(8) for _ in range(TRIALS)])
    apart = np.mean([all_cover(1) for _ in range(TRIALS)])
    # independent statements: (1 - 0.05/8)^8, a little above what Bonferroni promises
    assert abs(together - (1 - 0.05 / 8) ** 8) < sampling_error(0.95)
    assert abs(apart - 0.95**8) < sampling_error(0.95**8)


def test_half_width_is_that_of_printed_tables():
    # t(4) at 97.5% is 2.776 (any table); five values with standard deviation 1
    values = np.array([-1, 1, -1, 1, 0.0])
    interval = mean_interval(values, over="seeds")
    assert interval.half_width == pytest.approx(2.776 / 5**0.5, rel=1e-3)
    assert (interval.low, interval.high) == (-interval.half_width, interval.half_width)
    assert (interval.repetitions, interval.unit_of_repetition) == (5, "seeds")


def test_bonferroni_asks_for_a_higher_confidence_of_each():
    values = [1.0, 2.0, 4.0, 3.0]
    alone, together = (mean_interval(values, over="seeds", sentences=n) for n in (1, 10))
    assert together.confidence == pytest.approx(0.995)
    assert together.half_width / alone.half_width == pytest.approx(7.453 / 3.182, rel=1e-3)


def test_welch_is_scipys():
    first, second = np.random.default_rng(4).normal(size=(2, 12))
    theirs = stats.ttest_ind(first, second[:7], equal_var=False).confidence_interval(0.95)
    ours = difference_interval(first, second[:7], over="texts")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert ours.repetitions == 19


def test_values_without_scatter_have_no_width():
    assert mean_interval([2, 2, 2], over="seeds").half_width == 0
    same = difference_interval([2, 2, 2], [1, 1, 1], over="seeds")
    assert (same.mean, same.half_width) == (1, 0)


def test_a_standard_error_gives_the_interval_of_its_values():
    values = np.array([3.0, 5.0, 4.0, 9.0])
    error = values.std(ddof=1) / 2
    assert error_interval(values.mean(), error, 4, over="seeds") == mean_interval(
        values, over="seeds"
    )


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"values": [1, 2]}, "values"),
        ({"values": [[1, 2, 3]]}, "values"),
        ({"values": [1, 2, np.nan]}, "values"),
        ({"values": [1, 2, np.inf]}, "values"),
        ({"sentences": 0}, "sentences"),
        ({"sentences": 1.5}, "sentences"),
        ({"confidence": 1}, "confidence"),
        ({"confidence": 0}, "confidence"),
        ({"over": " "}, "unit_of_repetition"),
    ],
)
def test_what_cannot_be_an_interval_is_refused_by_name(changed, name):
    with pytest.raises(ValueError, match=name):
        mean_interval(**({"values": [1, 2, 3], "over": "seeds"} | changed))


def test_the_other_sample_is_refused_by_its_name():
    with pytest.raises(ValueError, match="others"):
        difference_interval([1, 2, 3], [1, 2], over="texts")


@pytest.mark.parametrize("exponent", [-1, -0.5, 3])
def test_the_slope_of_logs_is_the_exponent(exponent):
    x = np.array([1, 3, 10, 40])
    assert log_slope(x, 7 * x.astype(float) ** exponent) == pytest.approx(exponent)


def test_slopes_of_many_curves_are_those_of_each():
    rng = np.random.default_rng(5)
    x, y = np.array([16, 64, 256, 300]), rng.lognormal(size=(2, 3, 4))
    slopes = log_slope(x, y)
    assert slopes.shape == (2, 3)
    for place in np.ndindex(2, 3):
        expected = stats.linregress(np.log(x), np.log(y[place])).slope
        assert slopes[place] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("x", "y", "name"),
    [
        ([1, 2], [1, 0], "y"),
        ([1, -2], [1, 2], "x"),
        ([1, 2], [1, np.nan], "y"),
        ([1], [1], "x, y"),
        ([1, 2], [1, 2, 3], "x, y"),
        ([2, 2], [1, 2], "x"),
    ],
)
def test_a_slope_that_is_none_is_refused(x, y, name):
    with pytest.raises(ValueError, match=f"^{name}: got"):
        log_slope(x, y)


def test_rank_correlation_is_spearmans():
    x, y = np.random.default_rng(6).integers(0, 6, (2, 4, 15))  # with ties
    ours = rank_correlation(x, y)
    for row in range(4):
        assert ours[row] == pytest.approx(stats.spearmanr(x[row], y[row]).statistic)
    assert rank_correlation([1, 2, 3], [9, 4, 1]) == -1
    assert np.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))
