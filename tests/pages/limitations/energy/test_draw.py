"""Every mark of the page's figures is a value of its result."""

import numpy as np

from brainbook.pages.limitations import energy as page


def points(ax) -> set[tuple[float, float]]:
    """What lines of an axes show, to nine significant digits."""
    return {
        (float(f"{x:.9g}"), float(f"{y:.9g}"))
        for line in ax.lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def shown(ax, x, y) -> bool:
    """Whether every (x, y) is a point of the axes."""
    pairs = zip(*np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float)), strict=True)
    return {(float(f"{a:.9g}"), float(f"{b:.9g}")) for a, b in pairs} <= points(ax)


def test_every_run_is_drawn_where_it_was_printed(draw_both, measured):
    left, right = draw_both(page.draw_training_energy, measured.runs).axes
    rows = measured.runs[::-1].reset_index(drop=True)
    assert shown(left, rows["mwh"], rows.index)
    assert shown(right, rows["deviation_percent"], rows.index)
    assert shown(right, rows["allowed_percent"], rows.index)


def test_no_query_stands_among_tokens(draw_both, measured):
    axes = draw_both(page.draw_inference_energy, measured.answers).axes
    for ax, per in zip(axes, ("query", "token"), strict=True):
        rows = measured.answers[measured.answers["per"] == per].sort_values(
            "value", ascending=False, ignore_index=True
        )
        assert shown(ax, rows["value"], rows.index) and shown(ax, rows["high"], rows.index)
        assert [label.get_text() for label in ax.get_yticklabels()] == list(rows["system"])
        assert ax.get_xlabel() == f"joules per {per}"


def test_counts_lie_on_the_closed_form(draw_both, measured):
    left, right = draw_both(page.draw_floor, measured.floor).axes
    assert shown(left, measured.floor["length"], measured.floor["macs"] / 1e6)
    assert shown(right, measured.floor["length"], measured.floor["central"])
    assert shown(right, measured.floor["length"], measured.floor["memory_central"])


def test_both_ends_of_the_floor_are_drawn(draw_both, measured):
    (ax,) = draw_both(page.draw_above_floor, measured.above).axes
    rows = measured.above.sort_values(["kind", "ratio_45nm"], ignore_index=True)
    for end in ("ratio_45nm", "ratio_7nm"):
        assert shown(ax, rows[end], rows.index)
    tokens = rows[rows["kind"] == "token"]
    assert shown(ax, tokens["over_fetch_7nm"], tokens.index)


def test_a_budget_shows_both_studies_and_every_changed_input(draw_both, measured):
    left, right = draw_both(page.draw_brain_budget, measured.budgets).axes
    for study, shares in measured.budgets.shares.items():
        drawn = next(line for line in left.lines if set(line.get_xdata()) == set(shares))
        assert drawn.get_markerfacecolor() == (
            "none" if study.endswith("2001") else drawn.get_color()
        )
    rates = measured.budgets.rates.sort_values("rate", ascending=False, ignore_index=True)
    assert shown(right, rates["rate"], rates.index)
    assert len(right.get_yticklabels()) == len(rates)


def test_steps_stand_at_their_bounds(draw_both, measured):
    (ax,) = draw_both(page.draw_ladder, measured.ladder).axes
    rows = measured.ladder.sort_values("central", ascending=False, ignore_index=True)
    assert shown(ax, rows["bounds"], rows.index)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(rows["step"])


def test_rates_stand_beside_the_best_ones(draw_both, measured):
    left, right = draw_both(page.draw_optimal_rate, measured.quiet).axes
    own = measured.quiet.own.groupby(["machine", "layer"])[["optimum", "rate"]].median()
    drawn = {x for x, _ in points(left)}
    cells = measured.quiet.cells
    for values in (own["optimum"], own["rate"], cells["optimum"], cells["rate"]):
        assert {float(f"{value:.9g}") for value in values} <= drawn
    assert len(left.get_yticklabels()) == len(own) + cells["study"].nunique()
    share = measured.quiet.on_loihi.groupby(["layer", "price"])["share"].median().unstack("price")
    for layer in (1, 2):
        assert shown(right, range(3), 100 * share.loc[layer])
