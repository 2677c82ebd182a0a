"""Figures show what was measured."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.scale import draw


def points(ax, axis="y") -> set[float]:
    lines = (getattr(line, f"get_{axis}data")() for line in ax.lines)
    return {float(f"{float(value):.9g}") for values in lines for value in values}


def rounded(values) -> set[float]:
    return {float(f"{float(value):.9g}") for value in values}


def test_counts_stand_on_their_closed_forms(draw_both, result):
    ax = draw_both(draw.draw_token_cost, result.counts).axes[0]
    table, closed = result.counts.table, result.counts.closed
    assert rounded(table["attention"] / 1e6) | rounded(closed["both"] / 1e6) <= points(ax)
    assert 6 * 384 in points(ax, "x")


def test_break_even_is_drawn_from_the_counts(draw_both, result):
    ax, meet = draw_both(draw.draw_linear_cost, result.linear).axes
    table = result.linear.table
    assert rounded(table.loc[table["kind"] != "fused", "macs"] / 1e6) <= points(ax)
    assert rounded(result.linear.crossover) <= points(meet)


def test_medians_of_time_and_memory(draw_both, result):
    seconds, memory = draw_both(draw.draw_attention_time, result.costs).axes
    by = result.costs.groupby(["kind", "tokens"])
    assert rounded(1e3 * by["seconds"].median()) == points(seconds)
    assert rounded(1e-6 * by["bytes"].median()) == points(memory)


def test_collapse_is_drawn_by_weights(draw_both, result):
    axes = draw_both(draw.draw_rank_collapse, result.collapse).axes
    state = result.collapse[result.collapse["followed"] == "state"]
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        rows = state[state["weights"] == weights]
        assert rounded(rows.groupby(["parts", "depth"])["residual"].median()) <= points(ax)
        assert ax.get_title(loc="left") == f"{weights} weights"


def test_doubling_shows_decimal_places_and_the_rate(draw_both, result):
    axes = draw_both(draw.draw_doubling, result.growth).axes
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        lost, tripled = (
            t[t["weights"] == weights] for t in (result.growth.lost, result.growth.tripled)
        )
        assert rounded(lost.groupby(["parts", "depth"])["lost"].median()) <= points(ax)
        assert ax.lines[-1].get_ydata() == pytest.approx(tripled["lost"])


def test_one_layer_shows_dots_on_the_closed_form(draw_both, result):
    axes = draw_both(draw.draw_cubic, result.one_layer).axes
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        rows = result.one_layer[result.one_layer["weights"] == weights]
        assert rounded(rows["after"]) | rounded(rows["leading"]) == points(ax)


def test_sharpness_shows_medians(draw_both, result):
    ax = draw_both(draw.draw_sharpness, result.sharpness).axes[0]
    medians = result.sharpness.groupby(["weights", "gain"])["layers"].median()
    assert rounded(medians) == points(ax)
