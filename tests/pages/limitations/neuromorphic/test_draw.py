"""Every mark of the page's figures is a value of its result."""

import pandas as pd
import pytest

from brainbook.pages.limitations import neuromorphic as page
from brainbook.pages.limitations.neuromorphic.mesh import PLACED


def points(ax) -> list[tuple[float, float]]:
    """What lines of an axes show, rounded."""
    return [
        (round(float(x), 9), round(float(y), 9))
        for line in ax.lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def shown(ax, x, y) -> bool:
    """Whether every (x, y) is a point of the axes."""
    rounded = zip(pd.Series(x).astype(float).round(9), pd.Series(y).astype(float).round(9),
                  strict=True)  # fmt: skip
    return set(rounded) <= set(points(ax))


def test_every_published_value_has_a_mark(draw_both, measured):
    (ax,) = draw_both(page.draw_synaptic_energies, measured.energies).axes
    rows = measured.energies
    assert shown(ax, rows["energy"], rows.groupby("chip", sort=False).ngroup())


def test_every_mapping_has_a_mark_and_its_utilisation(draw_both, measured):
    (ax,) = draw_both(page.draw_cores_needed, measured.mapping).axes
    rows = measured.mapping
    assert shown(ax, rows["cores"], rows.groupby("chip", sort=False).ngroup())
    written = {text.get_text() for text in ax.texts}
    assert {
        f"{100 * full:.0f}%" for full in rows[rows["method"] != "bound"]["utilisation"]
    } == written


def test_the_loss_is_drawn_over_its_messages_with_its_interval(draw_both, measured):
    (ax,) = draw_both(page.draw_event_codes, measured.codes).axes
    curves = measured.codes.curves
    assert shown(ax, curves["messages"], curves["loss"])
    ends = {round(float(y), 9) for bars in ax.collections for part in bars.get_segments()
            for y in part[:, 1]}  # fmt: skip
    assert set((curves["loss"] + curves["half_width"]).round(9)) <= ends


def test_hops_are_medians_over_seeds(draw_both, measured):
    axes = draw_both(page.draw_mesh_hops, measured.placements).axes
    for ax, chip in zip(axes, PLACED, strict=True):
        rows = measured.placements[measured.placements["chip"] == chip]
        medians = rows.groupby(["way", "placement"])["hops"].median() / 1e3
        for way in ("unicast", "multicast"):
            hops = medians[way][["in order", "at random", "optimised"]]
            assert shown(ax, range(3), hops.to_numpy())


def test_terms_and_totals_stand_on_the_row_of_their_machine(draw_both, measured):
    (ax,) = draw_both(page.draw_block_energy, measured.costs).axes
    rows = measured.costs[measured.costs["central"] > 0]
    assert shown(ax, rows["central"], rows.groupby("machine", sort=False).ngroup())
    total = rows.groupby("machine", sort=False)["central"].sum()
    assert shown(ax, total.to_numpy(), range(len(total)))


def test_energy_is_drawn_over_the_tokens_that_share(draw_both, measured):
    (ax,) = draw_both(page.draw_weight_sharing, measured.shared).axes
    assert shown(ax, measured.shared["tokens"], measured.shared["central"])
    assert {text.get_text() for text in ax.texts} >= set(measured.shared["machine"])


@pytest.mark.parametrize("end", ["low", "high"])
def test_bands_are_the_interval_of_the_constants(draw_both, measured, end):
    (ax,) = draw_both(page.draw_weight_sharing, measured.shared).axes
    corners = {
        round(float(y), 6) for band in ax.collections for y in band.get_paths()[0].vertices[:, 1]
    }
    assert set(measured.shared[end].round(6)) <= corners
