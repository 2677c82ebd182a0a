"""Figures show what was measured."""

import numpy as np

from brainbook.models.features.landmarks import Landmarks
from brainbook.pages.attention import one_astrocyte as page
from brainbook.pages.attention.one_astrocyte.draw import FITTED, ROLES
from brainbook.pages.attention.one_astrocyte.needed import GOAL


def has_line(ax, y) -> bool:
    """Whether a line of the axes runs through ``y``."""
    drawn = [line.get_ydata() for line in ax.lines]
    return any(len(line) == len(y) and np.allclose(line, y) for line in drawn)


def test_small_figure_shows_budget_goal_and_all_curves(measured, draw_both):
    published, tuned, cells = measured.published, measured.tuned, measured.cells
    (ax,) = draw_both(page.draw_small, (published, tuned, cells)).axes
    labels = {text.get_text() for text in ax.texts}
    named = {"rodent", "human", "goal", "uniform attention", "published random units"}
    assert named | set(ROLES) <= labels
    (goal,) = [line for line in ax.lines if set(line.get_ydata()) == {GOAL}]
    assert goal.get_xdata()[-1] == 512
    assert has_line(ax, published.curve("output").median())
    for name in ROLES:
        assert has_line(ax, tuned.medians().loc[name].dropna(axis=1).median())


def test_map_figure_has_a_curve_for_every_map(measured, draw_both):
    unbiased = measured.unbiased
    (ax,) = draw_both(page.draw_every_map, (unbiased, measured.tuned, measured.cells)).axes
    rows = unbiased.query("part == 'output'")
    for _, part in rows.groupby("map"):
        by_seed = part.groupby(["units", "seed"])["error"].median()
        assert has_line(ax, by_seed.groupby("units").median())
    assert set(FITTED) <= set(unbiased["map"])


def test_needed_figure_has_a_cell_and_a_factor_for_every_head(measured, draw_both):
    needed, saved = measured.needed, measured.saved
    figure = draw_both(page.draw_needed, (needed, saved, 200))
    texts = {text.get_position()[::-1]: text.get_text() for text in figure.axes[0].texts}
    for row in needed.itertuples():
        shown = f"{row.units:,.0f}" if np.isfinite(row.units) else "more"
        assert texts[row.layer, row.head] == shown
    factor = saved.groupby(["layer", "head"])["factor"].median().sort_values()
    assert np.array_equal(figure.axes[1].lines[0].get_xdata(), factor)


def test_gap_figure_shows_known_and_new_text(measured, draw_both):
    tuned = measured.tuned
    figure = draw_both(page.draw_gap, tuned)
    for split in ("test", "calibration"):
        by_seed = tuned.medians(split=split).loc[Landmarks.name]
        assert has_line(figure.axes[0], by_seed.median())
    points = figure.axes[1].collections[0].get_offsets()
    new = tuned.at(200).groupby(["layer", "head"])["error"].median()
    assert np.allclose(points[:, 1], new)


def test_traces_and_noise_are_drawn_as_measured(measured, draw_both):
    traces = measured.tuned.traces
    followed = draw_both(page.draw_followed, measured.tuned)
    for ax, trace in zip(followed.axes, traces, strict=True):
        frame = trace.frame()
        assert has_line(ax, frame["Z"]) and has_line(ax, frame["p_200"])
    (ax,) = draw_both(page.draw_robustness, measured.noisy).axes
    for _, rows in measured.noisy.query("noise > 0").groupby("ridge"):
        by_seed = rows.groupby(["noise", "seed"])["error"].median()
        assert has_line(ax, by_seed.groupby("noise").median())
