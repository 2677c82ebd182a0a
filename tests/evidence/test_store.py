"""A shared result is made once, by one process, and again when an input changes."""

from __future__ import annotations

import linecache
import os
import subprocess
import sys

import numpy as np
import pytest

from brainbook.evidence import fingerprint, paths, store
from brainbook.evidence.datasets import digits


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINBOOK_STORE", str(tmp_path))
    monkeypatch.delenv(store.SWITCH, raising=False)
    return tmp_path


@pytest.fixture
def counted(folder):
    """A function that counts its calls, as if it stood in a module of the book."""
    calls = []

    def counted(units, seeds=(0, 1), workers=1):
        calls.append((units, workers))
        return {"units": list(units), "sum": sum(seeds)}

    counted.__module__, counted.__qualname__ = digits.__module__, "counted"
    counted.calls = calls
    return counted


def made(folder) -> list:
    return sorted(folder.rglob("*.joblib"))


def test_the_second_call_reads_what_the_first_made(folder):
    first = store.made_once(digits, seed=3)
    mark = made(folder)[0].stat().st_ino
    second = store.made_once(digits, seed=3)
    assert len(made(folder)) == 1 and made(folder)[0].stat().st_ino == mark
    np.testing.assert_array_equal(first.test_images, second.test_images)


@pytest.fixture
def of_seeds(folder):
    """A function of one seed or of several, as if it stood in a module of the book."""
    calls = []

    def of_seeds(seed, factor=2):
        calls.append(seed)
        return [factor * one for one in seed] if isinstance(seed, tuple) else factor * seed

    of_seeds.__module__, of_seeds.__qualname__ = digits.__module__, "of_seeds"
    of_seeds.calls = calls
    return of_seeds


def test_what_is_missing_is_made_in_one_call_and_found_alone(of_seeds):
    assert store.made_once(of_seeds, seed=5) == 10
    assert store.made_each(of_seeds, (4, 5, 6)) == [8, 10, 12]
    assert store.made_each(of_seeds, (6, 4), factor=2) == [12, 8]
    assert store.made_once(of_seeds, seed=6) == 12
    assert of_seeds.calls == [5, (4, 6)]


def test_each_is_made_anew_where_another_parameter_differs(of_seeds):
    assert store.made_each(of_seeds, (1, 2)) == [2, 4]
    assert store.made_each(of_seeds, (1, 2), factor=3) == [3, 6]
    assert of_seeds.calls == [(1, 2), (1, 2)]


def test_another_parameter_or_environment_is_another_result(folder, monkeypatch):
    store.made_once(digits, seed=3)
    store.made_once(digits, seed=4)
    assert len(made(folder)) == 2
    other = dict(fingerprint.environment()) | {"scikit-learn": "0.0"}
    monkeypatch.setattr(fingerprint, "environment", lambda: other)
    store.made_once(digits, seed=3)
    assert len(made(folder)) == 3


def test_a_function_without_a_home_is_refused(folder):
    with pytest.raises(ValueError, match="needs a named function"):
        store.made_once(lambda: 3)


@pytest.mark.slow
def test_processes_wait_for_the_first(folder):
    code = (
        "from brainbook.evidence import store, datasets\n"
        "real = datasets.digits\n"
        "import time, pathlib, os\n"
        "def digits(seed):\n"
        "    pathlib.Path(os.environ['BRAINBOOK_STORE'], f'made-{os.getpid()}').touch()\n"
        "    time.sleep(1)\n"
        "    return real(seed)\n"
        "digits.__module__ = real.__module__\n"
        "store.made_once(digits, seed=5)\n"
    )
    several = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(3)]
    assert [process.wait(timeout=120) for process in several] == [0, 0, 0]
    assert len(list(folder.glob("made-*"))) == 1


def test_a_kept_function_runs_once_for_the_same_parameters(counted):
    measure = store.kept(counted)
    first = measure((4, 16))
    assert measure((4, 16), seeds=range(2)) == measure(units=[4, 16]) == first
    assert len(counted.calls) == 1
    measure((4, 16), seeds=(0, 2))
    assert len(counted.calls) == 2


def test_what_only_makes_it_faster_does_not_count(counted):
    measure = store.kept(apart_from=("workers",))(counted)
    assert measure((4,), workers=8) == measure((4,), workers=1)
    assert counted.calls == [((4,), 8)]
    with pytest.raises(ValueError, match=r"apart_from: got \['wokers'\]"):
        store.kept(apart_from=("wokers",))(counted)


def test_a_loaded_result_is_a_copy(counted):
    measure = store.kept(counted)
    measure((4,))
    measure((4,))["units"].append(99)
    assert measure((4,))["units"] == [4]


def test_it_can_be_switched_off(counted, folder, monkeypatch):
    measure = store.kept(counted)
    monkeypatch.setenv(store.SWITCH, "off")
    measure((4,))
    measure((4,))
    assert len(counted.calls) == 2 and made(folder) == []


def test_code_edited_since_the_process_began_keeps_nothing(counted, folder, monkeypatch):
    monkeypatch.setattr(fingerprint, "STARTED", 0.0)
    measure = store.kept(counted)
    assert measure((4,)) == measure((4,))
    assert len(counted.calls) == 2 and made(folder) == []


@pytest.mark.parametrize("name", ["data/README.md", "LICENSE"])
def test_a_file_that_no_digest_covers_keeps_nothing(folder, name):
    def reading():
        return (paths.ROOT / name).read_text()

    reading.__module__, reading.__qualname__ = digits.__module__, "reading"
    with pytest.raises(ValueError, match=f"opens {name}, which no digest covers"):
        store.kept(reading)()
    assert made(folder) == []


def test_the_store_stays_bounded(counted, folder, monkeypatch):
    measure = store.kept(counted)
    monkeypatch.setattr(store, "RESULTS", 2)
    monkeypatch.setattr(store, "VERSIONS", 2)
    for units in (4, 16, 4, 64):
        measure((units,))
    assert len(counted.calls) == 3 and len(made(folder)) == 2
    measure((4,))
    assert len(counted.calls) == 3, "the one unused for longest went, not the oldest"
    for version in ("1", "2", "3"):
        other = dict(fingerprint.environment()) | {"scikit-learn": version}
        monkeypatch.setattr(fingerprint, "environment", lambda other=other: other)
        measure((4,))
    assert len(list((folder / "brainbook.evidence.datasets.counted").iterdir())) == 2
    assert len(made(folder)) == len(list(folder.rglob("*.lock"))) == 2


def test_results_of_a_module_that_is_gone_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    for name in ("brainbook.evidence.datasets.digits", "brainbook.models.gone.trained"):
        (tmp_path / "store" / name).mkdir(parents=True)
    store.forget_gone()
    kept = [path.name for path in (tmp_path / "store").iterdir()]
    assert kept == ["brainbook.evidence.datasets.digits"]


def test_a_parameter_left_out_counts_as_its_default(counted):
    store.made_once(counted, units=[1])
    store.made_once(counted, units=[1], seeds=(0, 1))
    assert len(counted.calls) == 1
    store.made_once(counted, units=[1], seeds=(0, 2))
    assert len(counted.calls) == 2


def test_lines_that_a_traceback_shows_are_no_input(folder):
    def warning():
        linecache.clearcache()
        return linecache.getline(store.__file__, 1)

    warning.__module__, warning.__qualname__ = digits.__module__, "warning"
    assert store.kept(warning)().startswith('"""')
    assert len(made(folder)) == 1
