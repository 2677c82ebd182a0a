"""Figures of attention/memory show what was measured."""

import numpy as np

from brainbook.pages.attention import memory as page
from brainbook.pages.attention.memory import heads
from brainbook.pages.attention.memory.circuits import DENSE, NEUTRAL, PUBLISHED


def labels(figure) -> set[str]:
    return {text.get_text() for ax in figure.axes for text in ax.texts}


def test_collapse(draw_both, collapse):
    ax, fall = draw_both(page.draw_collapse, collapse).axes
    *curves, theory = ax.lines
    medians = collapse.table.groupby(["neurons", "load"])["overlap"].median().unstack()
    for line, (_, overlap) in zip(curves, medians.iterrows(), strict=True):
        assert np.allclose(line.get_ydata(), overlap)
    assert theory.get_ydata()[-1] == 0 and theory.get_xdata()[-1] == collapse.critical
    assert np.allclose(fall.lines[0].get_ydata(), collapse.falls.median())


def test_capacities(draw_both, capacity):
    figure = draw_both(page.draw_dense_capacity, capacity)
    assert {"n = 2", "n = 3", "n = 4", "no errors"} <= labels(figure)
    rows = capacity.powers[capacity.powers["degree"] == 2]
    points = rows.groupby("neurons")["capacity"].median()
    assert np.allclose(figure.axes[0].lines[0].get_ydata(), points)
    figure = draw_both(page.draw_exponential_capacity, capacity)
    assert {"one bit", "all patterns"} <= labels(figure)
    points = capacity.single.groupby("neurons")["patterns"].median()
    assert np.allclose(figure.axes[0].lines[0].get_ydata(), points)


def test_memories_per_part(draw_both, capacity):
    counted = page.per_part(capacity.powers)
    (ax,) = draw_both(page.draw_memories_per_unit, counted).axes
    unit = counted[counted["degree"] == 4].groupby("neurons")["unit"].median()
    assert np.allclose(ax.lines[0].get_ydata(), unit) and len(ax.texts) == 4


def test_circuits(draw_both, descent, recalled):
    layers, circuit = draw_both(page.draw_descent, descent).axes
    assert (len(layers.lines), len(circuit.lines)) == (2, 3)
    for line in (*layers.lines, *circuit.lines):
        assert (line.get_ydata()[0], line.get_ydata()[-1]) == (1, 0)
    recall, _ = recalled
    overlap, _ = draw_both(page.draw_astrocyte_recall, recall).axes
    for line, system in zip(overlap.lines, (NEUTRAL, PUBLISHED, DENSE), strict=True):
        shown = recall[recall["system"] == system].groupby("time")["overlap"].median()
        assert np.allclose(line.get_ydata(), shown)


def test_heads(draw_both, keys, iterated):
    ax, _ = draw_both(page.draw_keys_held, keys).axes
    untrained, trained = ax.collections
    assert len(trained.get_offsets()) == 72
    assert untrained.get_offsets()[:, 1].min() > np.median(trained.get_offsets()[:, 1])
    assert set(heads.CLASSES) <= {text.get_text() for text in ax.texts}
    *panels, dots = draw_both(page.draw_repeated_attention, iterated).axes
    middle = iterated[0].groupby(["layer", "updates"])["keys"].median()
    for layer, ax in enumerate(panels):
        assert len(ax.lines) == 6  # the five others behind the own one
        by_document = iterated[0].query("layer == @layer")
        own = by_document.groupby(["updates", "document"])["keys"].median().groupby("updates")
        assert np.allclose(ax.lines[-1].get_ydata(), own.median())
        other = (layer + 1) % 6
        assert any(np.allclose(line.get_ydata(), middle[other]) for line in ax.lines[:-1])
    assert len(panels) == 6 and len(dots.collections[0].get_offsets()) == 72
