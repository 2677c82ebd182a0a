"""Executes pages side by side, one process a core."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from brainbook.evidence import fingerprint, paths

from . import cache, notebooks, nursery, worker
from .cache import Key
from .contents import Page
from .errors import OUTSIDE, BookError, in_a_sentence

# Seconds of each page when `make bench` last asked, for a first build's order.
SECONDS = Path(__file__).with_name("seconds.json")
_workers: set[BaseProcess] = set()


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
    where = str(source), str(target), str(folder / "results"), str(log), str(folder / cache.OPENED)
    job = worker.Job(*where, forks=nursery.FORKS)
    events, theirs = nursery.processes.Pipe(duplex=False)
    work = nursery.started(worker.work, job, theirs)
    theirs.close()
    _workers.add(work)
    event = {"event": "none"}
    try:
        while event["event"] in ("none", "cell"):
            event = events.recv()
            if event["event"] == "cell":
                on_cell(event["index"] + 1, event["of"])
    except EOFError:
        complaint = log.read_text().strip().splitlines() if log.exists() else []
        last = complaint[-1:] or ["the worker ended before the page did"]
        event = {"event": "failed", "source": "", "line": None, "error": last[0]}
    finally:
        events.close()
        if event["event"] in ("none", "cell"):  # interrupted: nobody waits for this page
            nursery.end(work)
        work.join()
        _workers.discard(work)
    source.unlink()
    log.unlink(missing_ok=True)
    if event["event"] == "failed":
        return event
    nbformat.write(notebooks.cleaned(nbformat.read(target, as_version=4)), target)
    return None


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
    start = time.perf_counter()
    made = folder / f".new-{os.getpid()}"
    try:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
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
    except OUTSIDE as error:
        return Failure(key.page, f"page {key.page.name}: {in_a_sentence(error)}")
    finally:
        shutil.rmtree(made, ignore_errors=True)


def in_order(keys: list[Key], jobs: int, look: bool) -> list[Key]:
    """The slowest first; to be looked at soon, the quickest among the first ``jobs``."""
    hints = json.loads(SECONDS.read_text("utf-8"))

    def guess(key: Key) -> float:
        known = cache.last(key.page)
        return known["seconds"] if known else hints.get(key.page.name, float("inf"))

    ordered = sorted(keys, key=guess, reverse=True)
    if look:
        ordered.insert(min(jobs, len(ordered)) - 1, ordered.pop())
    return ordered


class _Work:
    """Executes page after page, tells of each, and looks at the first that is done."""

    def __init__(self, progress: Progress, total: int, look: Callable[[Key], None] | None) -> None:
        self.progress, self.look = progress, look
        self.whole = progress.add_task("pages", total=total)
        self.done: list[str] = []
        self.stopped, self.looked = threading.Event(), threading.Lock()

    def one(self, key: Key) -> Failure | None:
        name, start = key.page.name, time.perf_counter()
        task = self.progress.add_task(f"  {name}, cells", total=None)
        failure = execute_page(
            key, lambda done, of: self.progress.update(task, completed=done, total=of)
        )
        self.progress.remove_task(task)
        self.progress.advance(self.whole)
        if self.stopped.is_set():
            cache.failure_file(key.page).unlink(missing_ok=True)
            return None
        word = "failed" if failure else "executed"
        self.progress.console.print(f"{word} {name} in {time.perf_counter() - start:.1f} s")
        if failure:
            return failure
        self.done.append(name)
        if self.look and self.looked.acquire(blocking=False):
            self.look(key)
        return None

    def stop(self) -> None:
        """End the workers; what they had begun is no failure."""
        self.stopped.set()
        for process in list(_workers):
            nursery.end(process)


def execute_pages(
    keys: list[Key],
    jobs: int,
    console: Console,
    look: Callable[[Key], None] | None = None,
) -> list[Failure]:
    """Execute all, ``jobs`` at a time; a failure stops no other page.

    Parameters
    ----------
    keys : pages to execute.
    jobs : processes at a time.
    console : told of each page that ends.
    look : called once, with the first page that is done, in its process's place.

    Raises
    ------
    BookError : interrupted at the keyboard; the workers have ended.
    """
    fingerprint.refresh()
    nursery.open_for(keys)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        work = _Work(progress, len(keys), look)
        pool = ThreadPoolExecutor(max_workers=jobs)
        try:
            return [f for f in pool.map(work.one, in_order(keys, jobs, look is not None)) if f]
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            work.stop()
            ready = f"; see what is ready: brainbook build {work.done[0]}" if work.done else ""
            raise BookError(
                f"interrupted; {len(work.done)} of {len(keys)} pages were executed{ready}"
            ) from None
        finally:
            pool.shutdown()
