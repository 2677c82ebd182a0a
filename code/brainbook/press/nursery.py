"""Where the press's processes come from: a server that imports once and forks.

``torch`` and ``transformers`` take some eight seconds to import, and every page needs them. The
server of :mod:`multiprocessing` imports the modules that the pages reach and then forks a process
a page. It keeps the packages and forgets the book's own modules, so that each page is seen to
import what it does. A page still runs in a process that has run nothing before. Where forking is
not safe (macOS, Windows) every page imports for itself.

Imported as a module, this one is what the server imports.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import TYPE_CHECKING, Any

from brainbook.evidence import fingerprint, opened

from . import worker

if TYPE_CHECKING:
    from .cache import Key

FORKS = sys.platform == "linux"
MODULES = "BRAINBOOK_NURSERY"
processes: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")
_starting = Lock()  # a start looks at all processes, and must not meet another


def open_for(keys: Iterable[Key]) -> None:
    """Start the server with what the pages reach; it ends with this process.

    A module that cannot be imported is left to the page that needs it, which will say why.
    """
    if not FORKS:
        return
    from multiprocessing import forkserver

    inputs = {name.partition("module ")[2] for key in keys for name in key.parts}
    modules = sorted(name for name in inputs if name and not name.startswith(fingerprint.PAGES))
    before = dict(os.environ)
    os.environ |= worker.ENVIRONMENT | {MODULES: " ".join(modules)}
    multiprocessing.set_forkserver_preload([__name__])
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ |= before


def started(target: Callable, *arguments) -> BaseProcess:
    """A new process at work on ``target(*arguments)``."""
    with _starting:
        process = processes.Process(target=target, args=arguments)
        process.start()
    return process


def end(process: BaseProcess) -> None:
    """End a process with all that it started."""
    started_by_it = worker.family(process.pid)
    process.kill()
    worker.end(started_by_it)


def import_first(modules: str) -> None:
    """Import modules named one after the other, as far as they can be, and forget our own."""
    before = set(sys.modules)
    for name in modules.split():
        with suppress(Exception):  # the page that imports it will say what is wrong
            import_module(name)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if os.path.isabs(file) and opened.name_of(file):  # torch.ops has a file that is none
            holder, _, leaf = name.rpartition(".")
            del sys.modules[name]
            if holder in sys.modules:
                vars(sys.modules[holder]).pop(leaf, None)


import_first(os.environ.pop(MODULES, ""))
