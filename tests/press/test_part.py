"""A book of which a part was executed: what is ready can be read, the rest says that it is not."""

from __future__ import annotations

import json
import shutil
import signal
import time
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from brainbook.press import cache, execute


def read(book, page: str) -> BeautifulSoup:
    """A published page."""
    return BeautifulSoup(book.html()[f"chapters/{page}.html"], "html.parser")


@pytest.fixture(scope="module")
def part(written):
    """The small book of which only the third page was executed, and what the press said."""
    status, said = written.press("build", "small/third")
    assert status == 0, said
    return written, said


def test_only_the_named_page_is_executed(part):
    book, said = part
    assert book.runs() == ["third"]
    page = book.root / "_build/html/chapters/small/third.html"
    assert f"ready to read: small/third file://{page}" in said and page.is_file()
    assert "not fresh small/second: This page has not been executed yet" in said
    third = read(book, "small/third")
    assert third.select_one(".cell_output").get_text().strip() == "3"
    assert "not been executed" not in third.get_text()


def test_the_others_are_prose_with_a_notice(part):
    page = read(part[0], "small/drawing")
    notice = page.select_one("section > h1 + .admonition.warning").get_text()
    assert "This page has not been executed yet" in notice
    assert "brainbook build small/drawing" in notice
    assert "The last value is …, see Figure 1" in " ".join(page.get_text().split())
    figure = page.select_one("figure#draw-line")
    assert "has not been drawn yet" in figure.get_text()
    assert "A parabola, up to …." in figure.get_text()
    assert not page.select(".cell_output") and page.select(".cell_input")
    assert "It starts at …." in read(part[0], "index").get_text()


def test_the_rest_then_makes_the_book_that_one_build_would_have_made(part):
    book, _ = part
    book.build()
    assert sorted(book.runs()) == ["drawing", "second"]
    whole = book.html()
    chapters = b"".join(page for name, page in whole.items() if name.startswith("chapters/"))
    assert b"not been executed" not in chapters
    for name in ("stage", "sphinx", "editions"):
        shutil.rmtree(book.root / "_build" / name)
    book.build()
    assert book.html() == whole


def test_a_stale_page_shows_its_earlier_execution_if_its_cells_are_the_same(part):
    book, _ = part
    book.build("--no-html")
    book.edit("code/brainbook/models/small_shared.py", "= 1", "= 2")
    book.edit("chapters/small/second.md", "print(three)", "print(three + 1)")
    _, said = book.press("build", "small/third")
    assert book.runs() == []
    drawing = read(book, "small/drawing")
    notice = drawing.select_one(".admonition.warning").get_text()
    assert "earlier execution (changed: module brainbook.models.small_shared)" in notice
    assert drawing.select("figure#draw-line img") and "small-zero" in drawing.get_text()
    assert "has not been executed yet" in read(book, "small/second").get_text()
    assert "small-zero" in read(book, "ledger").get_text()


def test_results_of_other_code_for_results_are_not_shown(monkeypatch):
    page = SimpleNamespace(name="small/third")
    parts = {"cell 1": "a", "module brainbook.evidence.claims": "old", "module x": "1"}
    monkeypatch.setattr(cache, "records", lambda page: [{"parts": parts}])
    monkeypatch.setattr(cache.Key, "is_fresh", True)
    same = cache.Key(page, parts | {"module x": "2"})
    assert cache.older(same).parts == parts
    assert cache.older(cache.Key(page, parts | {"module brainbook.evidence.claims": "new"})) is None
    assert cache.older(cache.Key(page, parts | {"cell 2": "b"})) is None
    assert cache.older(cache.Key(page, {"cell 1": "b"})) is None


def test_a_record_that_is_just_being_written_is_none(monkeypatch, tmp_path):
    """Another thread writes it while the first page is shown: the file is there, and empty."""
    monkeypatch.setattr(cache, "page_folder", lambda page: tmp_path)
    (tmp_path / ".new-7").mkdir()
    (tmp_path / ".new-7/record.json").write_text("")
    assert cache.last(SimpleNamespace(name="a/b")) is None


def test_a_new_book_shows_its_first_page_before_the_others(another):
    said = another.build("--jobs", "1")
    first = said.index("ready to read: small/")
    assert said.count("executed small/", 0, first) == 1
    assert said.count("executed small/", first) == 2
    assert len(list((another.root / "_build/editions").iterdir())) == 2


def test_an_interrupted_build_says_what_is_ready(another):
    another.edit("chapters/small/second.md", "print(three)", "import time; time.sleep(300)")
    another.edit("chapters/small/third.md", "print(three)", "print(three + 1)")
    another.runs()
    process = another.start("build", "--jobs", "1")
    end = time.monotonic() + 90
    while not (another.root / "log.txt").exists() or "second" not in another.runs():
        assert time.monotonic() < end, "the page never ran"
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1 and "Traceback" not in said
    assert "interrupted; " in said and "of 2 pages were executed" in said
    _, said = another.press("status")
    assert "small/second: stale, changed: cell 2" in said


@pytest.mark.parametrize(
    ("jobs", "look", "order"),
    [(2, False, "dcba"), (2, True, "dacb"), (1, True, "adcb"), (8, True, "dcba")],
)
def test_the_slowest_first_but_one_quick_page_soon(tmp_path, monkeypatch, jobs, look, order):
    hints = tmp_path / "seconds.json"
    hints.write_text(json.dumps({"a": 1, "b": 99, "c": 3}))
    monkeypatch.setattr(execute, "SECONDS", hints)
    known = {"b": [{"seconds": 2}]}
    monkeypatch.setattr(cache, "records", lambda page: known.get(page.name, []))
    keys = [SimpleNamespace(page=SimpleNamespace(name=name)) for name in "abcd"]
    ordered = execute.in_order(keys, jobs, look)
    assert "".join(key.page.name for key in ordered) == order
