"""The key of a result changes with each of its inputs, and with nothing else."""

from __future__ import annotations

import pytest

from brainbook.evidence import fingerprint, paths


def test_imports_are_followed_to_the_end():
    reached = fingerprint.reached(["brainbook.evidence.results"])
    assert {"brainbook", "brainbook.evidence", "brainbook.evidence.claims"} <= reached
    assert not any(name.startswith("brainbook.press") for name in reached)


def test_imports_within_a_cell_are_found():
    source = (
        "import numpy\nfrom brainbook.evidence import style as s, claims\n"
        "import brainbook.evidence.facts"
    )
    assert fingerprint.imported(source) == {
        "brainbook.evidence",
        "brainbook.evidence.style",
        "brainbook.evidence.claims",
        "brainbook.evidence.facts",
    }


def test_data_files_are_found_by_name(tmp_path, monkeypatch):
    (tmp_path / "here.csv").write_text("x")
    monkeypatch.setattr(paths, "DATA", tmp_path)
    sources = ["facts.table('here.csv')", "facts.table('gone.csv')", "'''here.csv and more'''"]
    assert fingerprint.data_files(sources) == {"here.csv"}


def test_the_environment_counts(monkeypatch):
    before = fingerprint.parts(["brainbook.evidence.claims"])
    assert before["package python"].startswith("3.")
    assert before["package torch"]
    other = dict(fingerprint.environment()) | {"torch": "0.0.0"}
    monkeypatch.setattr(fingerprint, "environment", lambda: other)
    after = fingerprint.parts(["brainbook.evidence.claims"])
    assert {k for k in before if before[k] != after[k]} == {"package torch"}


def test_a_call_is_keyed_by_its_parameters():
    from brainbook.evidence.datasets import digits

    keys = {fingerprint.of_call(digits, {"seed": seed}) for seed in (0, 1)}
    assert len(keys) == 2
    assert fingerprint.of_call(digits, {"seed": 0}) in keys


def test_code_that_is_not_python_is_told():
    with pytest.raises(SyntaxError):
        fingerprint.imported("print(")
