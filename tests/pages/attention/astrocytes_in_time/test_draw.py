"""Figures of attention/astrocytes_in_time show what was measured."""

import numpy as np

from brainbook.evidence import style
from brainbook.pages.attention import astrocytes_in_time as page
from brainbook.pages.attention.astrocytes_in_time.circuits import EXACT, FINITE, GATED, LATERAL
from brainbook.pages.attention.astrocytes_in_time.timing import span

INTERVAL = 0.5


def labels(ax):
    return {text.get_text() for text in ax.texts}


def medians(rows, x):
    return rows.groupby([x, "seed"])["error"].median().groupby(x).median()


def test_everything_at_once_has_a_mark_for_each_circuit_and_limit(draw_both, measured):
    figure = draw_both(page.draw_at_once, (measured.limits.at_once, measured.baselines))
    (ax,) = figure.axes
    table = page.summary(measured.limits)
    marks = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert list(marks) == [EXACT, *FINITE]
    for circuit in FINITE:
        shown = np.sort(marks[circuit].get_xdata())
        assert np.allclose(shown, np.sort(table[circuit]))
    assert [label.get_text() for label in ax.get_yticklabels()] == list(table["limits"])


def test_fading_shows_three_decays(draw_both, measured):
    figure = draw_both(page.draw_fading, measured.fading)
    for ax in figure.axes:
        assert labels(ax) == {"no leak", "25 s", "4 s"}
    groups = measured.fading.groupby("decay", sort=False)
    for line, (_, rows) in zip(figure.axes[0].lines, groups, strict=True):
        assert np.allclose(line.get_ydata(), rows["weight"])


def test_leak_has_published_bands_and_ends_with_its_data(draw_both, measured):
    leak = measured.limits.leak
    left, right = draw_both(page.draw_leak, (leak, measured.baselines, measured.cells)).axes
    bands = {"process", "cell body", "uniform"}
    assert labels(left) == {"both", "trace alone", "rescaled"} | bands
    assert labels(right) == {EXACT, *FINITE} | bands
    finite = leak.loc[leak["circuit"] == GATED, "seconds"]
    for ax in (left, right):
        assert np.allclose(ax.get_xlim(), (finite.min(), finite.max()))
        edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
        expected = [span(measured.cells, f"{where}_decay") for where in ("process", "soma")]
        assert np.allclose(edges, expected)
    shown = medians(leak[leak["circuit"] == GATED], "seconds")
    assert any(np.allclose(line.get_ydata(), shown) for line in right.lines if
               len(line.get_ydata()) == len(shown))  # fmt: skip


def test_needed_has_three_clocks(draw_both, measured):
    clocked = page.measure_clocked(measured.needed, measured.clocks)
    (ax,) = draw_both(page.draw_decay_needed, (clocked, measured.cells)).axes
    assert labels(ax) == {*measured.clocks.index, "process", "cell body"}
    for line, (name, rows) in zip(ax.lines, clocked.groupby("clock", sort=False), strict=True):
        seconds = measured.needed.groupby("tokens")["decay"].median() * measured.clocks[name]
        assert np.allclose(line.get_ydata(), seconds) and np.allclose(rows["middle"], seconds)


def test_slopes_have_a_bar_for_every_row(draw_both, measured):
    (ax,) = draw_both(page.draw_slopes, measured.slopes).axes
    lengths = [tuple(line.get_xdata()) for line in ax.lines]
    assert lengths == list(zip(measured.slopes["flat"], measured.slopes["steep"], strict=True))


def test_rise(draw_both, measured):
    rise = measured.limits.rise
    result = rise, INTERVAL, measured.baselines, measured.cells
    left, right = draw_both(page.draw_rise, result).axes
    assert {"synapses", "reading", "trace"} <= labels(left)
    assert {EXACT, *FINITE} <= labels(right)
    shown = medians(rise[rise["part"] == "writing, synapses"], "rise")
    assert any(len(line.get_ydata()) == len(shown) and np.allclose(line.get_ydata(), shown)
               for line in left.lines)  # fmt: skip


def test_coverage_noise_range_and_pools_show_every_finite_circuit(draw_both, measured):
    limits, baselines = measured.limits, measured.baselines
    result = limits.coverage, baselines, measured.cells
    panels = draw_both(page.draw_coverage, result).axes
    assert [ax.get_title(loc="left") for ax in panels] == list(limits.coverage["reading"].unique())
    noisy = draw_both(page.draw_noise, (limits.noise, baselines)).axes
    (pools,) = draw_both(page.draw_pools, (limits.pools, baselines)).axes
    for ax in (*panels, *noisy, pools):
        assert labels(ax) == {*FINITE, "uniform"}
    *_, levels = draw_both(page.draw_range, limits.ranges).axes
    assert labels(levels) == set(FINITE)


def test_tuned_circuits_are_purple_and_the_gated_one_is_dashed(draw_both, measured):
    ax, _ = draw_both(page.draw_noise, (measured.limits.noise, measured.baselines)).axes
    purple = [line for line in ax.lines if line.get_color() == style.PALETTE["light"]["hybrid"]]
    assert [line.get_linestyle() for line in purple] == ["-", "--"]
    rows = measured.limits.noise.query("place == 'each trace'")
    for line, circuit in zip(purple, (LATERAL, GATED), strict=True):
        assert np.allclose(line.get_ydata(), medians(rows[rows["circuit"] == circuit], "size"))
