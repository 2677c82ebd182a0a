"""One call of a spread sweep, as any process makes it: in one thread, with errors that name it."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from functools import lru_cache

import torch
from threadpoolctl import threadpool_limits

from . import fingerprint, opened

_seen: dict[str, str] = {}


class FailedCall(RuntimeError):
    """A call did not come back; the message names its function and its parameters."""


def call_once(function: Callable, params: dict):
    """One call in one thread; its error tells which call it was."""
    opened.watch()
    torch.set_num_threads(1)
    threadpool_limits(limits=1)
    try:
        return function(**params)
    except Exception as error:
        told = f"{describe(function, params)}: {type(error).__name__}: {error}"
        raise FailedCall(told) from error


def call_where_same(inputs: dict[str, str], function: Callable, params: dict):
    """:func:`call_once` in a worker whose code, data and packages are those of ``inputs``."""
    differ = differences(inputs, as_first_seen(function.__module__))
    if differ:
        raise FailedCall(
            f"{describe(function, params)}: the worker differs in {', '.join(differ[:3])}"
            + (f" and {len(differ) - 3} more" if len(differ) > 3 else "")
            + "; update and restart it"
        )
    return call_once(function, params)


@lru_cache
def as_first_seen(module: str) -> dict[str, str]:
    """``fingerprint.parts`` of a module, as this process first saw each part.

    A worker lives on while files change, and Python keeps what it imported first.
    """
    for name, digest in fingerprint.parts([module]).items():
        _seen.setdefault(name, digest)
    return dict(_seen)


def differences(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """Names of inputs that another process lacks or has otherwise; a package only if it is there.

    A package that is missing there says so itself, when it is needed.
    """
    return [
        name
        for name, digest in ours.items()
        if theirs.get(name, digest if name.startswith("package ") else None) != digest
    ]


def describe(function: Callable, params: Mapping) -> str:
    """The call in one short line."""
    told = ", ".join(f"{name}={reprlib.repr(value)}" for name, value in params.items())
    return f"{function.__module__}.{function.__qualname__}({told})"
