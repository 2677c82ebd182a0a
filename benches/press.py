"""The press against jupyter-book executing the same chapters itself, on copies of the book.

Both start from an empty cache and an empty store, run after each other on the same machine,
and render the same pages. Beside the ratio stand the seconds of each page and their sum; the
seconds are written to ``seconds.json`` of the press, which orders a first build by them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import yaml

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("code", "chapters", "data", "_config.yml", "_toc.yml", "references.bib")
LOCKED = ("package.json", "package-lock.json", "constraints.txt")
HINTS = ROOT / "code/brainbook/press/seconds.json"
STORED = ("BRAINBOOK_STORE", "BRAINBOOK_KEPT")  # would let results of other runs in
SLOWEST, AVERAGE = 120, 40  # seconds of one core a page
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def copy_of_the_book(folder: Path) -> Path:
    """A checkout without anything built."""
    for name in COPIED + LOCKED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    return folder


def seconds(command: list[str], book: Path, **environment: str) -> float:
    """Wall-clock time of a command that must succeed."""
    outside = {name: text for name, text in os.environ.items() if name not in STORED}
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=book,
        env=outside
        | {"PYTHONPATH": str(book / "code"), "BRAINBOOK_NODE": str(Path(sys.prefix) / "node")}
        | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return time.perf_counter() - start


def press(book: Path) -> float:
    """Seconds of ``brainbook build``."""
    return seconds([sys.executable, "-m", "brainbook", "build"], book)


def sphinx_alone(book: Path) -> float:
    """Seconds of jupyter-book over the staged book when it has nothing to do."""
    work = book / "_build/sphinx-alone"
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", "_build/stage"]
    command += ["--path-output", str(work)]
    seconds(command, book)
    return seconds(command, book)


def plain_jupyter_book(book: Path, built: Path) -> float:
    """Seconds of ``jupyter-book build`` that executes the chapters one after the other."""
    config = yaml.safe_load((book / "_config.yml").read_text())
    config["execute"] = {"execute_notebooks": "force", "timeout": -1}
    (book / "_config.yml").write_text(yaml.safe_dump(config))
    for name in ("ledger.json", "unfinished.json"):
        shutil.copy(built / "_build/stage" / name, book)
    shutil.copytree(built / "_build/stage/_static", book / "_static")
    for chapter in sorted((book / "chapters").rglob("*.md")):
        if "kernelspec:" in chapter.read_text("utf-8"):
            jupytext.write(jupytext.read(chapter), chapter.with_suffix(".ipynb"))
            chapter.unlink()
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", "."]
    return seconds(
        command,
        book,
        BRAINBOOK_RESULTS=str(book / "results"),
        BRAINBOOK_STORE=str(book / "store"),
    )


def executions(book: Path) -> int:
    """How many executions of pages the book's cache has seen appear."""
    return len(list((book / "_build/pages").rglob("record.json")))


def pages(book: Path) -> dict[str, float]:
    """Seconds that each page took, the slowest first."""
    records = [json.loads(path.read_text()) for path in book.glob("_build/pages/**/record.json")]
    took = {record["page"]: record["seconds"] for record in records}
    return dict(sorted(took.items(), key=lambda item: -item[1]))


def page_rows(took: dict[str, float]) -> list[tuple[str, str, str, bool]]:
    """A row a page, and the sum."""
    limit, total = AVERAGE * len(took), sum(took.values())
    return [
        *((name, f"{s:.0f} s", f"at most {SLOWEST} s", s <= SLOWEST) for name, s in took.items()),
        (f"{len(took)} pages in sum", f"{total:,.0f} s", f"at most {limit:,} s", total <= limit),
    ]


def rows() -> list[tuple[str, str, str, bool]]:
    """What is measured, the value, the target, and whether it is met."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "press", Path(folder) / "plain"
        for book in (ours, theirs):
            book.mkdir()
            copy_of_the_book(book)
        whole = press(ours)
        took = pages(ours)
        plain = plain_jupyter_book(theirs, ours)
        again, idle = press(ours), sphinx_alone(ours)
        before = executions(ours)
        page = ours / "chapters/glossary.md"
        page.write_text(page.read_text() + "\nOne more sentence.\n")
        chapter = next(p for p in sorted(ours.glob("chapters/*/*.md")) if "_static" not in p.parts)
        chapter.write_text(chapter.read_text() + "\nOne more sentence.\n")
        press(ours)
        executed = executions(ours) - before
    HINTS.write_text(json.dumps({k: round(took[k]) for k in sorted(took)}, indent=1) + "\n")
    share = whole / plain
    return [
        *page_rows(took),
        (
            f"whole book ({whole:.0f} s) against jupyter-book executing it ({plain:.0f} s)",
            f"{share:.2f}",
            "at most 0.65",
            share <= 0.65,
        ),
        (
            f"rebuild, nothing changed ({again:.1f} s), beyond Sphinx's own start ({idle:.1f} s)",
            f"{again - idle:+.1f} s",
            "at most +5 s",
            again - idle <= 5,
        ),
        ("pages executed after an edit of prose", str(executed), "0", executed == 0),
    ]
