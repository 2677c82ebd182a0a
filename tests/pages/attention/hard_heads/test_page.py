"""Page attention/hard_heads at a small size: figures, the table, and claims that can fail."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.pages.attention import hard_heads as page
from brainbook.pages.attention.hard_heads import (
    difficulty as head_difficulty,
)
from brainbook.pages.attention.hard_heads import (
    learning as learned_trials,
)
from brainbook.pages.attention.hard_heads import (
    meaning as unit_meaning,
)
from brainbook.pages.attention.hard_heads import (
    stretching as hard_heads,
)
from brainbook.pages.attention.hard_heads.learning import METHODS
from brainbook.pages.attention.hard_heads.meaning import LABELS, MAPS, telling

SEEDS, UNITS, TOKENS = range(3), 16, 24


@pytest.fixture(scope="module", autouse=True)
def small_text():
    """Thirty short calibration passages and short test passages."""
    ids = calibration_passages(TOKENS, 6)[:30]
    modules = head_difficulty, hard_heads, learned_trials, unit_meaning
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            patch.setattr(module, "calibration_passages", lambda *_: ids)
        for module in modules[:-1]:
            patch.setattr(
                module, "held_out_passages", lambda seeds, _: held_out_passages(seeds, TOKENS)
            )
        for name in ("meaning", "words"):
            patch.setattr(
                page.measure, name, partial(getattr(page, name), passages=20, tokens=TOKENS)
            )
        patch.setattr(page.measure, "learned_trials", partial(page.learned_trials, rates=(0.03,)))
        patch.setattr(page.measure.store, "made_once", lambda made, **given: made(**given))
        yield


@pytest.fixture(scope="module")
def found(small_text):
    heads = page.measure_heads(UNITS, SEEDS)
    return {
        "heads": heads,
        "measured": page.measure_difficulty(heads, SEEDS),
        "stretched": page.measure_stretched(UNITS, SEEDS),
        "meant": page.measure_meaning(UNITS, SEEDS),
        "learned": page.measure_learned(8, SEEDS, (5, 20)),
    }


def both_themes(draw, result):
    drawn = []
    for theme in style.PALETTE:
        with style.theme(theme):
            drawn.append(draw(result))
    assert all(isinstance(figure, Figure) for figure in drawn)
    return drawn[0]


def texts(ax):
    return {text.get_text() for text in ax.texts}


def test_difficulty_figure_names_every_quantity_and_shows_every_head(found):
    table, within = page.measure_order(found["heads"], found["measured"])
    assert set(table["quantity"]) == set(within["quantity"]) == set(page.WORDS)
    figure = both_themes(page.draw_difficulty, (table, within, found["heads"]))
    left, right = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == [page.WORDS[one] for one in table["quantity"][::-1]]
    assert {"all heads", "within a layer"} <= texts(left)
    x, y = right.lines[0].get_data()
    assert len(x) == 72
    middle = found["heads"].groupby(["layer", "head"])[["predicted", "error"]].median()
    np.testing.assert_allclose(np.c_[x, y], middle)
    within_of = dict(zip(within["quantity"], within["rho"], strict=True))
    drawn = dict(zip(left.lines[1].get_ydata() + 0.15, left.lines[1].get_xdata(), strict=True))
    for height, name in enumerate(table["quantity"][::-1]):
        assert min((abs(at - height), rho) for at, rho in drawn.items())[1] == within_of[name]


def test_stretched_figure_has_measured_predicted_and_keys(found):
    figure = both_themes(page.draw_stretched, found["stretched"])
    assert texts(figure.axes[0]) == {"measured", "predicted"}
    keys = figure.axes[1].lines[0].get_ydata()
    assert len(keys) == len(page.FACTORS) and list(keys) == sorted(keys, reverse=True)


def test_rank_bounds_are_drawn_below_each_other(found):
    bounds = found["measured"].merge(found["heads"][["document", "layer", "head", "error"]])
    figure = both_themes(page.draw_rank_bounds, (bounds, UNITS))
    (ax,) = figure.axes
    cut, bound = (line.get_ydata() for line in ax.lines[:2])
    assert len(cut) == 72 and (bound <= cut).all()
    assert ax.lines[2].get_ydata()[0] == UNITS
    assert "knows the attention" in texts(ax)


def test_meaning_figure_has_a_panel_for_every_label_and_both_maps(found):
    figure = both_themes(page.draw_meaning, found["meant"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == list(LABELS)
    assert all(len(ax.lines) == 2 for ax in figure.axes)
    assert texts(figure.axes[-1]) == set(MAPS)


def test_the_table_shows_three_units_of_three_heads(found):
    table = page.measure_words(telling(found["meant"]).head(3), UNITS)
    assert len(table) == 9 and (table["answers"] > 0).all()
    place = table["head"].iloc[0].split(".")
    assert list(map(int, place)) == list(telling(found["meant"])[["layer", "head"]].iloc[0])
    low, high = table["positions"].iloc[0].split(" to ")
    assert 0 <= int(low) <= int(high) < TOKENS


def test_learned_figure_has_a_panel_for_every_number_of_steps(found):
    figure = both_themes(page.draw_learned_ways, found["learned"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        f"{n} steps of gradient" for n in (5, 20)
    ]
    for ax in figure.axes:
        assert len(ax.lines) == 2 * len(METHODS)
        assert all(len(line.get_xdata()) == len(SEEDS) for line in ax.lines)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == list(METHODS[::-1])


def test_claims_are_unique_and_the_exact_and_the_law_hold(found):
    made = page.claims(*found.values(), 0)
    ids = [one.id for one in made]
    assert len(ids) == len(set(ids)) == 20 and all(one.startswith("hard-") for one in ids)
    status = {one.id: one.status for one in made}
    assert status["hard-moved-keys"] == status["hard-first-order"] == "holds"
    assert all(np.isfinite(one.measured) for one in made)
