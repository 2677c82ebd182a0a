"""Figures show what was measured."""

from __future__ import annotations

from brainbook.pages.limitations.external_memory import draw
from brainbook.pages.limitations.external_memory.measure import (
    COUNTS,
    MEMORY,
    TASKS,
    measure_sizes,
)


def points(ax, axis="x") -> set[float]:
    lines = (getattr(line, f"get_{axis}data")() for line in ax.lines)
    return {round(float(value), 6) for values in lines for value in values}


def rounded(values) -> set[float]:
    return {round(float(value), 6) for value in values}


def test_every_repetition_of_every_model_is_a_dot(draw_both, memory):
    axes = draw_both(draw.draw_memory_models, memory).axes
    for ax, task in zip(axes, TASKS, strict=True):
        rows = memory[(memory["task"] == task) & (memory["fraction"] == 1)]
        shown = rows[list(draw.MODELS)].stack().dropna()
        assert rounded(shown) | rounded([rows[MEMORY].mean()]) <= points(ax)
    assert [label.get_text() for label in axes[0].get_yticklabels()] == list(draw.MODELS)[::-1]


def test_the_growing_memory_is_drawn_by_its_size(draw_both, memory):
    growing = measure_sizes(memory)
    ax = draw_both(draw.draw_store_size, growing).axes[0]
    means = growing.groupby("fraction")[["stored", MEMORY, COUNTS]].mean()
    assert rounded(means["stored"]) == points(ax)
    assert rounded(means[MEMORY]) | rounded(means[COUNTS]) <= points(ax, "y")
