"""Page attention/one_astrocyte at a small size: results, figures, claims that can fail."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.models.astrocyte import sweep as circuit_sweep
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.pages.attention import one_astrocyte as page
from brainbook.pages.attention.one_astrocyte import (
    claims as small_circuit_claims,
)
from brainbook.pages.attention.one_astrocyte.sweeps import Small

SEEDS = range(3)
TOKENS = 32


@pytest.fixture(scope="module", autouse=True)
def short_texts():
    """Short passages, few of them, and published sizes scaled down."""
    known = calibration_passages(TOKENS, 8)[:20]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.measure, "calibration_passages", lambda tokens: known)
        patch.setattr(page.measure, "PUBLISHED", (64, 512))
        patch.setattr(page.measure.store, "made_once", lambda made, **params: made(**params))
        yield


@pytest.fixture(scope="module")
def small():
    return page.measure_tuned((4, 16, 64), (200,), SEEDS, tokens=TOKENS)


@pytest.fixture(scope="module")
def published():
    return page.measure_published(8, SEEDS, TOKENS)


@pytest.fixture(scope="module")
def unbiased():
    return page.measure_unbiased((16, 64), SEEDS, 1, TOKENS)


@pytest.fixture(scope="module")
def noisy():
    return page.measure_robustness(32, SEEDS, TOKENS)


def both_themes(draw, result):
    drawn = []
    for theme in style.PALETTE:
        with style.theme(theme):
            drawn.append(draw(result))
    assert all(isinstance(figure, Figure) for figure in drawn)
    return drawn[0]


def test_tuned_units_reach_all_heads_and_beat_the_published_ones(small, published):
    assert small.errors().groupby(["map", "units", "seed"])["head"].count().eq(72).all()
    ours = small.medians().loc[page.Landmarks.name]
    assert (ours[200] < ours[16]).all() and (ours[16] < ours[4]).all()
    assert (ours[64] < published.curve("output")[64]).all()


def test_small_figure_shows_budget_goal_and_all_curves(small, published):
    cells = page.measure_cells(published)
    figure = both_themes(page.draw_small, (published, small, cells))
    (ax,) = figure.axes
    labels = {text.get_text() for text in ax.texts}
    named = {"rodent", "human", "goal", "uniform attention", "published random units"}
    assert named | set(page.ROLES) <= labels
    (goal,) = [line for line in ax.lines if set(line.get_ydata()) == {page.GOAL}]
    assert goal.get_xdata()[-1] == 512
    bounds = cells.set_index(["species", "bound"])["units"]
    assert (bounds["rodent", "high"], bounds["human", "high"]) == (120_000 // 32, 2_000_000 // 32)


def test_map_figure_has_a_curve_for_every_map(small, published, unbiased):
    cells = page.measure_cells(published)
    figure = both_themes(page.draw_every_map, (unbiased, small, cells))
    assert len(figure.axes[0].lines) == unbiased["map"].nunique() + len(page.ROLES)
    assert set(page.FITTED) <= set(unbiased["map"])


def test_needed_figure_has_a_cell_and_a_factor_for_every_head(small, published):
    needed, saved = page.measure_needed(published, small), page.measure_saved(published, small)
    figure = both_themes(page.draw_needed, (needed, saved, 200))
    assert len(figure.axes[0].texts) == 72
    words = {text.get_text() for text in figure.axes[0].texts}
    assert ("more" in words) == np.isinf(needed["units"]).any()
    assert len(figure.axes[1].lines[0].get_xdata()) == 72
    assert (np.diff(figure.axes[1].lines[0].get_xdata()) >= 0).all()


def test_other_figures_show_what_was_measured(small, noisy):
    gap = both_themes(page.draw_gap, small)
    assert len(gap.axes[1].collections[0].get_offsets()) == 72
    followed = both_themes(page.draw_followed, (small.traces, 200))
    assert [len(ax.lines) for ax in followed.axes] == [2, 2, 2]
    robust = both_themes(page.draw_robustness, noisy)
    assert len(robust.axes[0].lines) == noisy["ridge"].nunique()


def test_claims_are_named_once_and_exact_ones_hold(small, published, unbiased, noisy):
    saved = page.measure_saved(published, small)
    found = page.claims(published, small, unbiased, saved, noisy, 0)
    assert len({claim.id for claim in found}) == len(found) == 12
    exact = [claim for claim in found if claim.kind == "exact"]
    assert len(exact) == 2 and all(claim.status == "holds" for claim in exact)


def test_the_law_fails_for_another_metric(monkeypatch):
    (claim,) = small_circuit_claims.law(range(5), keys=50_000)
    assert claim.status == "holds"
    plain = small_circuit_claims.unexplained
    monkeypatch.setattr(small_circuit_claims, "unexplained", lambda *args: 2 * plain(*args))
    (claim,) = small_circuit_claims.law(range(5), keys=50_000)
    assert claim.status == "fails"


def test_the_goal_fails_where_errors_are_larger(small, published, unbiased):
    saved = page.measure_saved(published, small)
    size = small_circuit_claims.size

    def goal(frame: pd.DataFrame) -> str:
        claims = size(published, Small(frame, (), 200), saved, 0.1, 512)
        return {claim.id: claim.status for claim in claims}["small-goal"]

    assert goal(small.frame.assign(error=0.3 + small.frame["error"])) == "fails"
    assert goal(small.frame.assign(error=0.01 * small.frame["error"])) == "holds"


def test_the_published_sweep_is_the_one_of_the_page_before():
    asked = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            page.measure.store, "made_once", lambda made, **params: asked.update(params, f=made)
        )
        page.measure_published(6, range(5))
    assert asked["f"] is circuit_sweep.minilm_sweep
    assert asked["units"] == (16, 32, 64) and asked["seeds"] == (0, 1, 2, 3, 4)
