"""What a page hands over lands where the press looks for it."""

from __future__ import annotations

import json
from types import ModuleType

import pandas as pd
import pytest

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.evidence.results import Results, page_name


def draw_line(frame):
    fig, ax = style.figure()
    ax.plot(frame["x"], color=style.colour("brain"))
    return fig


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINBOOK_RESULTS", str(tmp_path))
    return Results(ModuleType("brainbook.pages.section.page"))


def test_figures_come_for_light_and_dark_with_their_data(results, tmp_path):
    frame = pd.DataFrame({"x": [1, 2, 4]})
    results.figure(draw_line, frame, data=frame)
    folder = tmp_path / "section/page"
    light, dark = ((folder / f"draw_line.{t}.svg").read_text() for t in ("light", "dark"))
    assert style.PALETTE["light"]["brain"].lower() in light.lower()
    assert style.PALETTE["dark"]["brain"].lower() in dark.lower()
    pd.testing.assert_frame_equal(pd.read_csv(folder / "draw_line.csv"), frame)
    assert (folder / "draw_line.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_figure_gives_the_same_bytes(results, tmp_path):
    frame = pd.DataFrame({"x": [1, 2, 4]})
    made = []
    for _ in range(2):
        results.figure(draw_line, frame, data=frame)
        made.append((tmp_path / "section/page/draw_line.light.svg").read_bytes())
    assert made[0] == made[1]


def test_results_are_made_once_a_page(results):
    """A second one would write over the claims of the first."""
    with pytest.raises(ValueError, match="section/page has results already"):
        Results(ModuleType("brainbook.pages.section.page"))


def test_a_figure_without_data_is_refused(results):
    with pytest.raises(ValueError, match="data of draw_line"):
        results.figure(draw_line, pd.DataFrame({"x": [1]}), data=pd.DataFrame())
    with pytest.raises(ValueError, match="not Figure"):
        results.figure(lambda frame: None, 0, data=pd.DataFrame({"x": [1]}))


def test_a_table_shows_digits_and_sources(results, monkeypatch):
    shown = []
    monkeypatch.setattr("brainbook.evidence.results.display", shown.append)
    frame = pd.DataFrame({"x": [1234.5678, 0.012345], "source": ["mead1990neuromorphic", "own"]})
    results.table(frame)
    text = shown[0].data
    assert "1,235" in text and "0.0123" in text
    assert '<a data-cite="mead1990neuromorphic">Mead 1990</a>' in text and ">own<" in text
    results.table(pd.DataFrame({"a<b": ["<i>"], "source": ["<b>"]}))
    assert "a&lt;b" in shown[1].data and "&lt;i&gt;" in shown[1].data
    assert "&lt;b&gt;" in shown[1].data and "<b>" not in shown[1].data
    with pytest.raises(ValueError, match="frame: got list"):
        results.table([1])


def test_numbers_add_up_over_cells(results, tmp_path):
    results.numbers(first=1.5, count=3)
    results.numbers(second="word")
    kept = json.loads((tmp_path / "section/page/numbers.json").read_text())
    assert kept == {"first": 1.5, "count": 3, "second": "word"}


def test_a_number_keeps_its_value(results):
    results.numbers(ratio=0.5)
    results.numbers(ratio=0.5)
    with pytest.raises(ValueError, match="ratio: got 5.0; it is 0.5 already"):
        results.numbers(ratio=5.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [1]])
def test_a_number_that_is_none_is_refused(results, value):
    with pytest.raises(ValueError, match="wrong"):
        results.numbers(wrong=value)


def test_claims_are_written_and_unique(results, tmp_path):
    claim = Claim("one", "One is one.", "exact", 1, 1, 1e-12, "1", "arithmetic")
    results.claims([claim])
    assert json.loads((tmp_path / "section/page/claims.json").read_text())[0]["page"] == (
        "section/page"
    )
    with pytest.raises(ValueError, match="'one' stands twice"):
        results.claims([claim])


def test_only_pages_have_results():
    with pytest.raises(ValueError, match="brainbook.models.x"):
        page_name(ModuleType("brainbook.models.x"))
