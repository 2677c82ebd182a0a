"""Figures show what was measured."""

import numpy as np
import pytest

from brainbook.pages.attention import every_synapse as page
from brainbook.pages.attention.every_synapse.circuits import (
    BASELINE,
    EACH,
    GATED,
    MEMBRANE,
    UNSUMMED,
)
from brainbook.pages.attention.every_synapse.draw import LINES, NOISY
from brainbook.pages.attention.every_synapse.measure import GOAL, HUMAN


def has_line(ax, x, y) -> bool:
    """Whether a line of the axes runs through these points."""
    drawn = [line.get_xydata() for line in ax.lines]
    wanted = np.column_stack([x, y])
    return any(line.shape == wanted.shape and np.allclose(line, wanted) for line in drawn)


def median_curve(rows, x: str):
    """Median over documents of the median head, at each x."""
    return rows.groupby([x, "document"])["error"].median().groupby(x).median()


@pytest.fixture(scope="module")
def counted_axes(measured, draw_both):
    drawn = draw_both(page.draw_counted, (measured.divided, measured.rivals, measured.published))
    (ax,) = drawn.axes
    return ax


def test_counted_figure_has_a_curve_for_every_circuit(counted_axes, measured):
    for circuit, (name, _, _) in LINES.items():
        curve = median_curve(measured.rivals[measured.rivals["circuit"] == circuit], "synapses")
        assert has_line(counted_axes, curve.index, curve), name
    assert {*LINES, UNSUMMED} == set(measured.rivals["circuit"])


def test_published_units_stand_at_all_of_their_synapses(counted_axes, measured):
    """Of d in, d stored and one contact a unit."""
    curve = measured.published.curve("output").median().loc[256:]
    assert has_line(counted_axes, (2 * 32 + 1) * curve.index, curve)


def test_counted_figure_names_its_curves_the_bands_and_the_goal(counted_axes):
    labels = {text.get_text() for text in counted_axes.texts}
    named = {name for name, _, _ in LINES.values()} - {""}
    apart = {"chosen softly", "published: random units"}
    assert named | apart | {"rodent", "human", "goal"} <= labels
    assert len(named) == len(LINES) - 1  # the softly chosen is named where its curve begins
    (goal,) = [line for line in counted_axes.lines if set(line.get_ydata()) == {GOAL}]
    assert goal.get_xdata()[-1] == 2_000_000


def test_marks_are_all_heads_within_the_largest_budget(counted_axes, measured):
    divided = measured.divided[measured.divided["budget"] == HUMAN]
    marks = {}
    for container in counted_axes.containers:
        point, _, (bar,) = container.lines
        (x,), (y,) = point.get_data()
        low, high = bar.get_segments()[0][:, 1]
        marks[x] = (y, (high - low) / 2)
    assert len(marks) == 3
    for (circuit, synapses), rows in divided.groupby(["circuit", "synapses"]):
        assert circuit in (EACH, MEMBRANE, BASELINE)
        error = rows.groupby("document")["error"].median()
        half = 2.5706 * error.std() / np.sqrt(6)  # Student's t, five degrees of freedom
        assert marks[synapses] == pytest.approx((error.mean(), half), rel=1e-3)


def test_shaken_figure_has_a_curve_for_each_place_and_the_rival_s_level(measured, draw_both):
    (ax,) = draw_both(page.draw_shaken, (measured.noisy, measured.rivals)).axes
    shown = {text.get_text() for text in ax.texts}
    assert {name for name, *_ in NOISY.values()} | {"no lateral synapses"} <= shown
    noisy = measured.noisy[measured.noisy["noise"] > 0]
    for circuit, where, leak in NOISY:
        part = noisy.query("circuit == @circuit and `where` == @where and leak == @leak")
        curve = median_curve(part, "noise")
        assert has_line(ax, curve.index, curve), (circuit, where, leak)
    soft = measured.rivals.query(f"circuit == {GATED!r} and budget == 'rodent_high'")
    level = soft.groupby("document")["error"].median().mean()
    assert any(np.allclose(line.get_ydata(), level) for line in ax.lines)
