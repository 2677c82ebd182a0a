"""One build at a time in ``_build``, and what a build finds there before it begins."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from brainbook.evidence import paths

from .errors import BookError
from .html import published

# Made under these names in ``_build`` by a process, whose number ends them, and then moved.
HALF_MADE = (
    "pages/**/.new-*",
    "editions/.new-*",
    "runs/**/.new-*",
    ".ledger.json.*",
    "store/*/*/*.new",
)


@contextmanager
def press_lock(wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Keep a second build out while one is at work; sweep up what one left that was killed.

    Raises
    ------
    BookError : another build is at work; something stands where the press keeps its own.
    """
    if paths.BUILD.exists() and not paths.BUILD.is_dir():
        raise BookError("_build: is a file, and must be a folder; move it away")
    if published().exists() and not published().is_symlink():
        raise BookError("_build/html: is no link to an edition of the press; move it away")
    paths.BUILD.mkdir(exist_ok=True)
    lock = FileLock(paths.BUILD / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise BookError("another build is at work in this checkout") from None
        say("another build is at work in this checkout; waiting for it to end")
        lock.acquire()
    try:
        _sweep()
        yield
    finally:
        lock.release()


def _sweep() -> None:
    """Remove what processes that have ended left half made."""
    for left in [path for pattern in HALF_MADE for path in paths.BUILD.glob(pattern)]:
        number = re.search(r"(\d+)(\.new)?$", left.name)
        if number and int(number[1]) != os.getpid() and _is_alive(int(number[1])):
            continue
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # no signal there only asks
        return True
    try:
        os.kill(process, 0)
    except OSError as error:
        return error.errno == errno.EPERM  # it is another user's
    return True
