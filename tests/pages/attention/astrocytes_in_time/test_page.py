"""Page attention/astrocytes_in_time at a small size: figures, and claims that can fail."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import facts, style
from brainbook.pages.attention import astrocytes_in_time as page
from brainbook.pages.attention.astrocytes_in_time import claims
from brainbook.pages.attention.astrocytes_in_time import timing as trials

SEEDS, TOKENS, DT = range(5), 48, 0.12
SMALL = {
    "DECAYS": (1.0, 8.0, 64.0, 512.0),
    "LENGTHS": (24, 32, 40, 48),
    "RISES": (0.1, 1.0, 10.0, 100.0),
    "SIZES": (0.01, 0.03, 0.1),
    "DECADES": (0.5, 2.0),
    "LEVELS": (2, 8),
    "SHARES": (0.3, 0.6, 0.9),
    "POOLS": (2, 4, 8),
    "GROUPS": (1, 3, 12),
}


@pytest.fixture(scope="module", autouse=True)
def small_grids():
    with pytest.MonkeyPatch.context() as patch:
        for name, grid in SMALL.items():
            patch.setattr(page.measure, name, grid)
        patch.setattr(page.measure.store, "made_once", lambda made, **given: made(**given))
        yield


@pytest.fixture(scope="module")
def passages(small_grids):
    return page.measure_passages(SEEDS, TOKENS, 64, 32, 3)


@pytest.fixture(scope="module")
def measured(passages):
    return {
        "leak": page.measure_leak(passages, DT),
        "needed": page.measure_needed(SEEDS, DT),
        "rise": page.measure_rise(passages),
        "noise": page.measure_noise(passages),
        "levels": page.measure_levels(passages),
        "coverage": page.measure_coverage(passages),
        "pools": page.measure_pools(passages),
        "baselines": page.measure_baselines(passages),
    }


def both_themes(draw, result):
    drawn = []
    for theme in style.PALETTE:
        with style.theme(theme):
            drawn.append(draw(result))
    assert all(isinstance(figure, Figure) for figure in drawn)
    return drawn[0]


def labels(ax):
    return {text.get_text() for text in ax.texts}


def all_claims(measured):
    levels, (apart, together) = measured["levels"], measured["pools"]
    laws = measured["noise"], levels["levels"], measured["coverage"], apart
    memory = measured["leak"], measured["needed"]
    return page.claims(memory, laws, measured["baselines"], together, DT)


def test_fading_figure_shows_three_decays(passages):
    figure = both_themes(page.draw_fading, page.measure_fading(passages, DT))
    slow, fast = (facts.value("astrocyte_cells.csv", key)
                  for key in ("soma_decay_high", "process_decay_high"))  # fmt: skip
    for ax in figure.axes:
        assert labels(ax) == {"no leak", f"{slow:g} s", f"{fast:g} s"}
    left = {line.get_color(): line.get_ydata() for line in figure.axes[0].lines}
    assert len(figure.axes[0].lines) == 3 and max(map(max, left.values())) == 1


def test_leak_figure_has_published_bands_and_three_clocks(measured):
    clocks = pd.Series({"reading": DT, "aloud": 0.15, "one per rise": 0.2})
    uniform = measured["baselines"]["uniform"].median()
    figure = both_themes(page.draw_leak, (measured["leak"], measured["needed"], uniform, clocks))
    left, right = figure.axes
    shown = {"both leak", "trace alone", "same, rescaled", "learned units", "random units",
             "uniform", "process", "cell body"}  # fmt: skip
    assert labels(left) == shown
    assert labels(right) == {*clocks.index, "process", "cell body"}
    heights = [line.get_ydata()[-1] for line in right.lines]
    assert heights == sorted(heights)  # a slower clock asks for a longer trace
    bands = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in left.patches]
    cells = facts.table("astrocyte_cells.csv").set_index("key")["value"]
    expected = [[cells[f"{where}_decay_{end}"] for end in ("low", "high")]
                for where in ("process", "soma")]  # fmt: skip
    np.testing.assert_allclose(bands, expected)


def test_slopes_figure_has_a_bar_for_every_row():
    slopes = page.measure_slopes(DT)
    figure = both_themes(page.draw_slopes, slopes)
    lengths = [tuple(line.get_xdata()) for line in figure.axes[0].lines]
    assert lengths == list(zip(slopes["flat"], slopes["steep"], strict=True))


def test_rise_noise_and_levels_figures(measured):
    figure = both_themes(page.draw_rise, (measured["rise"], DT, 0.8))
    assert {"reading", "writing, trace", "writing, synapses"} <= labels(figure.axes[0])
    figure = both_themes(page.draw_noise, measured["noise"])
    assert labels(figure.axes[0]) == {"token, both", "token, trace alone"}
    assert len(labels(figure.axes[1])) == 6
    figure = both_themes(page.draw_levels, measured["levels"])
    assert labels(figure.axes[0]) == {"p, exact", "g, learned", "g, random"}
    assert len(figure.axes[1].collections) == 4 and len(figure.axes[2].lines) == 3


def test_coverage_and_pools_figures(measured):
    figure = both_themes(page.draw_coverage, (measured["coverage"], 0.6))
    assert labels(figure.axes[0]) == {trials.EXACT, trials.LEARNED, trials.RANDOM}
    assert labels(figure.axes[1]) == {trials.LEARNED, trials.RANDOM}
    figure = both_themes(page.draw_pools, (*measured["pools"], 0.6))
    assert len(labels(figure.axes[0])) == 4
    assert list(figure.axes[1].lines[0].get_xdata()) == [1, 3, 12]


def test_cell_table_has_every_scene_and_the_kind_end_is_kinder(passages):
    table = page.measure_cell(passages, DT)
    assert len(table) == 2 * 2 * 3
    by = table.set_index(["compartment", "ends", "circuit"])["median"]
    for where in ("process", "soma"):
        assert by[where, "kind", trials.EXACT] < by[where, "unkind", trials.EXACT]
    assert (table["min"] <= table["median"]).all() and (table["median"] <= table["max"]).all()


def test_identities_hold_and_a_broken_one_fails():
    deviations = page.measure_identities(3)
    assert {claim.status for claim in claims.exact(deviations)} == {"holds"}
    broken = claims.exact(deviations | {"alibi": 1e-7})
    assert [c.id for c in broken if c.status == "fails"] == ["astrocyte-time-alibi"]


def test_claims_have_unique_ids_and_the_announced_number_of_laws(measured):
    made = all_claims(measured)
    ids = [claim.id for claim in made]
    assert len(ids) == len(set(ids)) and all(name.startswith("astrocyte-time-") for name in ids)
    assert sum(claim.kind == "law" for claim in made) == claims.FAMILY
    assert {claim.kind for claim in made} == {"exact", "law", "ordering"}


def test_laws_hold_on_real_heads_and_a_wrong_law_fails(measured):
    levels, (apart, _) = measured["levels"]["levels"], measured["pools"]
    made = claims.laws(measured["noise"], levels, measured["coverage"], apart)
    assert {claim.id: claim.status for claim in made} == {claim.id: "holds" for claim in made}
    assert all(claim.tolerance < 1 for claim in made)
    doubled = measured["noise"].assign(square=2 * measured["noise"]["square"])
    wrong = claims.laws(doubled, levels, measured["coverage"], apart)
    failed = {
        claim.id.removeprefix("astrocyte-time-") for claim in wrong if claim.status == "fails"
    }
    assert {"unit-noise", "synapse-noise"} <= failed
    assert "pools" not in failed


def test_memory_claims_depend_on_the_clock(measured):
    cells, uniform = trials.published(), measured["baselines"]["uniform"]
    slow = measured["needed"].assign(seconds=measured["needed"]["decay"] * 10.0)
    made = {
        name: {
            claim.id.removeprefix("astrocyte-time-"): claim.status
            for claim in claims.memory(measured["leak"], needed, uniform, cells, flattest)
        }
        for name, needed, flattest in (
            ("slow", slow, 1 / 256 / DT),
            ("fast", slow.assign(seconds=slow["seconds"] / 1000), 1 / 256 / 0.05),
        )
    }
    assert made["slow"]["longer-than-soma"] == made["slow"]["inside-alibi"] == "holds"
    assert made["fast"]["longer-than-soma"] == made["fast"]["inside-alibi"] == "fails"
    assert made["slow"]["leak-apart"] == "holds"


def test_interpolation_refuses_decays_that_were_not_measured(measured):
    rows = measured["leak"][measured["leak"]["circuit"] == trials.EXACT]
    with pytest.raises(ValueError, match="seconds: got 1000"):
        claims.at_decay(rows, 1000.0)
    known = rows[rows["leak"] == "both"]
    at = known["seconds"].unique()[1]
    expected = known[known["seconds"] == at].groupby("seed")["error"].median()
    np.testing.assert_allclose(claims.at_decay(known, at), expected)


def test_an_astrocyte_that_is_not_needed_fails_its_claims(measured):
    constant, uniform = (measured["baselines"][name] for name in ("constant", "uniform"))
    good = claims.divided(constant, uniform, constant / 2)
    assert good[1].status == "holds"
    bad = claims.divided(uniform * 1.01, uniform, uniform * 1.02)
    assert [claim.status for claim in bad] == ["fails", "fails"]


def test_tolerances_need_seeds():
    with pytest.raises(ValueError, match="seeds: got 2"):
        claims._law("x", "told", pd.Series([1.0, 1.1]), 1, "source")
