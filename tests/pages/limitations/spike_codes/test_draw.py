"""Figures of limitations/spike_codes show what was measured."""

import numpy as np
import pandas as pd
import pytest

from brainbook.pages.limitations.spike_codes import draw


def shown(ax, values) -> bool:
    """Whether a line of the axes runs through ``values``."""
    values = np.asarray(values, float)
    return any(
        len(line.get_ydata()) == len(values)
        and np.allclose(np.asarray(line.get_ydata(), float), values)
        for line in ax.lines
    )


def medians(rows: pd.DataFrame, x: str, y: str) -> pd.Series:
    return rows.groupby(x)[y].median()


def test_conversion(draw_both, measured):
    first, second, accuracy = draw_both(draw.draw_conversion_error, measured.conversion).axes
    one, two = (measured.conversion.query("layer == @layer") for layer in (1, 2))
    assert shown(first, medians(one, "steps", "error")) and shown(
        first, medians(one, "steps", "law")
    )
    for part in ("error", "rounding", "uneven", "inherited"):
        assert shown(second, medians(two[two[part] > 0], "steps", part)), part
    assert shown(accuracy, 100 * medians(one, "steps", "accuracy"))


def test_thresholds(draw_both, measured):
    left, right = draw_both(draw.draw_threshold_choice, measured.thresholds).axes
    for _, rows in measured.thresholds.groupby("steps"):
        assert shown(left, medians(rows, "percentile", "error"))
        assert shown(right, 100 * medians(rows, "percentile", "accuracy"))
    assert shown(left, medians(measured.thresholds, "percentile", "clipping"))


@pytest.mark.parametrize("code", draw.CODES)
def test_codes(draw_both, measured, code):
    left, right = draw_both(draw.draw_code_errors, measured.codes).axes
    rows = measured.codes[measured.codes["code"] == code]
    assert shown(left, medians(rows, "steps", "error")) and shown(
        left, medians(rows, "steps", "law")
    )
    assert shown(right, medians(rows, "steps", "spikes"))


def test_spike_times(draw_both, measured):
    axes = draw_both(draw.draw_spike_times, measured.times).axes
    rows = measured.times.binned.assign(accuracy=lambda t: 100 * t["accuracy"])
    for ax, column in zip(axes, ("error", "accuracy", "spikes"), strict=True):
        assert shown(ax, medians(rows, "bins", column)), column
    assert axes[1].lines[-1].get_ydata()[0] == pytest.approx(
        100 * measured.times.exact["ann"].mean()
    )


def test_bits(draw_both, measured):
    left, right = draw_both(draw.draw_bits_twins, measured.bits).axes
    few = measured.bits.accuracies.query("activation_bits < 32 and weight_bits > 2")
    for _, rows in few.groupby("weight_bits"):
        assert shown(left, rows["percent"])
    cases = measured.bits.twins.groupby(["scenario", "schedule"])
    for case in draw.TWINS:
        assert shown(right, cases.get_group(case).groupby("steps")["ratio"].mean())


def test_energies(draw_both, energies):
    axes = draw_both(draw.draw_codes_energy, energies).axes
    for ax, scenario in zip(axes[:2], draw.PANELS, strict=True):
        rows = energies.means[energies.means["scenario"] == scenario]
        assert set(rows["family"]) - {"ANN, fp32"} == set(draw.MARKS)
        for family in draw.MARKS:
            edge = rows[(rows["family"] == family) & rows["on_front"]].sort_values("central")
            assert shown(ax, edge["percent"]), (scenario, family)
    for ax, scenario in zip(axes[2:], draw.PAID, strict=True):
        rows = energies.ratios[energies.ratios["scenario"] == scenario]
        assert set(rows["schedule"]) == set(draw.SCHEDULE_MARKS)
        for _, part in rows.groupby("schedule"):
            places = part["family"].map(draw.CODED.index)
            drawn = [line.get_xydata() for line in ax.lines]
            assert any(
                len(xy) == len(part) and np.allclose(xy, np.c_[part["middle"], places])
                for xy in drawn
            )


@pytest.mark.parametrize("product", draw.PRODUCTS)
def test_attention(draw_both, measured, product):
    scores, output = draw_both(draw.draw_rate_attention, measured.attention).axes
    rows = measured.attention[measured.attention["product"] == product]
    assert shown(scores, medians(rows, "steps", "error"))
    assert shown(output, medians(rows, "steps", "output"))
