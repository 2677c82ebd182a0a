"""The page on control, on few passages."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.pages.limitations import control as page
from brainbook.pages.limitations.control import erasing as trials

SEEDS, FEW = (0, 1), 130


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setattr(trials, "PER_LIBRARY", FEW)
        for function in (trials.passages.__wrapped__, trials.pooled):
            patch.setattr(function, "__defaults__", (FEW,))
        for function in (trials.erasure_table, trials.text_table):
            patch.setattr(function, "__defaults__", (FEW,))
        trials.passages.cache_clear()
        found = {
            "erased": page.measure_erasure(SEEDS),
            "text": page.measure_text(SEEDS),
            "depth": page.measure_depth(SEEDS, 60),
            "steer": page.measure_steering(SEEDS, 12),
        }
    trials.passages.cache_clear()
    return found


def test_every_eraser_is_measured_in_every_repetition(measured):
    erased = measured["erased"]
    counts = erased.groupby("seed")["eraser"].value_counts()
    assert (counts == 1).all() and set(erased["eraser"]) == set(page.ERASERS)
    assert erased[list(page.PROBES)].stack().between(0, 1).all()


def test_erasers_leave_no_linear_trace_where_they_were_fitted(measured):
    by = measured["erased"].groupby("eraser")["explained"].max()
    assert by[page.LEAST] < 1e-10 and by[page.MEANS] < 1e-10 < 0.1 < by["intact"]


def test_claims_are_well_made_and_the_exact_ones_hold(measured):
    made = page.claims(measured["erased"], measured["depth"], measured["steer"])
    assert all(isinstance(claim, Claim) for claim in made)
    ids = [claim.id for claim in made]
    assert len(set(ids)) == len(ids) and all(name.startswith("control-") for name in ids)
    exact = [claim for claim in made if claim.kind == "exact"]
    assert len(exact) >= 6
    assert [str(claim) for claim in exact if claim.status != "holds"] == []


def test_other_measurements_turn_the_claims(measured):
    erased = measured["erased"].assign(cross=1e-3, explained=1e-3, gradient=1e-3, least=1.0)
    erased[page.FRESH] = 0.5
    steer = measured["steer"].assign(slope=lambda t: 1.01 * t["slope"], kept=1.0)
    depth = measured["depth"].assign(here=1e-3, end=0.5)
    status = {claim.id: claim.status for claim in page.claims(erased, depth, steer)}
    failing = {name for name, found in status.items() if found == "fails"}
    assert {
        "control-cross", "control-explained", "control-gradient", "control-least",
        "control-fresh", "control-fresh-chance", "control-returns", "control-depth-cross",
        "control-steer-linear", "control-steer-price",
    } <= failing  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "result", "panels"),
    [("erasure", "erased", 2), ("erasure_text", "text", 2), ("erasure_depth", "depth", 1),
     ("steering", "steer", 3)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, result, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(measured[result])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines for ax in figure.axes)


def test_the_figure_of_depth_shows_what_was_measured(measured):
    with style.theme("light"):
        ax = page.draw_erasure_depth(measured["depth"]).axes[0]
    drawn = {round(float(x), 9) for line in ax.lines for x in line.get_xdata()}
    assert {round(float(x), 9) for x in measured["depth"]["end"]} <= drawn
