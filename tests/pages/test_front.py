"""The front page and CITATION.cff: they agree, and every correction names its source."""

from __future__ import annotations

import re

import pytest
import yaml

import brainbook
from brainbook.evidence import paths


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


def test_front_page_links_every_chapter_that_runs(front: str) -> None:
    toc = yaml.safe_load((paths.ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    running = [c for c in chapters if c.count("/") == 2]
    assert running
    for chapter in running:
        assert f"{{doc}}`{chapter.removeprefix('chapters/')}`" in front, chapter
