"""Figures of limitations/spike_codes show what was measured."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from brainbook.evidence import style
from brainbook.pages.limitations.spike_codes import draw
from brainbook.pages.limitations.spike_codes.prices import SCENARIOS


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
    for _, rows in measured.bits.twins.groupby("scenario"):
        assert shown(right, rows.groupby("steps")["ratio"].mean())


def test_energies(draw_both, energies):
    *panels, _ = draw_both(draw.draw_codes_energy, energies).axes
    networks = energies.networks
    for ax, scenario in zip(panels, SCENARIOS, strict=True):
        for family, (role, _) in draw.MARKS.items():
            own = networks[(networks["scenario"] == scenario) & (networks["family"] == family)]
            means = own.groupby("network")[["central", "accuracy"]].mean()
            points = means.assign(accuracy=100 * means["accuracy"]).sort_values("central")
            with style.theme("light"):
                shade = to_rgba(style.colour(role))
            drawn = [
                line.get_xydata()
                for line in ax.lines
                if to_rgba(line.get_color())[:3] == shade[:3] and line.get_alpha() == 0.3
            ]
            assert any(
                len(xy) == len(points) and np.allclose(np.sort(xy, 0), np.sort(points, 0))
                for xy in drawn
            ), (scenario, family)


@pytest.mark.parametrize("product", draw.PRODUCTS)
def test_attention(draw_both, measured, product):
    scores, output = draw_both(draw.draw_rate_attention, measured.attention).axes
    rows = measured.attention[measured.attention["product"] == product]
    assert shown(scores, medians(rows, "steps", "error"))
    assert shown(output, medians(rows, "steps", "output"))
