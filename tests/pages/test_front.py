"""The front page and CITATION.cff: they agree, and every correction names its source."""

from __future__ import annotations

import re

import pytest
import yaml

import brainbook
from brainbook.evidence import paths
from brainbook.press import contents


@pytest.fixture(scope="module")
def front() -> str:
    return (paths.CHAPTERS / "index.md").read_text("utf-8")


@pytest.fixture(scope="module")
def citation() -> dict:
    return yaml.safe_load((paths.ROOT / "CITATION.cff").read_text("utf-8"))


def test_citation_names_this_version(citation: dict) -> None:
    assert citation["version"] == brainbook.__version__
    assert citation["preferred-citation"]["edition"] == brainbook.__version__


def test_front_page_cites_as_the_file_does(front: str, citation: dict) -> None:
    block = re.search(r"```bibtex\n(.+?)```", front, re.DOTALL).group(1)
    fields = dict(re.findall(r"(\w+)\s*= \{(.+)\}", block))
    wanted = citation["preferred-citation"]
    assert fields["title"] == wanted["title"] == citation["title"]
    assert fields["edition"] == wanted["edition"]
    assert fields["year"] == str(wanted["year"])
    assert fields["author"].strip("{}") == wanted["authors"][0]["name"]
    assert front.startswith(f"# {citation['title']}\n")


def test_every_correction_names_its_source(front: str) -> None:
    table = front.split("| Often said |", 1)[1].split("\n\n", 1)[0]
    rows = [row for row in table.splitlines()[2:] if row.startswith("|")]
    assert rows
    for row in rows:
        assert re.search(r"\{cite:p\}`[a-z0-9,]+`", row), row


def test_every_page_is_led_to_from_its_section_and_every_section_from_the_front(front: str) -> None:
    landings = {page.name.partition("/")[0]: page for page in contents.pages() if page.is_landing}
    running = [page.name.partition("/") for page in contents.pages() if page.runs]
    assert running
    for section, _, page in running:
        assert f"{{doc}}`{page}`" in landings[section].path.read_text("utf-8"), page
    for landing in landings.values():
        assert f"{{doc}}`{landing.name}`" in front, landing.name
