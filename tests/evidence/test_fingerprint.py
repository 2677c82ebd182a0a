"""The key of a result changes with each of its inputs, and with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

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
    (tmp_path / "room").mkdir()
    for name in ("here.csv", "room/inner.csv", "room/other.csv"):
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(paths, "DATA", tmp_path)
    sources = ["facts.table('here.csv')", "table('gone.csv', 'inner.csv')", "'''here.csv, too'''"]
    literals = {text for source in sources for text in fingerprint.texts_in(source)}
    assert fingerprint.data_files(literals) == {"here.csv", "room/inner.csv"}
    for text in ("room/other.csv", "data/room/other.csv"):
        assert fingerprint.data_files({text}) == {"room/other.csv"}


def test_the_environment_counts(monkeypatch):
    before = fingerprint.parts(["brainbook.evidence.claims"])
    assert before["package python"].startswith("3.")
    assert before["package torch"]
    other = dict(fingerprint.environment()) | {"torch": "0.0.0"}
    monkeypatch.setattr(fingerprint, "environment", lambda: other)
    after = fingerprint.parts(["brainbook.evidence.claims"])
    assert {k for k in before if before[k] != after[k]} == {"package torch"}


def test_of_two_installed_versions_the_first_on_the_path_counts(monkeypatch):
    found = [SimpleNamespace(metadata={"Name": "torch"}, version=v) for v in ("2", "1")]
    monkeypatch.setattr(fingerprint.metadata, "distributions", lambda: found)
    assert fingerprint.environment.__wrapped__()["torch"] == "2"


@dataclass
class Given:
    """A parameter with a bit of everything."""

    weights: torch.Tensor
    table: pd.DataFrame
    units: tuple[int, ...]


def given(**changed) -> dict:
    table = pd.DataFrame({"seed": [0, 1], "error": [0.5, 0.25], "kind": ["a", "b"]})
    fields = {"weights": torch.arange(6.0).reshape(2, 3), "table": table, "units": (4, 16)}
    return {"given": Given(**(fields | changed)), "angles": np.linspace(0, 1, 5)}


DIFFERENT = {
    "weights": torch.arange(6.0).reshape(3, 2),
    "table": pd.DataFrame({"seed": [0, 1], "error": [0.5, 0.26], "kind": ["a", "b"]}),
    "units": (4, 17),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_parameters_are_told_apart_by_content(name):
    same, other = given(), given(**{name: DIFFERENT[name]})
    assert fingerprint.of_parameters(same) == fingerprint.of_parameters(given())
    assert fingerprint.of_parameters(same) != fingerprint.of_parameters(other)


def test_what_is_one_object_twice_is_what_two_equal_ones_are():
    one = (1.5, 2.5)
    twice, equal = {"a": [one, one]}, {"a": [one, tuple([1.5, 2.5])]}
    assert fingerprint.of_parameters(twice) == fingerprint.of_parameters(equal)


def test_sequences_of_the_same_numbers_are_one_parameter():
    keys = {fingerprint.of_parameters({"seeds": s}) for s in (range(3), [0, 1, 2], (0, 1, 2))}
    assert len(keys) == 1
    assert fingerprint.of_parameters({"seeds": range(4)}) not in keys


@pytest.mark.parametrize("half", [torch.bfloat16, torch.bool])
def test_tensors_of_any_type_count(half):
    ones, zeros = ({"x": torch.full((), value).to(half)} for value in (1, 0))
    assert fingerprint.of_parameters(ones) != fingerprint.of_parameters(zeros)
    whole = {"x": torch.tensor(1)}
    assert fingerprint.of_parameters(ones) != fingerprint.of_parameters(whole)


def test_trained_networks_count_by_their_weights():
    def network(seed):
        torch.manual_seed(seed)
        return {"network": torch.nn.Linear(3, 2)}

    assert fingerprint.of_parameters(network(0)) == fingerprint.of_parameters(network(0))
    assert fingerprint.of_parameters(network(0)) != fingerprint.of_parameters(network(1))


@pytest.mark.parametrize("value", [np.random.default_rng(0), torch.Generator(), lambda: 3])
def test_a_parameter_that_no_digest_can_stand_for_is_refused(value):
    with pytest.raises(ValueError, match="rng: got"):
        fingerprint.of_parameters({"rng": value})


def test_every_process_gives_the_same_digest():
    code = (
        "import torch, pandas as pd\nfrom brainbook.evidence import fingerprint\n"
        "frame = pd.DataFrame({'kind': ['a', 'b']})\n"
        "params = {'x': torch.ones(3), 'frame': frame, 'of': {'b': 1, 'a': {'d', 'c'}}}\n"
        "print(fingerprint.of_parameters(params))"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(keys) == 1


def test_code_that_is_not_python_is_told():
    with pytest.raises(SyntaxError):
        fingerprint.imported("print(")
