"""Figures show what was measured."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.control import draw
from brainbook.pages.limitations.control.erasing import ERASERS, LEAST, SAME
from brainbook.pages.limitations.control.steering import DIRECTION


def points(ax, axis="x") -> set[float]:
    lines = (getattr(line, f"get_{axis}data")() for line in ax.lines)
    return {round(float(value), 9) for values in lines for value in values}


def rounded(values) -> set[float]:
    return {round(float(value), 9) for value in values}


def test_erasers_stand_in_order_with_mean_range_and_size(draw_both, erased):
    ax, price = draw_both(draw.draw_erasure, erased).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == list(ERASERS)[::-1]
    least = erased[erased["eraser"] == LEAST]
    assert rounded([least[SAME].mean(), least[SAME].min(), least[SAME].max()]) <= points(ax)
    assert rounded([100 * least["size"].mean()]) <= points(price)
    assert min(points(price)) > 0


def test_text_is_drawn_by_the_number_of_passages(draw_both, text):
    ax, size = draw_both(draw.draw_erasure_text, text).axes
    rows = text[text["eraser"] == LEAST].groupby("share")
    assert rounded(rows["passages"].mean()) <= points(size)
    assert rounded(rows["accuracy"].mean()) <= points(ax, "y")
    assert rounded(100 * rows["size"].mean()) <= points(size, "y")


def test_depth_shows_every_repetition(draw_both, depth):
    ax = draw_both(draw.draw_erasure_depth, depth).axes[0]
    assert rounded(depth["end"]) | rounded(depth["intact"]) <= points(ax)


def test_steering_shows_means_and_the_closed_form(draw_both, steered):
    axes = draw_both(draw.draw_steering, steered).axes
    known = steered.table[steered.table["direction"] == DIRECTION]
    for ax, column in zip(axes, ("logit", "share", "kept"), strict=True):
        assert rounded(known.groupby(["layer", "strength"])[column].mean()) <= points(ax, "y")
    line = axes[0].lines[-1]
    assert line.get_ydata() == pytest.approx(steered.closed["logit"])
