"""Files of the checkout that this process opened, whichever reader opened them.

A result is found by the digests of the modules that its code imports by name and of the data files
whose names stand there. What is imported or opened in another way is not among them; this is how
the press and the store notice. It sees what Python opens, in this process and in those that the
book's sweeps start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from importlib.util import source_from_cache

from . import paths

LOG = "BRAINBOOK_OPENED"  # the environment variable that names a file to note them in as well
PATHS = (str, bytes, os.PathLike)
KEPT = f"{paths.BUILD.name}/"
names: set[str] = set()  # relative to the checkout
_aside = ContextVar("_aside", default=False)


@cache
def watch() -> None:
    """Note from now on each file of the checkout that is opened; a second call changes nothing."""
    log = os.environ.get(LOG)
    end = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if log else None

    def note(event: str, arguments: tuple) -> None:
        if event != "open" or not isinstance(arguments[0], PATHS) or _aside.get():
            return
        # Who shows a warning or a traceback reads the lines of its modules: linecache, so tokenize.
        if sys._getframe(1).f_globals.get("__name__") == "tokenize":
            return
        name, writes = name_of(arguments[0]), arguments[2] & os.O_ACCMODE == os.O_WRONLY
        # Nothing that is made depends on what is only written, but for what the press collects.
        if name and name not in names and (not writes or name.startswith(KEPT)):
            names.add(name)
            if end is not None:
                os.write(end, f"{name}\n".encode())

    sys.addaudithook(note)


def name_of(file: str | bytes | os.PathLike) -> str:
    """Path in the checkout, for compiled code of its source; empty elsewhere and in packages."""
    path = os.path.abspath(os.fsdecode(file))
    with suppress(ValueError):  # it is no compiled code
        path = source_from_cache(path)
    folder, name = os.path.split(path)
    path = os.path.join(os.path.realpath(folder), name)
    packages = (f"{prefix}{os.sep}" for prefix in (sys.prefix, sys.base_prefix))
    if not path.startswith(f"{paths.ROOT}{os.sep}") or path.startswith(tuple(packages)):
        return ""
    return os.path.relpath(path, paths.ROOT).replace(os.sep, "/")


@contextmanager
def aside() -> Iterator[None]:
    """Let what is opened within the block, or the function, not count: the book's own records."""
    before = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(before)


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Names opened within the block, also those that were opened before."""
    watch()
    before = set(names)
    names.clear()
    inside = _aside.set(False)
    try:
        yield names
    finally:
        _aside.reset(inside)
        names.update(before)
