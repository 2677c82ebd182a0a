"""The press on a small book: what it makes, what it makes again, and what it does not."""

from __future__ import annotations

import json
import re

import nbformat
import pytest


def test_a_build_gives_pages_figures_and_the_ledger(built):
    html = built.html()
    page = html["chapters/small/drawing.html"].decode()
    assert "draw_line.light.svg" in page and "draw_line.dark.svg" in page
    assert any(name.endswith("draw_line.csv") for name in html)
    rows = json.loads((built.root / "_build/ledger.json").read_text())
    assert [(r["id"], r["page"], r["status"]) for r in rows] == [
        ("small-zero", "small/drawing", "holds")
    ]
    fields = {"id", "statement", "kind", "measured", "expected", "tolerance", "unit", "source"}
    assert fields <= rows[0].keys()
    assert "0.0</a>" in html["chapters/index.html"].decode()


def test_prose_shows_the_computed_number(built):
    numbers = built.root.glob("_build/pages/small/drawing/*/results/small/drawing/numbers.json")
    last = json.loads(next(numbers).read_text())["last"]
    assert f">{last:.3f}<" in built.html()["chapters/small/drawing.html"].decode()


def test_ledger_command_lists_the_claims(built):
    status, said = built.press("ledger")
    assert status == 0
    assert re.search(r"holds +finding +exact +small/drawing: small-zero", said)
    _, as_json = built.press("ledger", "--json")
    assert json.loads(as_json) == json.loads((built.root / "_build/ledger.json").read_text())


def test_staged_notebooks_carry_no_trace_of_the_machine(built):
    staged = sorted((built.root / "_build/stage/chapters").rglob("*.ipynb"))
    assert len(staged) == 3
    for path in staged:
        text = path.read_text()
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        assert str(built.root) not in text
        assert not re.search(r"20\d\d-\d\d-\d\dT", text)
        assert "papermill" not in json.dumps(book.metadata)
        for cell in book.cells:
            assert set(cell.metadata) <= {"tags"}
            assert "injected-parameters" not in cell.metadata.get("tags", [])


def test_nothing_changed_runs_nothing(restored):
    said = restored.build()
    assert "nothing changed" in said
    assert restored.runs() == []


def test_prose_edit_renders_without_executing(restored):
    restored.edit("chapters/small/second.md", "A sentence of prose.", "Another word of prose.")
    restored.build()
    assert restored.runs() == []
    assert "Another word of prose." in restored.html()["chapters/small/second.html"].decode()


@pytest.mark.parametrize(
    ("name", "old", "new", "rerun"),
    [
        ("code/brainbook/models/small_shared.py", "= 1", "= 2", {"drawing", "second"}),
        ("code/brainbook/pages/small/third.py", "return 3", "return 4", {"third"}),
        ("code/brainbook/pages/small/drawing/draw.py", '"brain"', '"hybrid"', {"drawing"}),
        ("code/opjoules/__init__.py", "ONE = 1", "ONE = 1.0", {"drawing"}),
        ("code/brainbook/evidence/facts.py", '"""Published', '"""The published', {"drawing"}),
        ("data/small.csv", "Table 1", "Table 2", {"drawing"}),
        ("chapters/small/drawing.md", "noise = 0.5", "noise = 0.25", {"drawing"}),
        ("chapters/small/third.md", "print(three)", "print(three + 1)", {"third"}),
        ("chapters/small/third.md", "display_name: Python 3", "display_name: Python", {"third"}),
        (
            "chapters/small/third.md",
            "ipython3\nprint",
            "ipython3\n:linenos: true\nprint",
            {"third"},
        ),
        ("code/brainbook/pages/__init__.py", '"""', '""" ', {"drawing", "second", "third"}),
    ],
)
def test_an_edit_runs_exactly_the_pages_that_it_reaches(restored, name, old, new, rerun):
    restored.edit(name, old, new)
    status, said = restored.press("status")
    stale = set(re.findall(r"small/(\w+): stale", said))
    assert (status, stale) == (0, rerun)
    restored.build("--no-html")
    assert set(restored.runs()) == rerun


def test_a_result_changes_with_its_input(restored):
    restored.edit("code/brainbook/pages/small/third.py", "return 3", "return 4711")
    restored.build()
    assert "4711" in restored.html()["chapters/small/third.html"].decode()


def test_a_colour_and_a_word_run_the_page_but_measure_nothing(restored):
    made = restored.root / "_build/stage/results/small/drawing/draw_line.light.svg"
    before = made.read_bytes()
    for part, old, new in (
        ("draw", '"brain"', '"spiking"'),
        ("claims", "It starts at 0.", "It begins at 0."),
        ("__init__", "Page small/drawing.", "Page small/drawing: a line."),
    ):
        restored.edit(f"code/brainbook/pages/small/drawing/{part}.py", old, new)
    restored.build()
    assert (restored.runs(), restored.measured()) == (["drawing"], 0)
    assert made.read_bytes() != before
    assert "It begins at 0." in restored.html()["chapters/ledger.html"].decode()


def test_an_edit_of_what_it_measures_measures_anew(restored):
    restored.edit("code/brainbook/pages/small/drawing/measure.py", "x**2", "x**3")
    restored.build("--no-html")
    assert (restored.runs(), restored.measured()) == (["drawing"], 1)


def test_a_figure_and_a_source_page_lead_to_each_other(built):
    html = built.html()
    drawn = (built.root / "code/brainbook/pages/small/drawing/draw.py").read_text()
    line = drawn[: drawn.index("def draw_line")].count("\n") + 1
    target = "source/brainbook/pages/small/drawing/draw.html"
    assert f"../../{target}#line-{line}" in html["chapters/small/drawing.html"].decode()
    for part in ("", "/draw", "/measure", "/claims"):
        page = html[f"source/brainbook/pages/small/drawing{part}.html"].decode()
        assert 'chapters/small/drawing.html">Figures</a>' in page
    assert 'href="drawing/measure.html">measure</a>' in (
        html["source/brainbook/pages/small/drawing.html"].decode()
    )
    assert "source/opjoules.html" in html


def test_status_says_why_and_how_long(restored):
    restored.edit("code/brainbook/models/small_shared.py", "= 1", "= 3")
    _, said = restored.press("status")
    assert re.search(
        r"small/second: stale, changed: module brainbook.models.small_shared \([\d.]+ s", said
    )
    assert re.search(r"small/third: fresh \([\d.]+ s", said)
    assert "index: prose only" in said
    took = [float(seconds) for seconds in re.findall(r"\(([\d.]+) s when last", said)]
    assert len(took) == 3 and f"in sum: {sum(took):.0f} s for 3 pages" in said


def test_run_writes_beside_the_book(restored, tmp_path):
    restored.build()
    before = restored.html()
    status, said = restored.press(
        "run", "small/drawing", "-p", "count", "9", "--output", str(tmp_path / "out")
    )
    assert status == 0, said
    rows = (tmp_path / "out/draw_line.csv").read_text().splitlines()
    assert len(rows) == 1 + 9
    book = nbformat.read(tmp_path / "out/executed.ipynb", as_version=4)
    assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code")
    assert restored.html() == before
    assert "nothing changed" in restored.build()
