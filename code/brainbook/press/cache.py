"""Executed pages, each found by the digest of everything it came from.

``_build/pages/<page>/<digest>/`` holds ``executed.ipynb``, the page's results and
``record.json``. A folder appears there complete or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from brainbook.evidence import fingerprint, opened, paths

from . import notebooks
from .contents import Page
from .errors import BookError

KEPT_PER_PAGE = 8
WORKER = "brainbook.press.worker"
# An execution whose results were written by other code may lack what the ledger reads.
WRITERS = ("module brainbook.evidence.results", "module brainbook.evidence.claims")


@dataclass(frozen=True)
class Key:
    """The inputs of one page's execution, by name, and the digest of them all."""

    page: Page
    parts: dict[str, str]

    @cached_property
    def digest(self) -> str:
        return fingerprint.digest(json.dumps(self.parts, sort_keys=True))

    @property
    def folder(self) -> Path:
        return page_folder(self.page) / self.digest[:16]

    @property
    def is_fresh(self) -> bool:
        return (self.folder / "record.json").is_file()


def page_folder(page: Page) -> Path:
    """Folder of the page's executions."""
    return paths.BUILD / "pages" / page.name


def key_of(page: Page, parameters: dict | None = None) -> Key:
    """Digest the page's code cells, parameters, modules, data files and environment.

    Raises
    ------
    BookError : a code cell is not Python.
    """
    cells = notebooks.code_cells(page.notebook())
    sources = [cell.source for cell in cells]
    try:
        parts = fingerprint.parts([WORKER], sources)
    except SyntaxError as error:
        raise BookError(
            f"page {page.name}: line {error.lineno} of a code cell is not Python: {error.msg}"
        ) from None
    for number, cell in enumerate(cells, start=1):
        tags = sorted(cell.metadata.get("tags", []))
        parts[f"cell {number}"] = fingerprint.digest(json.dumps([cell.source, tags]))
    for name, value in (parameters or {}).items():
        parts[f"parameter {name}"] = repr(value)
    return Key(page, parts)


def use(key: Key) -> bool:
    """Whether the page is fresh; if so, mark its execution as the last one used."""
    if key.is_fresh:
        os.utime(key.folder / "record.json")
    return key.is_fresh


def records(page: Page) -> list[dict]:
    """Records of the page's executions, the last used first."""
    return [json.loads(file.read_text()) for file in _complete(page)[::-1]]


def _complete(page: Page) -> list[Path]:
    """The records' files, the last used last; not of what another thread is just writing."""
    found = page_folder(page).glob("[!.]*/record.json")
    return sorted(found, key=lambda file: file.stat().st_mtime_ns)


def older(key: Key) -> Key | None:
    """The last used execution that has the page's present cells, tags and kind of results."""
    for record in records(key.page):
        was = Key(key.page, record["parts"])
        same = {
            name for name in was.parts | key.parts if name.startswith("cell ") or name in WRITERS
        }
        if was.is_fresh and all(was.parts.get(name) == key.parts.get(name) for name in same):
            return was
    return None


def shown(keys: list[Key]) -> tuple[list[Key], dict[str, str]]:
    """What a reader can be shown now: executions, and a notice for each page that is not fresh.

    A page without an execution of its present cells is shown as prose.
    """
    executions, notices = [], {}
    for key in keys:
        found = key if key.is_fresh else older(key)
        if found:
            executions.append(found)
        if found is None:
            notices[key.page.name] = "This page has not been executed yet"
        elif found is not key:
            changed = _differences(found.parts, key.parts)
            notices[key.page.name] = f"This page shows an earlier execution ({changed})"
    return executions, notices


def why_stale(key: Key) -> str:
    """What differs from the execution last used, in words."""
    known = records(key.page)
    if not known:
        return "never executed"
    return _differences(known[0]["parts"], key.parts) or "its record is missing"


def _differences(old: dict[str, str], new: dict[str, str]) -> str:
    changed = [name for name in new if name in old and old[name] != new[name]]
    added, gone = [n for n in new if n not in old], [n for n in old if n not in new]
    groups = (("changed", changed), ("new", added), ("gone", gone))
    words = [f"{word}: {_few(names)}" for word, names in groups if names]
    return "; ".join(words)


def _few(names: list[str], most: int = 4) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def keep(key: Key, made: Path, seconds: float) -> None:
    """Move a finished execution into its place and drop those unused for longest.

    Raises
    ------
    BookError : an input changed while the page ran, or it read a data file unseen by the key.
    """
    fingerprint.refresh()
    now = key_of(key.page).parts
    if now != key.parts:
        raise BookError(
            f"page {key.page.name}: an input changed while it ran; build again "
            f"({_differences(key.parts, now)})"
        )
    for reads in made.rglob("reads.json"):
        unseen = opened.unseen(set(json.loads(reads.read_text())), key.parts)
        if unseen:
            raise BookError(
                f"page {key.page.name}: reads {unseen} by a computed name; write the name as a "
                "literal, so that the page is executed again when the file changes"
            )
    record = {"page": key.page.name, "digest": key.digest, "parts": key.parts, "seconds": seconds}
    (made / "record.json").write_text(json.dumps(record, indent=1))
    if key.folder.exists():
        shutil.rmtree(key.folder)
    os.replace(made, key.folder)
    failure_file(key.page).unlink(missing_ok=True)
    for old in _complete(key.page)[:-KEPT_PER_PAGE]:
        shutil.rmtree(old.parent)


def failure_file(page: Page) -> Path:
    """Where the page's last failure is noted."""
    return page_folder(page) / "failure.json"


def failure(key: Key) -> dict | None:
    """The failure of this very key, if it failed before."""
    path = failure_file(key.page)
    noted = json.loads(path.read_text()) if path.is_file() else {}
    return noted if noted.get("digest") == key.digest else None


def executed(key: Key) -> nbformat.NotebookNode:
    """The executed notebook of a fresh page."""
    return nbformat.read(key.folder / "executed.ipynb", as_version=4)


def results(key: Key) -> Path:
    """Folder of the page's figures, numbers and claims."""
    return key.folder / "results" / key.page.name
