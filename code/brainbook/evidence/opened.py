"""Files of ``data/`` that this process opened, whichever reader opened them.

A result is found by the digest of the data files whose names stand in its code. What is opened
under a computed name is not among them; this is how the press and the store notice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from . import paths

names: set[str] = set()  # relative to data/


@cache
def watch() -> None:
    """Note from now on each file of ``data/`` that is opened; a second call changes nothing."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], str):
        path, folder = os.path.abspath(arguments[0]), f"{paths.DATA}{os.sep}"
        if path.startswith(folder):
            names.add(path.removeprefix(folder).replace(os.sep, "/"))


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Names opened within the block, also those that were opened before."""
    watch()
    before = set(names)
    names.clear()
    try:
        yield names
    finally:
        names.update(before)


def unseen(opened: set[str], inputs: dict[str, str]) -> list[str]:
    """Names in ``opened`` that the inputs of a result do not hold."""
    return sorted(name for name in opened if f"data {name}" not in inputs)
