"""Figures show what was measured."""

import numpy as np
import pytest

from brainbook.models.astrocyte.error import PARTS
from brainbook.models.features.maps import MAPS
from brainbook.pages.attention import astrocytes as page
from brainbook.pages.attention.astrocytes.draw import WORDS
from brainbook.pages.attention.astrocytes.measure import GAUSSIAN, LAW, typical_heads


def has_line(ax, y) -> bool:
    """Whether a line of the axes runs through ``y``."""
    drawn = [line.get_ydata() for line in ax.lines]
    return any(len(line) == len(y) and np.allclose(line, y) for line in drawn)


def test_errors_stand_over_their_closed_form_and_baselines(measured, draw_both):
    gaussian, minilm = measured.gaussian, measured.minilm
    figure = draw_both(page.draw_error, (gaussian, minilm, measured.lookups))
    for ax, part in zip(figure.axes, PARTS, strict=False):
        for name in GAUSSIAN:
            assert has_line(ax, gaussian.curve(part, name).median())
            assert has_line(ax, gaussian.law(part, name))
        assert has_line(ax, [gaussian.baseline("Taylor", part, LAW)] * 2)
    assert has_line(figure.axes[3], minilm.curve("block").median())
    assert has_line(figure.axes[3], [minilm.baseline("uniform", "block")] * 2)
    assert has_line(figure.axes[3], minilm.curve("trace").median())
    assert has_line(figure.axes[2], minilm.curve("output").median())
    for _, rows in measured.lookups.groupby("baseline"):
        assert has_line(figure.axes[2], [rows.groupby("seed")["error"].median().median()] * 2)
    labels = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert {"uniform, d = 32", "Taylor, d = 32", *GAUSSIAN, *WORDS.values()} <= labels


def test_every_head_has_a_cell_and_a_point(measured, draw_both):
    rows = page.measure_heads(measured.minilm, 2048)
    heads = typical_heads(rows)
    figure = draw_both(page.draw_heads, rows)
    table = figure.axes[0].images[0].get_array()
    assert np.allclose(table, heads["error"].unstack("head"))
    points = figure.axes[1].collections[0].get_offsets()
    assert np.allclose(points, heads[["log10_units", "error"]])
    assert figure.axes[0].get_title("left") == "output error at 2,048 units"


def test_traces_mark_what_leaves_the_axis(measured, draw_both):
    traces = page.measure_traces(measured.minilm, measured.vision)
    figure = draw_both(page.draw_traces, traces)
    panels = iter(figure.axes)
    for trace in traces:
        frame = trace.frame()
        for units in measured.published:
            lines = next(panels).lines
            assert np.array_equal(lines[0].get_ydata(), frame["Z"])
            assert np.array_equal(lines[1].get_ydata(), frame[f"p_{units}"])
            assert len(lines[2].get_xdata()) == (frame[f"p_{units}"] > 1.5).sum()


def test_every_map_has_its_curve_on_both_inputs(draw_both):
    maps = page.measure_maps([16, 64, 8192], range(3), tokens=40)
    assert set(maps["units"]) == {16, 64}
    figure = draw_both(page.draw_maps, maps)
    assert [text.get_text() for text in figure.legends[0].texts] == [kind.name for kind in MAPS]
    for ax, (_, rows) in zip(figure.axes, maps.groupby("input", sort=False), strict=True):
        for kind in MAPS:
            part = rows[rows["map"] == kind.name]
            assert has_line(ax, part.groupby("units")["error"].median())


def test_known_and_held_out_passages_have_their_lines(measured, draw_both):
    (ax,) = draw_both(page.draw_fit, measured.fit).axes
    learned = measured.fit.query("method == 'learned'")
    median = learned.groupby(["split", "fitted_on", "seed"])["error"].median()
    for split in ("test", "calibration"):
        assert has_line(ax, median[split].groupby("fitted_on").median())
    assert {"learned, held-out", "learned, known"} <= {text.get_text() for text in ax.texts}


def test_budgets_are_shaded_under_the_curve(measured, draw_both):
    figure = draw_both(page.draw_budget, (measured.cells, measured.gaussian, measured.minilm))
    assert has_line(figure.axes[0], measured.minilm.curve("output").median())
    bounds = measured.cells.query("input == 'MiniLM' and species == 'human'")["units"]
    spans = [patch.get_x() for patch in figure.axes[0].patches]
    assert spans[1] == pytest.approx(bounds.min())
