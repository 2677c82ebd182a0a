"""Figures of attention/hard_heads show what was measured."""

import numpy as np
from numpy.testing import assert_allclose

from brainbook.pages.attention.hard_heads import draw
from brainbook.pages.attention.hard_heads.learning import METHODS
from brainbook.pages.attention.hard_heads.meaning import LABELS, MAPS


def texts(ax):
    return {text.get_text() for text in ax.texts}


def test_difficulty_names_every_quantity_and_shows_every_head(draw_both, planted):
    left, right = draw_both(draw.draw_difficulty, planted).axes
    table, within = planted.order.iloc[::-1], planted.order_within.set_index("quantity")
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == [draw.WORDS[one] for one in table["quantity"]]
    everywhere, neighbours = left.lines[:2]
    assert_allclose(everywhere.get_xdata(), table["rho"])
    heights = np.round(neighbours.get_ydata() + 0.15).astype(int)
    by_height = dict(zip(heights, neighbours.get_xdata(), strict=True))
    for height, quantity in enumerate(table["quantity"]):
        assert by_height[height] == within["rho"][quantity]
    middle = planted.heads.groupby(["layer", "head"])[["predicted", "error"]].median()
    assert_allclose(right.lines[0].get_xydata(), middle)


def test_stretched_shows_measured_predicted_and_keys(draw_both, planted):
    ax, plot = draw_both(draw.draw_stretched, planted).axes
    middle = planted.stretched.groupby(["factor", "seed"]).median().groupby("factor").median()
    assert_allclose(ax.lines[0].get_xydata()[:, 1], middle["error"])
    assert_allclose(ax.lines[1].get_xydata()[:, 1], middle["predicted"])
    assert_allclose(plot.lines[0].get_ydata(), middle["perplexity"])
    assert texts(ax) == {"measured", "predicted"}


def test_rank_bounds_show_both_ranks_of_every_head_and_the_units(draw_both, planted):
    (ax,) = draw_both(draw.draw_rank_bounds, planted).axes
    middle = planted.bounds.groupby(["layer", "head"]).median().sort_values("error")
    assert_allclose(ax.lines[0].get_xydata(), middle[["error", "truncated_rank"]])
    assert_allclose(ax.lines[1].get_xydata(), middle[["error", "output_rank"]])
    assert set(ax.lines[2].get_ydata()) == {planted.units}


def test_meaning_has_a_panel_for_every_label_and_both_maps(draw_both, planted):
    figure = draw_both(draw.draw_meaning, planted)
    layers = planted.meaning_by_layer.set_index(["label", "map"])
    for ax, label in zip(figure.axes, LABELS, strict=True):
        assert ax.get_title(loc="left") == label
        for line, kind in zip(ax.lines, MAPS, strict=True):
            assert_allclose(line.get_xydata(), layers.loc[label, kind][["layer", "middle"]])
    assert texts(figure.axes[-1]) == set(MAPS)


def test_learned_ways_have_a_panel_for_every_number_of_steps(draw_both, planted):
    figure = draw_both(draw.draw_learned_ways, planted)
    by_head = ["steps", "method", "split", "layer", "head"]
    error = planted.learned.groupby(by_head)["error"].median()
    for ax, steps in zip(figure.axes, (10, 40), strict=True):
        assert ax.get_title(loc="left") == f"{steps} steps of gradient"
        lines = iter(ax.lines)
        for split in ("test", "calibration"):
            for method in METHODS[::-1]:
                assert_allclose(next(lines).get_xdata(), error[steps, method, split])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == list(METHODS[::-1])
