"""Page attention/astrocytes at a small size: results, figures, claims that can fail."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from transformers import BertConfig

from brainbook.evidence import facts, style
from brainbook.pages.attention import astrocytes as page
from brainbook.pages.attention.astrocytes import claims

SEEDS = (0, 1, 2)
UNITS = [64, 256, 1024, 2048, 4096, 8192]


@pytest.fixture(scope="module", autouse=True)
def few_units():
    """Published sizes scaled down, so that the page runs in seconds; nothing is stored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.measure.store, "made_once", lambda made, **params: made(**params))
        patch.setattr(page.measure, "SMALL", 32)
        patch.setattr(page.measure, "LARGE", 2048)
        yield


@pytest.fixture(scope="module")
def gaussian():
    return page.measure_gaussian(UNITS, SEEDS, tokens=40)


@pytest.fixture(scope="module")
def minilm(few_units):
    return page.measure_minilm([16, 64, 256, 1024], SEEDS, tokens=40)


@pytest.fixture(scope="module")
def vision(few_units, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        train = page.train_vit
        patch.setattr(page.measure, "train_vit", lambda seed: train(seed=seed, epochs=3))
        yield page.measure_vision(SEEDS)


@pytest.fixture(scope="module")
def fit():
    return page.measure_fit((1, 5), 16, SEEDS, steps=60, tokens=60, per_text=1)


def both_themes(draw, result):
    drawn = []
    for theme in style.PALETTE:
        with style.theme(theme):
            drawn.append(draw(result))
    assert all(isinstance(figure, Figure) for figure in drawn)
    return drawn[0]


def test_error_figure_has_bands_laws_and_baselines(gaussian, minilm):
    figure = both_themes(page.draw_error, (gaussian, minilm))
    axes = figure.axes
    assert len(axes) == 4
    assert len(axes[0].collections) == 3 and len(axes[2].collections) == 2
    labels = {text.get_text() for ax in axes for text in ax.texts}
    assert {"uniform, d = 32", "Taylor, d = 32", "slope -1/2", "whole block"} <= labels


def test_heads_figure_shows_all_72(minilm):
    figure = both_themes(page.draw_heads, minilm)
    assert len(figure.axes[0].texts) == 72
    assert len(figure.axes[1].collections[0].get_offsets()) == 72


def test_trace_figure_marks_what_leaves_the_axis(minilm, vision):
    shown = [*minilm.traces, vision.trace]
    figure = both_themes(page.draw_traces, shown)
    assert len(figure.axes) == 2 * len(shown)
    for row, trace in enumerate(shown):
        frame = trace.frame()
        for column, units in enumerate((page.SMALL, page.LARGE)):
            marks = figure.axes[2 * row + column].lines[2].get_xdata()
            assert len(marks) == (frame[f"p_{units}"] > 1.5).sum()


def test_maps_and_fit_figures(fit):
    maps = page.measure_maps([16, 64], SEEDS, tokens=40)
    assert set(maps["map"]) == {kind.name for kind in page.MAPS}
    figure = both_themes(page.draw_maps, maps)
    assert all(len(ax.lines) == len(page.MAPS) for ax in figure.axes)
    figure = both_themes(page.draw_fit, fit)
    assert {"learned, held-out", "learned, known"} <= {t.get_text() for t in figure.axes[0].texts}


def test_budget_is_synapses_over_width(gaussian, minilm):
    budget = page.measure_budget(gaussian, minilm)
    both_themes(page.draw_budget, (budget, gaussian, minilm))
    table = facts.table("astrocyte_cells.csv").set_index("key")["value"]
    for row in budget.itertuples():
        assert row.synapses == table[f"{row.species}_synapses_{row.bound}"]
        assert row.units * row.d_head <= row.synapses < (row.units + 1) * row.d_head
    curve = gaussian.curve("output", "untrained, d = 64").median()
    row = budget.query("d_head == 64 and species == 'rodent' and bound == 'high'").iloc[0]
    assert curve[2048] < row["error"] < curve[1024]  # 1,875 units lie between


def test_exact_claims_hold_and_a_broken_identity_fails():
    deviations = page.measure_identities(0)
    assert {claim.status for claim in claims.exact(deviations)} == {"holds"}
    broken = claims.exact(deviations | {"torch": 1e-6})
    assert [claim.id for claim in broken if claim.status == "fails"] == ["astrocyte-torch"]


def test_law_claims_hold_on_small_gaussians_and_fail_for_another_law(gaussian):
    made = claims.gaussian(gaussian, page.measure_pair_law(SEEDS), page.LAW)
    by_id = {claim.id: claim for claim in made}
    slope = by_id["astrocyte-slope-trace"]
    assert slope.measured == pytest.approx(-0.5, abs=0.06)
    assert 0 < slope.tolerance < 0.2  # a slope of zero or of minus one would fail
    wrong = claims._law("slope", "x", claims.slopes(gaussian, "trace", page.LAW), -1.0, "x")
    assert wrong.status == "fails"


def test_real_heads_are_slower_than_the_law_and_not_all_follow(minilm, vision):
    by_id = {claim.id: claim for claim in claims.trained(minilm, vision, page.SMALL, page.LARGE)}
    assert by_id["astrocyte-slower-than-law"].status == "holds"
    assert by_id["astrocyte-more-units"].status == "holds"
    follows = by_id["astrocyte-every-head-follows"]
    assert follows.status == "does not transfer"
    count = (minilm.over_constant(page.LARGE) <= 1).sum()
    assert 0 < count < 72 and follows.reason.startswith(f"{count} of 72")


def test_overfitting_is_seen_where_units_are_fitted(fit):
    by_id = {claim.id: claim for claim in claims.fitted(fit)}
    assert by_id["astrocyte-one-passage-overfits"].status == "holds"
    gap = by_id["astrocyte-random-has-no-gap"]
    assert gap.status == "holds" and gap.tolerance < 0.3
    assert by_id["astrocyte-gap-closes"].measured > 0


def test_a_gap_of_random_units_would_fail_the_claim(fit):
    leaked = fit.copy()
    known = (leaked["method"] == "random") & (leaked["split"] == "calibration")
    leaked.loc[known, "error"] *= 0.3
    by_id = {claim.id: claim for claim in claims.fitted(leaked)}
    assert by_id["astrocyte-random-has-no-gap"].status == "fails"


def test_cell_claims_depend_on_the_text(gaussian, minilm):
    budget = page.measure_budget(gaussian, minilm)
    lasts = claims.cell(budget, 196, 100_000)[1]
    assert lasts.status == "holds" and lasts.measured == pytest.approx(39.2)
    assert claims.cell(budget, 20, 100_000)[1].status == "fails"


def test_claim_ids_are_unique_and_prefixed(gaussian, minilm, vision, fit):
    cells = page.measure_budget(gaussian, minilm)
    made = page.claims(gaussian, minilm, vision, fit, cells)
    ids = [claim.id for claim in made]
    assert len(ids) == len(set(ids)) and all(name.startswith("astrocyte-") for name in ids)
    assert {claim.kind for claim in made} == {"exact", "law", "ordering"}


def test_half_width_is_students_interval_and_needs_seeds():
    values = pd.Series([1.0, 2.0, 3.0, 4.0])
    # t quantile 3.182 for three degrees of freedom
    assert claims.half_width(values) == pytest.approx(
        3.182 * np.std([1, 2, 3, 4], ddof=1) / 2, rel=1e-3
    )
    with pytest.raises(ValueError, match="seeds"):
        claims.half_width(values[:2])


def test_gaussian_settings_have_the_variance_of_an_untrained_bert():
    assert BertConfig().initializer_range == page.BERT_INIT
    assert page.GAUSSIAN[page.LAW] == (32, pytest.approx(page.BERT_INIT**2 * 12 * 32))
    assert page.GAUSSIAN["untrained, d = 64"] == (64, pytest.approx(page.BERT_INIT**2 * 12 * 64))


def test_without_the_originals_the_page_shows_its_own(monkeypatch, tmp_path):
    missing = page.pretrained.Original(str(tmp_path / "none"), "main")
    for name in page.ORIGINALS:
        monkeypatch.setitem(page.pretrained.HUB, name, missing)
    assert page.measure_originals(0) == []
