"""Published facts carry their source, every one of them."""

from __future__ import annotations

import pandas as pd
import pytest

from brainbook.evidence import facts, paths


@pytest.mark.parametrize("path", sorted(paths.DATA.glob("*.csv")), ids=lambda path: path.name)
def test_every_table_is_sourced_and_described(path):
    assert len(facts.table(path.name)) > 0
    assert path.name in (paths.DATA / "README.md").read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("key,value,where,status\na,1,T1,seen\n", "source"),
        ("key,value,source,where,status\na,1,,T1,seen\n", "no source"),
        ("key,value,source,where,status\na,1,x2001y,T1,heard\n", "heard"),
    ],
)
def test_a_table_without_source_is_refused(tmp_path, monkeypatch, content, said):
    (tmp_path / "bad.csv").write_text(content)
    monkeypatch.setattr(paths, "DATA", tmp_path)
    with pytest.raises(ValueError, match=said):
        facts.table("bad.csv")


def test_an_unknown_table_is_told():
    with pytest.raises(ValueError, match="got 'nothing.csv'"):
        facts.table("nothing.csv")


def test_a_value_is_found_by_its_key(tmp_path, monkeypatch):
    frame = pd.DataFrame(
        {
            "key": ["a", "b", "b"],
            "value": [1.5, 2, 3],
            "source": "s",
            "where": "T",
            "status": "seen",
        }
    )
    frame.to_csv(tmp_path / "values.csv", index=False)
    monkeypatch.setattr(paths, "DATA", tmp_path)
    assert facts.value("values.csv", "a") == 1.5
    for key, count in (("b", 2), ("c", 0)):
        with pytest.raises(ValueError, match=f"found in {count} rows"):
            facts.value("values.csv", key)
