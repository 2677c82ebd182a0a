"""The energy library works installed, outside the book's checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest

from brainbook.evidence import paths

PROGRAM = """
import pathlib, opjoules, torch
from opjoules import energy_report, sources
print(pathlib.Path(opjoules.__file__).parent)
print(sources.SHARE)
report = energy_report(torch.nn.Linear(30, 7), torch.randn(5, 30), "45nm_fp32", memory=False)
print(f"{report.joules.central:.6e}")
print(report.bibtex().splitlines()[0])
"""


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """A fresh environment with the built package, and the book's other packages in reach."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(
        paths.ROOT, source, ignore=shutil.ignore_patterns(".*", "_build", "build", "*.egg-info")
    )
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(source)], check=True, capture_output=True, cwd=folder)
    wheel = next(folder.glob("brainbook-*.whl"))
    venv.create(folder / "env", with_pip=False)
    python = folder / "env/bin/python"
    subprocess.run(
        [*pip, "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)],
        check=True, capture_output=True,
    )  # fmt: skip
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    with open(f"{packages}/others.pth", "w") as file:
        file.write(sysconfig.get_path("purelib") + "\n")
    return python, folder


def test_a_report_comes_with_its_data_and_references(interpreter):
    python, folder = interpreter
    run = subprocess.run(
        [str(python), "-I", "-c", PROGRAM], capture_output=True, text=True, cwd=folder, check=True
    )
    place, share, joules, entry = run.stdout.splitlines()[-4:]
    assert place.startswith(str(folder)) and share.startswith(str(folder))
    multiply_and_add = 3.7 + 0.9  # pJ, 32 bits at 45 nm: Horowitz (2014)
    assert float(joules) == pytest.approx(210 * multiply_and_add * 1e-12, rel=1e-6)
    assert entry == "@inproceedings{horowitz2014computing,"
