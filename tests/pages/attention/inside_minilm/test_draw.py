"""Figures of attention/inside_minilm show what was measured."""

import numpy as np
from numpy.testing import assert_allclose

from brainbook.pages.attention.inside_minilm import draw
from brainbook.pages.attention.inside_minilm.measure import LATERAL
from brainbook.pages.attention.inside_minilm.replacing import UNIFORM


def texts(ax):
    return {text.get_text() for text in ax.texts}


def test_retrieval_shows_levels_curves_with_intervals_and_the_cell(draw_both, planted):
    figure = draw_both(draw.draw_inside_retrieval, planted)
    assert texts(figure.axes[1]) == {*draw.LABELS.values(), *draw.LEVELS, "rodent"}
    for ax, measure in zip(figure.axes, ("recall at 1", "MRR"), strict=True):
        rows = planted.summary[planted.summary["measure"] == measure].set_index("heads")
        levels = [line.get_ydata()[0] for line in ax.lines[: len(draw.LEVELS)]]
        assert_allclose(levels, [rows["mean"][name] for name in draw.LEVELS])
        for bars, name in zip(ax.containers, draw.LOOKS, strict=True):
            part = rows.loc[[name]]
            assert_allclose(bars.lines[0].get_ydata(orig=False), part["mean"])
            ends = [segment[:, 1] for segment in bars.lines[2][0].get_segments()]
            around = np.c_[part["mean"] - part["half"], part["mean"] + part["half"]]
            assert_allclose(ends, around)


def test_agreement_has_a_point_for_every_setting_with_its_cosine_and_mrr(draw_both, planted):
    left, right = draw_both(draw.draw_inside_agreement, planted).axes
    points = np.concatenate([dots.get_offsets() for dots in right.collections])
    expected = planted.table[["cosine", "MRR"]].to_numpy()
    assert_allclose(sorted(map(tuple, points)), sorted(map(tuple, expected)))
    assert texts(left) == {*draw.LABELS.values(), UNIFORM}


def test_drift_starts_at_zero_and_ends_at_the_models_error(draw_both, planted):
    (ax,) = draw_both(draw.draw_inside_drift, planted).axes
    ends = [line.get_ydata()[-1] for line in ax.lines]
    settings = [(UNIFORM, 0), *((draw.PUBLISHED, 625), (draw.UNBIASED, 625))]
    settings += [(LATERAL, units) for units in (16, 100, 625)]
    assert_allclose(ends, [planted.end_error(*setting).median() for setting in settings])
    assert {line.get_ydata()[0] for line in ax.lines} == {0}


def test_layers_show_own_and_final_errors_of_both_kinds(draw_both, planted):
    figure = draw_both(draw.draw_inside_layers, planted)
    for ax, column in zip(figure.axes, ("own", "end"), strict=True):
        for line, kind in zip(ax.lines, (LATERAL, UNIFORM), strict=True):
            rows = planted.layers[planted.layers["heads"] == kind]
            assert_allclose(line.get_ydata(), rows.groupby("layer")[column].median())
