"""Tables and references: what is read, and what is refused."""

from __future__ import annotations

import pytest

from opjoules import sources

ROWS = "key,value,source,where,status\na,1.5,someone2020,3,seen\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(sources, "SHARE", tmp_path)
    return tmp_path / "data"


def test_a_table_is_read_with_its_places_as_text(folder):
    (folder / "small.csv").write_text("# a comment\n" + ROWS)
    assert sources.table("small.csv").loc[0].to_dict() == {
        "key": "a",
        "value": 1.5,
        "source": "someone2020",
        "where": "3",
        "status": "seen",
    }
    assert sources.value("small.csv", "a") == 1.5
    with pytest.raises(ValueError, match=r"key: got 'b'; small.csv has \['a'\]"):
        sources.value("small.csv", "b")


def test_a_row_without_a_source_is_refused(folder):
    (folder / "small.csv").write_text(ROWS + "b,2,,4,seen\n")
    with pytest.raises(ValueError, match=r"small.csv: rows \[3\] have no source"):
        sources.table("small.csv")


def test_entries_come_once_and_in_order():
    keys = ["davies2018loihi", "horowitz2014computing", "davies2018loihi"]
    entries = sources.bibtex(keys)
    assert entries.count("@") == 2
    assert entries.index(keys[0]) < entries.index(keys[1])
    with pytest.raises(ValueError, match=r"keys: got \['nobody1900'\]"):
        sources.bibtex(["nobody1900"])
