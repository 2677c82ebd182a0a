"""Figures show what was measured."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.plausibility import draw
from brainbook.pages.limitations.plausibility.attention import TASKS
from brainbook.pages.limitations.plausibility.settings import BASELINES, SETTINGS, SPIKING


def points(ax, axis="x") -> set[float]:
    lines = (getattr(line, f"get_{axis}data")() for line in ax.lines)
    return {float(f"{float(value):.9g}") for values in lines for value in values}


def rounded(values) -> set[float]:
    return {float(f"{float(value):.9g}") for value in values}


def labels(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_every_repetition_of_every_rule_is_a_dot(draw_both, rules):
    flat, spiking = draw_both(draw.draw_rule_accuracy, rules).axes
    accuracy = 100 * rules.accuracy.set_index("rule")["accuracy"]
    assert rounded(accuracy.drop(list(SPIKING))) <= points(flat)
    assert rounded(accuracy[list(SPIKING)]) <= points(spiking)
    assert labels(flat) + labels(spiking) == list(SETTINGS)
    assert rounded([accuracy["random features"].mean()]) <= points(flat)


def test_an_objection_that_remains_is_a_filled_dot(draw_both, rules):
    ax = draw_both(draw.draw_rule_needs, rules).axes[0]
    names, needs = labels(ax), list(draw.OBJECTIONS)
    assert set(names) == set(SETTINGS) - set(BASELINES)
    filled = {
        (names[round(y)], needs[round(x)])
        for line in ax.lines
        for x, y in zip(*line.get_data(), strict=True)
        if line.get_markerfacecolor() != "none"
    }
    table = rules.needs.loc[names, needs]
    free = [draw.OBJECTIONS[need][1] for need in needs]
    stacked = (table > free).stack()
    assert filled == set(stacked[stacked].index)
    assert ("feedback alignment", "transport") not in filled
    assert len(ax.lines) == table.notna().to_numpy().sum()


def test_angles_are_drawn_by_layer_and_rule(draw_both, rules):
    left, right = draw_both(draw.draw_alignment_angles, rules).axes
    angles = rules.angles
    aligned = angles[(angles["rule"] == "feedback alignment") & (angles["layer"] < 3)]
    assert rounded(aligned["angle"]) <= points(left, "y")
    others = angles[(angles["rule"] == "Kolen-Pollack") & (angles["layer"] == 1)]
    assert rounded(others.groupby("epoch")["angle"].median()) <= points(right, "y")


def test_laws_are_dots_on_lines(draw_both, proved):
    decay, nudge, code = draw_both(draw.draw_learning_laws, proved).axes
    assert rounded(proved.decay["law"]) <= points(decay, "y")
    errors = proved.bias.groupby(["symmetric", "beta"])["error"].mean()
    assert rounded(errors) <= points(nudge, "y")
    lines = proved.lines[proved.lines["law_of"] == "gap"]
    assert rounded(lines["error"]) <= points(code, "y")


def test_every_repetition_of_every_way_is_a_dot(draw_both, attended):
    axes = draw_both(draw.draw_feedback_attention, attended).axes
    for ax, (name, task) in zip(axes, TASKS.items(), strict=True):
        rows = attended[attended["task"] == name]
        assert rounded(100 * rows["accuracy"]) | rounded([100 * task.chance]) <= points(ax)
        assert labels(ax) == list(task.ways)


def test_signs_are_counted_and_bits_drawn(draw_both, parts):
    left, right = draw_both(draw.draw_minilm_parts, parts).axes
    assert sum(bar.get_height() for bar in left.patches) == len(parts.signs)
    assert left.lines[0].get_xdata()[0] == pytest.approx(100 * parts.fair)
    medians = parts.bits.groupby(["rounded", "bits"])["cosine"].median()
    assert rounded(medians) <= points(right, "y")
    assert parts.synapse_bits in points(right)
