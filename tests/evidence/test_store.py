"""A shared result is made once, by one process, and again when an input changes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from brainbook.evidence import fingerprint, store
from brainbook.evidence.datasets import digits


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINBOOK_STORE", str(tmp_path))
    return tmp_path


def made(folder) -> list:
    return sorted(folder.rglob("*.joblib"))


def test_the_second_call_reads_what_the_first_made(folder):
    first = store.made_once(digits, seed=3)
    mark = made(folder)[0].stat().st_mtime_ns
    second = store.made_once(digits, seed=3)
    assert len(made(folder)) == 1 and made(folder)[0].stat().st_mtime_ns == mark
    np.testing.assert_array_equal(first.test_images, second.test_images)


def test_another_parameter_or_environment_is_another_result(folder, monkeypatch):
    store.made_once(digits, seed=3)
    store.made_once(digits, seed=4)
    assert len(made(folder)) == 2
    other = dict(fingerprint.environment()) | {"scikit-learn": "0.0"}
    monkeypatch.setattr(fingerprint, "environment", lambda: other)
    store.made_once(digits, seed=3)
    assert len(made(folder)) == 3


def test_a_function_without_a_home_is_refused(folder):
    with pytest.raises(ValueError, match="named function of a brainbook module"):
        store.made_once(lambda: 3)


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
