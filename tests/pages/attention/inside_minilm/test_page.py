"""Page attention/inside_minilm at a small size: figures, summaries, and claims that can fail."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.pages.attention import inside_minilm as page
from brainbook.pages.attention.inside_minilm import claims, replacing
from brainbook.pages.attention.inside_minilm import tasks as sentence_tasks
from brainbook.pages.attention.inside_minilm.claims import GATED, LATERAL
from brainbook.pages.attention.inside_minilm.replacing import INTACT, SETTING, UNIFORM, Inside

LARGEST, SEEDS, PAIRS = 40, 3, 6
SMALL = {"FEW": 16, "MIDDLE": 24}


@pytest.fixture(scope="module", autouse=True)
def small():
    """Few units, fitted on few short passages."""
    few = calibration_passages(48, 12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replacing, "calibration_passages", lambda: few)
        for name, value in SMALL.items():
            patch.setattr(page.measure, name, value)
        patch.setattr(page.measure.store, "made_once", lambda made, **given: made(**given))
        yield


@pytest.fixture(scope="module")
def inside(small):
    return page.measure_inside(LARGEST, SEEDS, PAIRS, 0)


def known(lift: dict, end: dict, seeds: int = 4) -> Inside:
    """Measures and errors with known means, and with scatter between seeds."""
    rng, rows, drifts = np.random.default_rng(0), [], []
    for (heads, units), value in lift.items():
        for seed in range(seeds):
            text = 0.05 * seed
            for measure in ("recall at 1", "MRR", "cosine", "Spearman"):
                noise = 0 if heads == INTACT else 0.002 * rng.normal()
                rows.append((heads, units, seed, measure, value + text + noise))
            error = end.get((heads, units), 0.5) * (1 + 0.01 * rng.normal())
            drifts += [(heads, units, seed, layer, layer * error / 6) for layer in range(7)]
    return Inside(
        pd.DataFrame(rows, columns=[*SETTING, "seed", "measure", "value"]),
        pd.DataFrame(drifts, columns=[*SETTING, "seed", "layer", "error"]),
    )


GOOD = {
    (INTACT, 0): 0.8, (UNIFORM, 0): 0.3, (claims.WORDS, 0): 0.6, (claims.INPUTS, 0): 0.5,
    (LATERAL, 16): 0.65, (LATERAL, 100): 0.7, (LATERAL, 625): 0.75, (GATED, 100): 0.68,
    (claims.UNBIASED, 100): 0.66, (claims.UNBIASED, 625): 0.7,
    (claims.PUBLISHED, 16): 0.35, (claims.PUBLISHED, 100): 0.45, (claims.PUBLISHED, 625): 0.55,
}  # fmt: skip
END = {(LATERAL, 16): 0.5, (LATERAL, 625): 0.2, (UNIFORM, 0): 0.8}


def statuses(measured: Inside) -> dict[str, str]:
    made = claims.retrieval(measured, 16, 100, 625) + claims.agreement(measured, 16, 100, 625)
    return {claim.id.removeprefix("inside-"): claim.status for claim in made}


def both_themes(draw, result):
    drawn = []
    for theme in style.PALETTE:
        with style.theme(theme):
            drawn.append(draw(result))
    assert all(isinstance(figure, Figure) for figure in drawn)
    return drawn[0]


def labels(ax):
    return {text.get_text() for text in ax.texts}


def test_every_map_is_tried_at_every_size_that_the_page_compares(inside):
    found = set(inside.frame[SETTING].itertuples(index=False, name=None))
    sizes = {
        LATERAL: (16, 24, LARGEST), GATED: (24,), claims.UNBIASED: (24, LARGEST),
        claims.PUBLISHED: (16, 24, LARGEST),
    }  # fmt: skip
    plain = {(name, 0) for name in (INTACT, UNIFORM, claims.WORDS, claims.INPUTS)}
    assert found == plain | {(name, m) for name, all_m in sizes.items() for m in all_m}
    assert set(inside.frame["seed"]) == set(range(SEEDS))


def test_retrieval_figure_shows_levels_curves_and_the_cell(inside):
    summary, cell = page.measure_summary(inside), page.measure_cell()
    figure = both_themes(page.draw_inside_retrieval, (summary, cell))
    shown = {*page.LABELS.values(), *page.LEVELS, "rodent"}
    assert labels(figure.axes[1]) == shown
    for ax, measure in zip(figure.axes, ("recall at 1", "MRR"), strict=True):
        heights = {line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1}
        means = summary[summary["measure"] == measure].set_index("heads")["mean"]
        assert {means[name] for name in page.LEVELS} <= heights


def test_agreement_figure_has_a_point_for_every_setting_with_a_cosine(inside):
    summary = page.measure_summary(inside)
    figure = both_themes(page.draw_inside_agreement, (inside, summary))
    points = np.concatenate([dots.get_offsets() for dots in figure.axes[1].collections])
    assert np.isfinite(points).all(1).sum() == 2 + 3 + 1 + 2 + 3
    assert labels(figure.axes[0]) == {*page.LABELS.values(), UNIFORM}


def test_drift_figure_starts_at_zero_and_has_six_curves(inside):
    figure = both_themes(page.draw_inside_drift, inside)
    assert len(figure.axes[0].lines) == 6
    for line in figure.axes[0].lines:
        assert line.get_ydata()[0] == 0 and line.get_ydata()[-1] > 0


def test_layers_figure_shows_own_and_final_errors():
    layers = page.measure_layers(SEEDS, PAIRS)
    assert set(layers["heads"]) == {LATERAL, UNIFORM}
    assert (layers.groupby(["heads", "layer"]).size() == SEEDS).all()
    figure = both_themes(page.draw_inside_layers, layers)
    for ax, column in zip(figure.axes, ("own", "end"), strict=True):
        expected = layers.query("heads == @UNIFORM").groupby("layer")[column].median()
        assert any(np.allclose(line.get_ydata(), expected) for line in ax.lines)


def test_summary_pairs_every_setting_with_the_intact_model_on_the_same_texts():
    table = claims.summary(known(GOOD, END)).set_index(["measure", *SETTING])
    row = table.loc["MRR", LATERAL, 100]
    assert row["lost"] == pytest.approx(0.1, abs=0.004)
    assert row["half"] < 0.01 < row["highest"] - row["lowest"]  # texts differ, losses do not
    assert table.loc[("MRR", INTACT, 0), ["lost", "half"]].tolist() == [0, 0]


def test_gains_are_differences_on_the_same_texts():
    gains = claims.gains(known(GOOD, END), 16, 100, 625)
    expected = {("published", 100): 0.25, ("published", 625): 0.2, ("words", 625): 0.15,
                ("few", 625): 0.1}  # fmt: skip
    assert gains["gain"].to_dict() == pytest.approx(expected, abs=0.006)
    assert (gains["half"] < 0.02).all()


def test_chance_is_the_mean_over_all_ranks():
    count = 5
    scores = np.arange(count)[None] - np.zeros((count, 1))
    found = sentence_tasks.retrieval(scores)  # every rank once
    assert page.measure_chance(count) == pytest.approx(found)


def test_cell_holds_synapses_over_head_width():
    low, high = page.measure_cell()
    synapses = claims.facts.table("astrocyte_cells.csv").set_index("key")["value"]
    assert low == synapses["rodent_synapses_low"] // 32
    assert high == synapses["rodent_synapses_high"] // 32


def test_claims_hold_on_a_good_model_and_resolved_effects_are_no_longer_missing():
    found = statuses(known(GOOD, END))
    stale = {"loss-shrinks", "beats-words"}
    assert {name for name, status in found.items() if status == "fails"} == stale
    assert {found[name] for name in found if name not in stale} == {"holds"}


def test_unresolved_effects_do_not_transfer():
    flat = GOOD | {(LATERAL, m): 0.6 for m in (16, 100, 625)}
    found = statuses(known(flat, END))
    assert found["loss-shrinks"] == found["beats-words"] == "does not transfer"


@pytest.mark.parametrize(
    ("setting", "failing"),
    [
        ((UNIFORM, 0), {"beats-uniform", "no-attention"}),
        ((claims.PUBLISHED, 100), {"beats-published", "fewer-beat-published"}),
        ((claims.PUBLISHED, 16), {"published-grows", "bad-attention"}),
        ((claims.UNBIASED, 100), {"agreement-unbiased"}),
        ((GATED, 100), {"agreement-lateral"}),
        ((claims.WORDS, 0), {"intact-beats-words"}),
    ],
)
def test_each_claim_fails_where_the_other_side_is_as_good(setting, failing):
    found = statuses(known(GOOD | {setting: 0.95}, END))
    assert failing <= {name for name, status in found.items() if status == "fails"}


def test_drift_claims_fail_on_circuits_that_drift():
    found = statuses(known(GOOD, END | {(LATERAL, 16): 0.9, (LATERAL, 625): 1.0}))
    assert found["drift-shrinks"] == found["drift-uniform"] == "fails"


def test_identities_hold_and_a_broken_one_fails():
    deviations = claims.deviations(1)
    assert {claim.status for claim in claims.exact(deviations)} == {"holds"}
    broken = claims.exact(deviations | {"path": 1e-7})
    assert [c.id for c in broken if c.status == "fails"] == ["inside-path"]


def test_page_claims_have_unique_ids(inside):
    made = page.claims(inside, LARGEST, 0)
    ids = [claim.id for claim in made]
    assert len(ids) == len(set(ids)) and all(name.startswith("inside-") for name in ids)
    assert {claim.kind for claim in made} == {"exact", "ordering"}


def test_what_cannot_be_measured_is_refused(inside):
    with pytest.raises(ValueError, match="largest: got 24"):
        page.measure_inside(24, SEEDS, PAIRS, 0)
    with pytest.raises(ValueError, match="seeds: got 2"):
        page.measure_inside(LARGEST, 2, PAIRS, 0)
    with pytest.raises(ValueError, match="heads: got 'intact' with 7 units"):
        claims.by_seed(inside, "MRR", INTACT, 7)
