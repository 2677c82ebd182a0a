"""The ledger: findings before checks, what chance has a part in, and the line of each claim."""

from __future__ import annotations

import json
import re

import pytest
from bs4 import BeautifulSoup

from brainbook.evidence import paths
from brainbook.press import ledger

CLAIMS = '''"""Claims of page small/drawing."""

from brainbook.evidence.claims import identity, ordering
from brainbook.evidence.intervals import mean_interval


def claims(line):
    """A finding, an open question, and a check."""
    noisy = mean_interval([0.9, 1.3, 0.6], over="lines")
    prefix, why = "small", "Three lines do not tell."
    return [
        identity("small-zero", "It starts at 0.", float(line["x"].iloc[0])),
        ordering("small-rises", "It rises.", noisy, source="small1", after_looking=True),
        ordering("small-open", "It is high.", noisy, expected=0.9, source="small1", unresolved=why),
        ordering(f"{prefix}-built", "Its id stands nowhere.", 2.0, source="small1"),
    ]
'''
OPEN = """small/drawing | small-open | at {.1f} in the mean
Is it high?
It is, this answer says.
```

```{plot} small/drawing draw_line
:alt: The rising line again.

The same as {numref}`draw-line`.
```
"""
FILE = "code/brainbook/pages/small/drawing/claims.py"


@pytest.fixture(scope="module")
def book(written):
    """A small book in two parts, with claims of both roles."""
    made = written
    (made.root / FILE).write_text(CLAIMS)
    (made.root / "code/brainbook/models/small_shared.py").write_text(
        '"""Shared by two pages, one of which names a claim."""\n\nSHARED = "small-zero"\n'
    )
    made.edit("chapters/small/drawing.md", "page.measure_runs()\n", "")
    made.edit(
        "chapters/index.md",
        "It starts",
        "It rises by {measured}`small-rises:.2f±`; {tally}`finding` findings, "
        "{tally}`finding unresolved` open, {tally}`check` check. It starts",
    )
    made.edit("chapters/index.md", "At the origin.\n```\n", f"At the origin.\n\n{OPEN}")
    (made.root / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\nparts:\n"
        "  - caption: Shapes\n    chapters:\n      - file: chapters/small/second\n"
        "        sections:\n          - file: chapters/small/drawing\n"
        "  - caption: Around\n    chapters:\n      - file: chapters/small/third\n"
        "      - file: chapters/ledger\n"
    )
    made.build()
    return made


@pytest.fixture(scope="module")
def rows(book) -> dict[str, dict]:
    found = json.loads((book.root / "_build/ledger.json").read_text())
    return {row["id"]: row for row in found}


@pytest.fixture(scope="module")
def page(book) -> BeautifulSoup:
    return BeautifulSoup(book.html()["chapters/ledger.html"], "html.parser")


def test_the_list_says_role_chance_section_and_line(book, rows):
    rises = rows["small-rises"]
    assert (rises["role"], rises["repetitions"], rises["over"]) == ("finding", 3, "lines")
    assert rises["confidence"] == pytest.approx(0.95)
    assert rises["section"] == "Shapes"
    file, _, line = rises["line"].rpartition(":")
    assert file == FILE
    assert '"small-rises"' in (book.root / file).read_text().splitlines()[int(line) - 1]


def test_a_line_of_the_page_comes_before_one_elsewhere(rows):
    assert rows["small-zero"]["line"].startswith(f"{FILE}:")


def test_an_id_that_is_built_has_no_line(rows, page):
    assert rows["small-built"]["line"] is None
    assert page.select_one("#claim-small-rises .claim-id a")
    assert page.select_one("#claim-small-built .claim-id a") is None


def test_findings_lead_and_checks_are_folded_without_scripts(page):
    section = page.select_one("#claims-in-shapes #claims-small-drawing")
    tables = section.select("table.ledger")
    ids = [[row["id"] for row in table.select("tbody tr")] for table in tables]
    findings = ["claim-small-rises", "claim-small-open", "claim-small-built"]
    assert ids == [findings, ["claim-small-zero"]]
    folded = tables[1].find_parent("details")
    assert folded is not None and not folded.has_attr("open")
    assert "Checks: 1" in folded.find("summary").get_text()
    assert tables[0].find_parent("details") is None


def test_a_row_says_kind_role_and_repetitions_and_leads_to_its_line(book, rows, page):
    row = page.select_one("#claim-small-rises")
    text = " ".join(row.get_text(" ").split())
    assert "finding · ordering · small-rises" in text
    assert "3 lines, 95%" in text and "0.93333 ± 0.87" in text
    file, _, line = rows["small-rises"]["line"].rpartition(":")
    name = file.removeprefix("code/").removesuffix(".py")
    href = row.select_one(".claim-id a")["href"]
    assert href == f"../source/{name}.html#line-{line}"
    source = BeautifulSoup(book.html()[f"source/{name}.html"], "html.parser")
    assert '"small-rises"' in source.select_one(f"#line-{line}").get_text()


def test_an_open_question_gives_its_reason(page):
    row = page.select_one("#claim-small-open")
    assert row.select_one(".status-unresolved").get_text() == "unresolved"
    assert "Why it is unresolved: Three lines do not tell." in row.get_text()


def test_a_row_says_whether_it_was_worded_after_looking(page):
    said = "Worded after looking."
    assert said in page.select_one("#claim-small-rises").get_text()
    assert said not in page.select_one("#claim-small-open").get_text()


def test_counts_speak_of_findings_and_checks_apart(page, book):
    text = page.get_text()
    assert "Findings: 3. Holds: 2. Fails: 0. Unresolved: 1." in text
    assert "Checks: 1. Holds: 1. Fails: 0." in text
    front = BeautifulSoup(book.html()["chapters/index.html"], "html.parser").get_text()
    assert "3 findings, 1 open, 1 check." in front


def test_a_measured_value_can_bring_its_interval(book):
    front = BeautifulSoup(book.html()["chapters/index.html"], "html.parser")
    link = front.select_one("a.measured")
    assert link.get_text() == "0.93 ± 0.87"
    assert link["title"] == "Claim: It rises. (3 lines, 95%)"


def test_the_page_prints_the_repetitions(book):
    html = book.html()["chapters/small/drawing.html"].decode()
    assert re.search(
        r"small-rises holds: It rises\. Measured 0\.933333 ± 0\.87\d* \(3 lines, 95%", html
    )


def test_the_command_counts_both_and_can_list_findings_alone(book):
    _, every = book.press("ledger")
    status, findings = book.press("ledger", "--findings")
    assert status == 0
    assert "small-zero" in every and "small-zero" not in findings
    for said in (every, findings):
        assert "Findings: 3. Holds: 2." in said and "Checks: 1. Holds: 1." in said
    assert re.search(r"holds +finding ordering +small/drawing: small-rises: 0.93\S* ± 0.87", every)
    assert f"(3 lines, 95%; {FILE}:" in every


def test_a_row_of_answers_shows_the_status_whatever_its_answer_says(book):
    front = BeautifulSoup(book.html()["chapters/index.html"], "html.parser")
    zero, is_open = front.select("table.answers tbody tr")
    question, answer, size, sure = is_open.find_all(["th", "td"])
    assert question.find("a")["href"] == "small/drawing.html"
    assert "It is, this answer says." in answer.get_text()
    assert " ".join(size.get_text().split()) == "at 0.9 ± 0.9 in the mean"
    assert size.select_one("a.measured")["href"] == "ledger.html#claim-small-open"
    assert sure.select_one(".status-unresolved").get_text() == "unresolved"
    assert sure.select_one(".repeated").get_text() == "3 lines, 95%"
    assert zero.select_one(".status-holds") and "no interval" in zero.get_text()


def test_a_figure_can_be_shown_again(book):
    front = BeautifulSoup(book.html()["chapters/index.html"], "html.parser")
    again = front.select_one("figure#index-draw-line")
    first = BeautifulSoup(book.html()["chapters/small/drawing.html"], "html.parser")
    names = [
        {image["src"].rpartition("/")[2] for image in figure.select("img")}
        for figure in (again, first.select_one("figure#draw-line"))
    ]
    assert names[0] == names[1] and len(names[0]) == 2
    assert again.select_one("a[href*='#line-']").get_text() == "code: draw_line"
    assert "The same as Figure 2." in again.get_text()


def test_an_interval_that_is_not_there_is_refused(book):
    book.edit("chapters/index.md", "small-zero:.1f", "small-zero:.1f±")
    status, said = book.press("build")
    book.edit("chapters/index.md", "small-zero:.1f±", "small-zero:.1f")
    assert status != 0 and "claim 'small-zero' has no interval" in said


def test_the_first_string_of_a_call_comes_before_others():
    source = 'NAMES = {"an-id": 1}\n\n\ndef claims():\n    return [law("an-id", "text")]\n'
    assert ledger.string_lines(source)["an-id"] == 5
    assert ledger.string_lines('NAMES = ("an-id",)\n')["an-id"] == 1


def test_sections_are_the_parts_of_the_contents(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\nparts:\n"
        "  - caption: One\n    chapters:\n      - file: chapters/a/index\n"
        "        sections:\n          - file: chapters/a/b\n          - url: https://example.org\n"
        "  - caption: Two\n    chapters:\n      - file: chapters/c\n"
    )
    assert ledger.sections() == {"index": "", "a/index": "One", "a/b": "One", "c": "Two"}
