"""The page on external memory, with tiny networks and texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.models.language import small_language_model as language
from brainbook.pages.limitations import external_memory as page
from brainbook.pages.limitations.external_memory import retrieval as trials

SETTINGS = replace(language.SETTINGS, width=16, heads=2, window=16, epochs=1)
PLAN = trials.Plan((8, 3, 3), (200, 80, 80), SETTINGS)


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setattr(trials.repetition_table, "__defaults__", (PLAN,))
        return page.measure_memory((0, 1))


def test_every_case_is_measured(memory):
    assert memory.groupby("task")["fraction"].nunique().to_dict() == dict(
        zip(page.TASKS, (1, 1, len(trials.FRACTIONS)), strict=True)
    )
    for name in page.MODELS:
        values = memory[name].dropna()
        assert len(values) and values.between(1, trials.VOCABULARY * 10).all()
    assert memory["share"].between(0, 1).all()
    assert (memory[page.TUNED].notna() == (
        (memory["task"] == page.TASKS[2]) & (memory["fraction"] == 1))).all()  # fmt: skip


def test_ratios_are_of_logarithms(memory):
    ratios = page.measure_ratios(memory).set_index(["task", "better", "worse"])["gain"]
    rows = memory[(memory["task"] == page.TASKS[0])]
    expected = np.log(rows[page.NETWORK] / rows[page.MEMORY]).mean()
    assert ratios[page.TASKS[0], page.MEMORY, page.NETWORK] == pytest.approx(expected)


def test_published_ratios():
    table = page.measure_published()
    assert table["ratio"].tolist() == pytest.approx([16.12 / 18.65, 13.73 / 19.59])
    assert (table["source"] == page.PAPER).all()


def test_claims_are_well_made_and_identities_hold(memory):
    made = page.claims(memory, page.measure_gaps(0))
    assert all(isinstance(claim, Claim) for claim in made)
    ids = [claim.id for claim in made]
    assert len(set(ids)) == len(ids) and all(name.startswith("external-") for name in ids)
    exact = [claim for claim in made if claim.kind == "exact"]
    assert len(exact) == 3 and {claim.status for claim in exact} == {"holds"}


def test_other_measurements_turn_the_claims(memory):
    gaps = dict.fromkeys(("kernel", "sums", "search"), 1e-3)
    worse = memory.assign(**{page.MEMORY: 2 * memory[page.NETWORK]})
    better = memory.assign(**{page.MEMORY: 0.2 * memory[page.COUNTS]})
    low, high = ({c.id: c.status for c in page.claims(m, gaps)} for m in (worse, better))
    assert low["external-helps"] == low["external-adapts"] == low["external-kernel"] == "fails"
    assert low["external-counts"] == "does not transfer" and high["external-counts"] == "fails"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("name", "panels"), [("memory_models", 3), ("store_size", 1)])
def test_figures_draw_in_both_themes(memory, name, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(memory)
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines for ax in figure.axes)


def test_the_first_figure_shows_what_was_measured(memory):
    with style.theme("light"):
        ax = page.draw_memory_models(memory).axes[0]
    drawn = {round(float(x), 6) for line in ax.lines for x in line.get_xdata()}
    rows = memory[memory["task"] == page.TASKS[0]]
    assert {round(float(x), 6) for x in rows[page.MEMORY]} <= drawn
