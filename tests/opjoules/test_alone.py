"""The library needs nothing of the book, neither its code nor what the book installs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import opjoules
from opjoules import sources

FOLDER = Path(opjoules.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
READERS = ("sources.table", "sources.value")
BLOCKED = """
import importlib, pkgutil, sys

sys.modules |= dict.fromkeys(["brainbook", "sklearn", "transformers"])  # None: not importable
import opjoules, torch

for module in pkgutil.walk_packages(opjoules.__path__, "opjoules."):
    importlib.import_module(module.name)
    print(module.name)
report = opjoules.energy_report(torch.nn.Linear(30, 7), torch.randn(5, 30), memory=False)
print(report.joules.central)
print(report.sources == ["horowitz2014computing"] and report.bibtex().startswith("@"))
print(len(report.draw().axes), "Horowitz 2014" in report._repr_html_())
"""


def test_every_module_and_a_report_without_the_book():
    run = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    *modules, joules, cited, shown = run.stdout.splitlines()
    assert len(modules) == len(FILES) - 1  # all but opjoules itself
    multiply_and_add = 3.7 + 0.9  # pJ, 32 bits at 45 nm: Horowitz (2014)
    assert abs(float(joules) / (210 * multiply_and_add * 1e-12) - 1) < 1e-6
    assert (cited, shown) == ("True", "1 True")


def test_tables_are_named_where_they_are_read():
    """A search for a file, by a reader or by the press, finds who reads it."""
    named = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in READERS:
                assert isinstance(node.args[0], ast.Constant), f"{file}, line {node.lineno}"
                named.add(node.args[0].value)
    assert named and all((sources.SHARE / "data" / name).is_file() for name in named)
