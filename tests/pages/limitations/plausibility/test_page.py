"""The page on learning rules, measured on briefly trained networks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.models.learning import training as learning_trials
from brainbook.pages.limitations import plausibility as page
from brainbook.pages.limitations.plausibility import attention
from brainbook.pages.limitations.plausibility import claims as plausibility_claims

SEEDS = (0, 1)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The page's results, from one pass over the images and a store of its own."""
    brief = {
        name: replace(setting, epochs=1, rates=setting.rates[:2])
        for name, setting in learning_trials.SETTINGS.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setattr(learning_trials, "SETTINGS", brief)
        patch.setattr(learning_trials, "WATCH_EVERY", 1)
        patch.setattr(attention, "STEPS", {"digits": 5, "recall": 5})
        patch.setattr(attention, "RATES", (0.02,))
        patch.setattr(page.measure, "BITS", (4, 10))
        patch.setattr(page.measure, "DRAWS", 10)
        patch.setattr(page.measure, "TEST_TEXTS", page.TEST_TEXTS[:2])
        return {
            "rules": page.measure_rules(SEEDS),
            "laws": page.measure_laws(SEEDS),
            "attended": page.measure_attention(SEEDS),
            "parts": page.measure_minilm(),
        }


def made(measured, **changed):
    results = measured | changed
    found = page.claims(results["rules"], results["laws"], results["attended"], results["parts"])
    return {claim.id: claim for claim in found}


def test_the_table_has_a_row_for_every_rule_and_a_source_for_every_published_one(measured):
    table = measured["rules"].table.set_index("rule")
    assert list(table.index) == list(learning_trials.SETTINGS) == list(plausibility_claims.SOURCES)
    sourced = table["source"].str.len() > 0
    assert set(table.index[~sourced]) == set(page.BASELINES)
    assert table["accuracy, %"].between(0, 100).all()
    assert table["change if weights above change"]["feedback alignment"] == 0
    assert table["negative errors"].isna().sum() == 6


def test_tuning_shows_every_rate_that_was_tried(measured):
    tuning = page.measure_tuning(measured["rules"])
    assert len(tuning) == sum(len(s.rates[:2]) for s in learning_trials.SETTINGS.values())
    tried = tuning.set_index("rule")["validation accuracy, %"]
    assert list(tried.index[tried.isna()]) == ["one-sided, patient"]
    assert tried.dropna().between(0, 100).all()


def test_headline_numbers_are_those_of_the_table(measured):
    found = page.measure_headline(measured["rules"], measured["attended"])
    table = measured["rules"].table.set_index("rule")
    assert found["kolen_accuracy"] == table.loc["Kolen-Pollack", "accuracy, %"]
    assert found["backprop_angle"] == pytest.approx(0, abs=0.1) and found["chance"] == 25
    assert {"digits_bp", "digits_fa", "recall_bp_frozen", "recall_fa_frozen"} <= set(found)


def test_likeness_names_sources_where_brains_have_numbers(measured):
    table = page.measure_likeness(measured["parts"])
    assert table["property"].is_unique
    assert ((table["source"] == "") == (table["brain"] == "not measured here")).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "result", "panels"),
    [("rule_accuracy", "rules", 2), ("alignment_angles", "rules", 2), ("learning_laws", "laws", 3),
     ("feedback_attention", "attended", 2), ("minilm_parts", "parts", 2)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, result, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(measured[result])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines for ax in figure.axes)


def test_claims_are_well_made_and_the_exact_ones_hold(measured):
    claims = made(measured)
    assert all(isinstance(claim, Claim) and name.startswith("plausibility-")
               for name, claim in claims.items())  # fmt: skip
    certain = [c for c in claims.values() if c.kind in ("exact", "law", "number")]
    assert len(certain) >= 20
    assert [c.id for c in certain if c.status != "holds"] == []


def test_wrong_results_make_claims_fail(measured):
    rules = measured["rules"]
    copied = rules.needs.copy()
    copied.loc["feedback alignment", "transport"] = 0.1
    copied.loc["predictive coding", "elsewhere"] = 1
    claims = made(measured, rules=replace(rules, needs=copied))
    assert claims["plausibility-transport-none"].status == "fails"
    assert claims["plausibility-elsewhere-local"].status == "fails"
    laws = measured["laws"]
    skewed = laws.decay.assign(gap=laws.decay["gap"] + 1e-6)
    claims = made(measured, laws=replace(laws, decay=skewed))
    assert claims["plausibility-kolen-pollack"].status == "fails"
