"""Figures of attention/inside_minilm show what was measured."""

import numpy as np
from numpy.testing import assert_allclose

from brainbook.pages.attention.inside_minilm import draw
from brainbook.pages.attention.inside_minilm.measure import LATERAL
from brainbook.pages.attention.inside_minilm.replacing import MEAN, UNIFORM


def texts(ax):
    return {text.get_text() for text in ax.texts}


def test_retrieval_has_a_row_for_every_setting_and_intervals_of_differences(draw_both, planted):
    ax, plot = draw_both(draw.draw_inside_retrieval, planted).axes
    rows = planted.summary[planted.summary["measure"] == "MRR"].set_index(["heads", "units"])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert len(names) == len(set(names)) == len(rows)
    assert names[-1] == f"{LATERAL}, 16" and names[0] == UNIFORM
    ranges, means = ax.lines[::2], ax.lines[1::2]
    assert_allclose(means[0].get_xdata(), rows.loc[(UNIFORM, 0), "mean"])
    assert_allclose(ranges[-1].get_xdata(), rows.loc[(LATERAL, 16), ["lowest", "highest"]])
    assert len(plot.containers) == len(rows) - 1  # the intact model loses nothing to itself
    first, lost = plot.containers[0], rows.loc[(UNIFORM, 0)]
    (bar,) = first.lines[2][0].get_segments()
    assert_allclose(bar[:, 0], [lost["lost"] - lost["half"], lost["lost"] + lost["half"]])


def test_agreement_has_a_point_for_every_setting_with_its_cosine_and_mrr(draw_both, planted):
    left, right = draw_both(draw.draw_inside_agreement, planted).axes
    points = np.concatenate([dots.get_offsets() for dots in right.collections])
    expected = planted.table[["cosine", "MRR"]].to_numpy()
    assert_allclose(sorted(map(tuple, points)), sorted(map(tuple, expected)))
    assert texts(left) == {*draw.LABELS.values(), MEAN, UNIFORM}


def test_drift_starts_at_zero_and_ends_at_the_models_error(draw_both, planted):
    (ax,) = draw_both(draw.draw_inside_drift, planted).axes
    ends = [line.get_ydata()[-1] for line in ax.lines]
    settings = [(UNIFORM, 0), (MEAN, 0), *((draw.PUBLISHED, 625), (draw.UNBIASED, 625))]
    settings += [(LATERAL, units) for units in (16, 100, 625)]
    assert_allclose(ends, [planted.end_error(*setting).median() for setting in settings])
    assert {line.get_ydata()[0] for line in ax.lines} == {0}


def test_layers_show_own_and_final_errors_of_both_kinds(draw_both, planted):
    figure = draw_both(draw.draw_inside_layers, planted)
    for ax, column in zip(figure.axes, ("own", "end"), strict=True):
        for line, kind in zip(ax.lines, (LATERAL, MEAN), strict=True):
            rows = planted.layers[planted.layers["heads"] == kind]
            assert_allclose(line.get_ydata(), rows.groupby("layer")[column].median())
