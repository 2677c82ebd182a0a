"""Executed pages, each found by the digest of everything it came from.

``_build/pages/<page>/<digest>/`` holds ``executed.ipynb``, the page's results and
``record.json``, which has the digest of each of them. A folder appears there complete or not at
all; one in which a file has changed since counts as not executed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from brainbook.evidence import fingerprint, paths

from . import notebooks
from .contents import Page
from .errors import BookError

KEPT_PER_PAGE = 8
WORKER = "brainbook.press.worker"
RECORD = "record.json"
OPENED = "opened.txt"  # files of the checkout that the page opened, one a line
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
        return record_in(self.folder) is not None


def page_folder(page: Page) -> Path:
    """Folder of the page's executions."""
    return paths.BUILD / "pages" / page.name


def key_of(page: Page, parameters: dict | None = None) -> Key:
    """Digest the page's code cells, parameters, modules, data files and environment.

    Raises
    ------
    BookError : a code cell is not Python.
    """
    book = page.notebook()
    cells = notebooks.code_cells(book)
    sources = [cell.source for cell in cells]
    try:
        parts = fingerprint.parts([WORKER], sources)
    except SyntaxError as error:
        raise BookError(
            f"page {page.name}: line {error.lineno} of a code cell is not Python: {error.msg}"
        ) from None
    for number, cell in enumerate(cells, start=1):
        told = json.dumps([cell.source, cell.metadata], sort_keys=True)
        parts[f"cell {number}"] = fingerprint.digest(told)
    parts["kernel"] = json.dumps(book.metadata.get("kernelspec"), sort_keys=True)
    for name, value in (parameters or {}).items():
        parts[f"parameter {name}"] = repr(value)
    return Key(page, parts)


def use(key: Key) -> bool:
    """Whether the page is fresh; if so, mark its execution as the last one used."""
    fresh = key.is_fresh
    if fresh:
        os.utime(key.folder / RECORD)
    return fresh


def record_in(folder: Path) -> dict | None:
    """The record of an execution, or None where it or a file that was made is not as it was."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        whole = _sealed(record["page"], record["parts"], record["seconds"], _digests(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if record == whole and folder.name == record["digest"][:16] else None


def _sealed(page: str, parts: dict, seconds: float, made: dict) -> dict:
    record = {"page": page, "parts": parts, "seconds": seconds, "made": made}
    record["digest"] = fingerprint.digest(json.dumps(parts, sort_keys=True))
    return record | {"seal": fingerprint.digest(json.dumps(record, sort_keys=True))}


def _digests(folder: Path) -> dict[str, str]:
    """Digest of each file that an execution made, by its path in the folder."""
    made = (path for path in folder.rglob("*") if path.is_file() and path != folder / RECORD)
    return {
        path.relative_to(folder).as_posix(): fingerprint.digest(path.read_bytes()) for path in made
    }


def records(page: Page) -> Iterator[dict]:
    """Records of the page's executions, the last used first."""
    found = (record_in(file.parent) for file in _complete(page)[::-1])
    return (record for record in found if record)


def last(page: Page) -> dict | None:
    """Record of the execution last used."""
    return next(iter(records(page)), None)


def _complete(page: Page) -> list[Path]:
    """The records' files, the last used last; not of what another thread is just writing."""
    found = page_folder(page).glob(f"[!.]*/{RECORD}")
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
    if key.folder.exists():
        return "what its execution made was changed or damaged"
    known = last(key.page)
    return _differences(known["parts"], key.parts) if known else "never executed"


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
    BookError : an input changed while the page ran; it opened a file of the checkout that is no
        input; it handed over results of another page.
    """
    fingerprint.refresh()
    now = key_of(key.page).parts
    if now != key.parts:
        raise BookError(
            f"page {key.page.name}: an input changed while it ran; build again "
            f"({_differences(key.parts, now)})"
        )
    _check(key, made)
    record = _sealed(key.page.name, key.parts, seconds, _digests(made))
    (made / RECORD).write_text(json.dumps(record, indent=1))
    if key.folder.exists():
        shutil.rmtree(key.folder)
    os.replace(made, key.folder)
    failure_file(key.page).unlink(missing_ok=True)
    for old in _complete(key.page)[:-KEPT_PER_PAGE]:
        shutil.rmtree(old.parent)


def _check(key: Key, made: Path) -> None:
    """Refuse an execution that something stands behind which the key does not know."""
    found = made / OPENED
    names = found.read_text("utf-8").splitlines() if found.is_file() else []
    wrong = fingerprint.refused(names, key.parts)
    if wrong:
        raise BookError(f"page {key.page.name}: {wrong}")
    found.unlink(missing_ok=True)
    own = made / "results" / key.page.name
    strange = [path for path in made.glob("results/**/*") if path.is_file() and path.parent != own]
    if strange:
        name = strange[0].relative_to(made / "results").as_posix()
        raise BookError(f"page {key.page.name}: makes {name}, which is not among its own results")


def failure_file(page: Page) -> Path:
    """Where the page's last failure is noted."""
    return page_folder(page) / "failure.json"


def failure(key: Key) -> dict | None:
    """The failure of this very key, if it failed before."""
    try:
        noted = json.loads(failure_file(key.page).read_bytes())
        return noted if noted["digest"] == key.digest and noted["message"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def executed(key: Key) -> nbformat.NotebookNode:
    """The executed notebook of a fresh page."""
    return nbformat.read(key.folder / "executed.ipynb", as_version=4)


def seconds(key: Key) -> float:
    """What the execution of a fresh page took."""
    record = record_in(key.folder)
    return record["seconds"] if record else float("nan")


def results(key: Key) -> Path:
    """Folder of the page's figures, numbers and claims."""
    return key.folder / "results" / key.page.name
