"""A small book of its own: three pages that run, a ledger, a prose page, its own package copy."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from brainbook.evidence import paths

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
COUNTED = """\"\"\"Page small/{name}.\"\"\"

import os
from pathlib import Path
{imports}

def measure_runs():
    \"\"\"Note that the page ran.\"\"\"
    with Path(os.environ["SMALL_LOG"]).open("a") as log:
        log.write("{name}\\n")
    return 3
"""
FACE = """\"\"\"Page small/drawing.\"\"\"

from .claims import claims
from .draw import draw_line
from .measure import measure_line, measure_runs

__all__ = ["claims", "draw_line", "measure_line", "measure_runs"]
"""
MEASURE_IMPORTS = """
import numpy as np
import pandas as pd

import opjoules
from brainbook.evidence import store
from brainbook.models import small_shared
"""
MEASURE = """

@store.kept(apart_from=("workers",))
def measure_line(count, seed, workers=1):
    \"\"\"A noisy parabola; notes that it was computed.\"\"\"
    with Path(os.environ["SMALL_LOG"] + ".measured").open("a") as log:
        log.write("line\\n")
    x = np.arange(count) * opjoules.ONE
    return pd.DataFrame({"x": x, "y": x**2 + np.random.default_rng(seed).normal(size=count)})
"""
DRAW = """\"\"\"Figures of page small/drawing.\"\"\"

from brainbook.evidence import style


def draw_line(line):
    \"\"\"The parabola.\"\"\"
    fig, ax = style.figure()
    ax.plot(line["x"], line["y"], color=style.colour("brain"))
    return fig
"""
CLAIMS = """\"\"\"Claims of page small/drawing.\"\"\"

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim


def claims(line):
    \"\"\"One claim.\"\"\"
    first = float(line["x"].iloc[0])
    expected = facts.value("small.csv", "zero")
    return [Claim("small-zero", "It starts at 0.", "exact", first, expected, 1e-12, "1", "small1")]
"""
FIGURE_PAGE = (
    HEADER
    + """# Figures

```{code-cell} ipython3
:tags: [parameters]
count = 5  # points
noise = 0.5
```

```{code-cell} ipython3
:tags: [hide-input]
from brainbook.evidence.results import Results
from brainbook.pages.small import drawing as page
results = Results(page)
page.measure_runs()
line = page.measure_line(count, seed=0)
results.figure(page.draw_line, line, data=line)
results.numbers(last=line["y"].iloc[-1])
results.claims(page.claims(line))
```

The last value is {glue:text}`last:.3f`, see {numref}`draw-line` and {cite:t}`small1`.

```{plot} draw_line
:alt: A rising line.

A parabola, up to {glue:text}`last:.1f`.
```
"""
)
PLAIN_PAGE = (
    HEADER
    + """# {title}

```{{code-cell}} ipython3
from brainbook.pages.small import {name} as page
three = page.measure_runs()
```

```{{code-cell}} ipython3
print(three)
```

A sentence of prose.
"""
)


@dataclass
class SmallBook:
    """A checkout with a small book, and the commands one gives it."""

    root: Path

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("BRAINBOOK_")}
        return clean | {
            "PYTHONPATH": str(self.root / "code"),
            "SMALL_LOG": str(self.root / "log.txt"),
            "BRAINBOOK_NODE": str(Path(sys.prefix) / "node"),
            "COLUMNS": "200",
        }

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "brainbook", *arguments],
            cwd=self.root,
            env=self.environment() | options,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell that runs the tests in the background lets them ignore interrupts.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def press(self, *arguments: str, **options) -> tuple[int, str]:
        """Exit status and output of ``brainbook …``."""
        process = self.start(*arguments, **options)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def build(self, *options: str) -> str:
        """Build, which must succeed; the output."""
        status, said = self.press("build", *options)
        assert status == 0, said
        return said

    def runs(self) -> list[str]:
        """Pages in the order in which they ran since the last call."""
        log = self.root / "log.txt"
        lines = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def measured(self) -> int:
        """How often the line was computed since the last call, rather than read."""
        log = self.root / "log.txt.measured"
        count = len(log.read_text().split()) if log.exists() else 0
        log.unlink(missing_ok=True)
        return count

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def html(self) -> dict[str, bytes]:
        """The published files by name."""
        folder = (self.root / "_build/html").resolve()
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


def write_small_book(root: Path) -> SmallBook:
    code = root / "code/brainbook"
    for name in ("__init__.py", "__main__.py"):
        code.mkdir(parents=True, exist_ok=True)
        shutil.copy(paths.CODE / "brainbook" / name, code)
    for name in ("evidence", "press"):
        source = paths.CODE / "brainbook" / name
        shutil.copytree(source, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("models", "pages", "../opjoules"):
        (code / name).mkdir()
        (code / name / "__init__.py").write_text(f'"""Small {name}."""\n\nONE = 1\n')
    for name in ("_config.yml", "package.json", "package-lock.json", "constraints.txt"):
        shutil.copy(paths.ROOT / name, root)
    shutil.copytree(paths.CHAPTERS / "_static", root / "chapters/_static")
    small = code / "pages/small"
    small.mkdir()
    (small / "__init__.py").write_text('"""Small pages."""\n')
    (code / "models/small_shared.py").write_text('"""Shared by two pages."""\n\nSHARED = 1\n')
    (small / "drawing").mkdir()
    measure = COUNTED.format(name="drawing", imports=MEASURE_IMPORTS) + MEASURE
    parts = {"__init__": FACE, "measure": measure, "draw": DRAW, "claims": CLAIMS}
    for name, text in parts.items():
        (small / f"drawing/{name}.py").write_text(text)
    shared = "\nfrom brainbook.models import small_shared\n"
    (small / "second.py").write_text(COUNTED.format(name="second", imports=shared))
    (small / "third.py").write_text(COUNTED.format(name="third", imports=""))
    chapters = root / "chapters/small"
    chapters.mkdir(parents=True)
    (chapters / "drawing.md").write_text(FIGURE_PAGE)
    for name in ("second", "third"):
        (chapters / f"{name}.md").write_text(PLAIN_PAGE.format(name=name, title=name.title()))
    (root / "chapters/index.md").write_text(
        "# Small book\n\nIt starts at {measured}`small-zero:.1f`.\n\n"
        "```{answers}\nsmall/drawing | small-zero, holds | at {.1f}\nWhere does it start?\n"
        "At the origin.\n```\n\n```{bibliography}\n```\n"
    )
    (root / "chapters/ledger.md").write_text("# Ledger\n\n```{ledger}\n```\n")
    (root / "data").mkdir()
    (root / "data/small.csv").write_text(
        "key,value,source,where,status\nzero,0,small1,Table 1,seen\n"
    )
    (root / "references.bib").write_text(
        "@book{small1,\n title = {Small},\n author = {Small, Ann},\n year = {2001},\n"
        " publisher = {Press}\n}\n"
    )
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\nchapters:\n"
        + "".join(f"  - file: chapters/small/{n}\n" for n in ("drawing", "second", "third"))
        + "  - file: chapters/ledger\n"
    )
    return SmallBook(root)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> SmallBook:
    """A small book that nobody has built."""
    return write_small_book(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def another(tmp_path_factory) -> SmallBook:
    """One more, for a module that needs two."""
    return write_small_book(tmp_path_factory.mktemp("another"))


@pytest.fixture(scope="module")
def built(written) -> SmallBook:
    """A small book, built once for the module. Tests put back what they edit."""
    book = written
    book.build("--no-look")
    book.runs()
    book.measured()
    return book


@pytest.fixture
def restored(built):
    """The built small book; edits to its sources are undone afterwards."""
    names = [p for p in built.root.rglob("*") if p.is_file() and "_build" not in p.parts]
    before = {path: path.read_bytes() for path in names if "__pycache__" not in path.parts}
    yield built
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
    built.runs()
    built.measured()
