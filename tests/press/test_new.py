"""A new page builds as written, hands its claim over, and is told what it still lacks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from brainbook.evidence import paths
from brainbook.press import contents, new

NAME = "studies/fresh_page"
PLACES = (f"chapters/{NAME}.md", f"code/brainbook/pages/{NAME}", f"tests/pages/{NAME}")
TESTS = ("tests/test_architecture.py", "tests/pages/conftest.py", "tests/pages/test_anatomy.py")


@pytest.fixture(scope="module")
def fresh(built):
    """The small book with a new page, and what ``brainbook new`` said."""
    status, said = built.press("new", NAME)
    assert status == 0, said
    return built, said


def told(book, page: str) -> str:
    """What the repository's own tests and the page's say of a page."""
    for name in TESTS:
        (book.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(paths.ROOT / name, book.root / name)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n0"]
    command += ["--import-mode=importlib", "--rootdir", str(book.root), "-k", page]
    done = subprocess.run(
        [*command, "tests"],
        cwd=book.root,
        env=book.environment() | {"BRAINBOOK_KEPT": "off"},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_it_builds_and_its_claim_is_in_the_ledger(fresh):
    book, said = fresh
    assert all(place in said for place in PLACES)
    book.build()
    assert f"chapters/{NAME}.html" in book.html()
    rows = json.loads((book.root / "_build/ledger.json").read_text())
    row = next(row for row in rows if row["page"] == NAME)
    assert (row["id"], row["status"]) == ("studies-fresh-page-slope", "holds")


def test_the_tests_say_what_is_missing_and_pass_once_it_is_there(fresh):
    book, _ = fresh
    before = told(book, "fresh_page")
    assert re.search(r"\b1 failed", before), before
    assert "test_nothing_of_the_template_is_left" in before
    for place in PLACES:
        files = book.root / place
        for path in [files] if files.is_file() else sorted(files.glob("*.py")):
            assert path.relative_to(book.root).as_posix() in before
            path.write_text(path.read_text().replace("REPLACE: ", ""))
    after = told(book, "fresh_page")
    assert "failed" not in after and re.search(r"\b\d\d passed", after), after


def test_the_page_that_the_book_shows_as_an_example_is_whole(fresh):
    book, _ = fresh
    assert book.press("new", "scenarios/votes")[0] == 0
    text = (paths.CHAPTERS / "making.md").read_text("utf-8")
    package = book.root / "code/brainbook/pages/scenarios/votes"
    tests = book.root / "tests/pages/scenarios/votes"
    for path in tests.glob("*.py"):
        path.unlink()
    for name, code in re.findall(r"```python\n# (\w+\.py)\n(.*?)\n```", text, re.DOTALL):
        folder = tests if name.startswith("test_") else package
        (folder / name).write_text(f'"""Page scenarios/votes."""\n\n{code}\n')
    package.joinpath("__init__.py").write_text(
        '"""Page scenarios/votes."""\n\nfrom .claims import claims\nfrom .draw import draw_votes\n'
        "from .measure import measure_votes, numbers\n"
    )
    chapter = book.root / "chapters/scenarios/votes.md"
    head = chapter.read_text().split("# REPLACE")[0]
    (shown,) = re.findall(r"````md\n(.*?)````", text, re.DOTALL)
    chapter.write_text(f"{head}# Votes\n\n{shown}")
    said = book.build("scenarios/votes")
    assert "ready to read: scenarios/votes" in said
    rows = json.loads((book.root / "_build/ledger.json").read_text())
    assert {r["id"]: r["status"] for r in rows}["votes-binomial"] == "holds"
    passed = told(book, "test_units_that_copy")
    assert "1 passed" in passed, passed


def test_what_is_there_is_never_overwritten(fresh):
    book, _ = fresh
    before = (book.root / "_toc.yml").read_text()
    status, said = book.press("new", NAME)
    assert status == 1 and f"chapters/{NAME}.md exists; nothing written" in said
    status, said = book.press("new", "small/third")
    assert status == 1 and "exists" in said
    assert (book.root / "_toc.yml").read_text() == before


@pytest.mark.parametrize("name", ["Fresh/page", "fresh", "a/b/c", "attention/class", "a/../b"])
def test_a_name_that_python_cannot_import_is_refused(name):
    with pytest.raises(new.BookError, match="needs section/page in lower-case letters"):
        new.write(name)


TOC = """format: jb-book
root: chapters/index
parts:
  - caption: First  # the beginning
    chapters:
      - file: chapters/first/one
      # - file: chapters/first/later
      - file: chapters/first/two
  - caption: Appendix
    chapters:
      - file: chapters/first/more
  - caption: Around
    chapters:
      - file: chapters/ledger
"""


@pytest.mark.parametrize(
    ("name", "after", "line"),
    [
        ("first/three", "      - file: chapters/first/two", "      - file: chapters/first/three"),
        ("big_ideas/one", "      - file: chapters/first/more", "  - caption: Big ideas"),
    ],
)
def test_the_table_of_contents_keeps_all_else(name, after, line):
    listed = new.with_page(TOC, name).splitlines()
    assert listed[listed.index(after) + 1] == line
    kept = [text for text in listed if text in TOC.splitlines()]
    assert [text for text in TOC.splitlines() if text not in kept] == []
    assert f"      - file: chapters/{name}" in listed


def test_the_book_lists_a_new_page_in_its_section():
    toc = (paths.ROOT / "_toc.yml").read_text("utf-8")
    sections = {page.name.partition("/")[0] for page in contents.pages() if "/" in page.name}
    for section in sections:
        listed = new.with_page(toc, f"{section}/fresh_page").splitlines()
        place = next(i for i, line in enumerate(listed) if f"{section}/fresh_page" in line)
        indent = listed[place].partition("-")[0]
        assert listed[place - 1].startswith(f"{indent}- file: chapters/{section}/")
        assert "Appendix" not in "".join(listed[:place])
