"""Executes pages side by side, one process a core."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from brainbook.evidence import fingerprint, paths

from . import cache, notebooks
from .cache import Key
from .contents import Page
from .errors import BookError


@dataclass(frozen=True)
class Failure:
    """Why a page did not run: where, and what it said."""

    page: Page
    message: str


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_notebook(
    book: nbformat.NotebookNode, folder: Path, on_cell: Callable[[int, int], None]
) -> dict | None:
    """Execute a notebook into ``folder``; None, or the event that tells how it failed."""
    source, target, log = (folder / n for n in ("source.ipynb", "executed.ipynb", "worker.log"))
    nbformat.write(book, source)
    with log.open("w") as complaints:
        worker = subprocess.Popen(
            [sys.executable, "-m", cache.WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            cwd=paths.ROOT,
            start_new_session=True,
        )
    failed = None
    try:
        job = {"notebook": source, "output": target, "results": folder / "results"}
        worker.stdin.write(json.dumps({name: str(path) for name, path in job.items()}) + "\n")
        worker.stdin.flush()
        for line in worker.stdout:
            event = json.loads(line)
            if event["event"] == "cell":
                on_cell(event["index"] + 1, event["of"])
            else:
                failed = event
        if worker.wait() and failed is None:
            complaint = log.read_text().strip().splitlines()
            last = complaint[-1:] or [f"the worker ended with status {worker.returncode}"]
            failed = {"event": "failed", "source": "", "line": None, "error": last[0]}
    finally:
        worker.stdin.close()
        worker.wait()
    source.unlink()
    log.unlink()
    if failed is None:
        done = notebooks.cleaned(nbformat.read(target, as_version=4))
        nbformat.write(done, target)
    return failed


def describe(page: Page, event: dict) -> str:
    """Name the page, the cell, the line and the error."""
    book = page.notebook()
    cells = [cell.source.strip() for cell in notebooks.code_cells(book)]
    text = event["source"].strip()
    where = f"page {page.name}"
    if text in cells:
        where += f", code cell {cells.index(text) + 1} of {len(cells)}"
        start = page.path.read_text("utf-8").find(text) if page.path.suffix == ".md" else -1
        if start >= 0:
            first = page.path.read_text("utf-8").count("\n", 0, start) + 1
            line = first + (event["line"] or 1) - 1
            where += f" ({page.path.relative_to(paths.ROOT)}, line {line})"
    line = f", line {event['line']} of the cell" if event["line"] else ""
    return f"{where}{line}: {notebooks.without_paths(event['error'])}"


def execute_page(key: Key, on_cell: Callable[[int, int], None]) -> Failure | None:
    """Execute one page of the book and keep it, or note how it failed."""
    folder = cache.page_folder(key.page)
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f".new-{os.getpid()}"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    start = time.perf_counter()
    try:
        event = run_notebook(key.page.notebook(), made, on_cell)
        if event is None:
            cache.keep(key, made, round(time.perf_counter() - start, 1))
            return None
        failure = Failure(key.page, describe(key.page, event))
        noted = {"digest": key.digest, "message": failure.message} | event
        cache.failure_file(key.page).write_text(json.dumps(noted, indent=1))
        return failure
    except BookError as error:
        return Failure(key.page, error.message)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def execute_pages(keys: list[Key], jobs: int, console: Console) -> list[Failure]:
    """Execute all, the slowest first, ``jobs`` at a time; a failure stops no other page."""
    fingerprint.refresh()
    known = {key.page.name: cache.records(key.page) for key in keys}
    guess = {name: old[0]["seconds"] if old else float("inf") for name, old in known.items()}
    ordered = sorted(keys, key=lambda key: -guess[key.page.name])
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        whole = progress.add_task("pages", total=len(ordered))

        def one(key: Key) -> Failure | None:
            task = progress.add_task(f"  {key.page.name}, cells", total=None)
            start = time.perf_counter()
            failure = execute_page(
                key, lambda done, of: progress.update(task, completed=done, total=of)
            )
            progress.remove_task(task)
            progress.advance(whole)
            word = "failed" if failure else "executed"
            console.print(f"{word} {key.page.name} in {time.perf_counter() - start:.1f} s")
            return failure

        with ThreadPoolExecutor(max_workers=jobs) as pool:
            return [failure for failure in pool.map(one, ordered) if failure]
