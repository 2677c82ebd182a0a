"""Figures of attention/astrocytes_in_time show what was measured."""

import numpy as np

from brainbook.pages.attention import astrocytes_in_time as page
from brainbook.pages.attention.astrocytes_in_time.timing import EXACT, LEARNED, RANDOM, span

INTERVAL = 0.12


def labels(ax):
    return {text.get_text() for text in ax.texts}


def test_fading_shows_three_decays(draw_both, measured):
    figure = draw_both(page.draw_fading, measured.fading)
    for ax in figure.axes:
        assert labels(ax) == {"no leak", "25 s", "4 s"}
    for line, (_, rows) in zip(figure.axes[0].lines, measured.fading.groupby("decay"), strict=True):
        assert np.allclose(line.get_ydata(), rows["weight"])


def test_leak_has_published_bands_and_three_clocks(draw_both, measured):
    clocked = page.measure_clocked(measured.needed, measured.clocks)
    result = measured.leak, clocked, measured.baselines, measured.cells
    left, right = draw_both(page.draw_leak, result).axes
    curves = {"both leak", "trace alone", "same, rescaled", "learned units", "random units"}
    assert labels(left) == curves | {"uniform", "process", "cell body"}
    assert labels(right) == {*measured.clocks.index, "process", "cell body"}
    for line, (name, rows) in zip(right.lines, clocked.groupby("clock", sort=False), strict=True):
        seconds = measured.needed.groupby("tokens")["decay"].median() * measured.clocks[name]
        assert np.allclose(line.get_ydata(), seconds) and np.allclose(rows["middle"], seconds)
    bands = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in left.patches]
    expected = [span(measured.cells, f"{where}_decay") for where in ("process", "soma")]
    assert np.allclose(bands, expected)


def test_slopes_have_a_bar_for_every_row(draw_both, measured):
    (ax,) = draw_both(page.draw_slopes, measured.slopes).axes
    lengths = [tuple(line.get_xdata()) for line in ax.lines]
    assert lengths == list(zip(measured.slopes["flat"], measured.slopes["steep"], strict=True))


def test_rise_and_noise(draw_both, measured):
    result = measured.rise, INTERVAL, measured.baselines, measured.cells
    (ax,) = draw_both(page.draw_rise, result).axes
    assert {"reading", "writing, trace", "writing, synapses"} <= labels(ax)
    medians = measured.rise[measured.rise["part"] == "writing, synapses"]
    by_seed = medians.groupby(["rise", "seed"])["error"].median().groupby("rise").median()
    assert any(np.allclose(line.get_ydata(), by_seed) for line in ax.lines[1:4])
    tokens, units = draw_both(page.draw_noise, measured.noise).axes
    assert labels(tokens) == {"token, both", "token, trace alone"}
    assert len(labels(units)) == 6


def test_levels(draw_both, measured):
    spans, ranges, levels = draw_both(page.draw_levels, measured.levels).axes
    assert labels(spans) == {"p, exact", "g, learned", "g, random"}
    heads = measured.levels.spans.query("what == 'p'").groupby("head")["decades"].median()
    assert any(np.allclose(line.get_xdata(), np.sort(heads)) for line in spans.lines)
    assert len(ranges.collections) == 4 and len(levels.lines) == 3


def test_coverage_and_pools(draw_both, measured):
    undivided, unsensed = draw_both(page.draw_coverage, (measured.coverage, measured.cells)).axes
    assert labels(undivided) == {EXACT, LEARNED, RANDOM}
    assert labels(unsensed) == {LEARNED, RANDOM}
    assert undivided.lines[-1].get_xdata()[0] == measured.cells["covered_share"]
    result = measured.apart, measured.together, measured.baselines
    apart, together = draw_both(page.draw_pools, result).axes
    assert len(labels(apart)) == 4
    shown = measured.together.groupby(["heads", "seed"])["error"].median().groupby("heads").median()
    assert np.allclose(together.lines[0].get_ydata(), shown)
