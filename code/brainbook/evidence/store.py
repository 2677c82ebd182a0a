"""Results that are slow to make: made once, then read.

``@kept`` stands on a slow ``measure_…`` of a page; ``made_once(function, **params)`` makes one
call, such as the training of a network that several pages use, and ``made_each`` one for each
seed. A result is found by the digest of the function's module with all that it imports, the data
files these name, the packages and the parameters (see :mod:`brainbook.evidence.fingerprint`). So
an edit of any of them makes it anew, and an edit of what only draws or words it does not.
Processes that ask for the same result wait for the first.

``BRAINBOOK_STORE`` names another folder. ``BRAINBOOK_KEPT=off`` makes ``@kept`` call its
function each time: tests that replace a function want that, since no digest sees it.
"""

from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial, wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar, overload

import joblib
from filelock import FileLock

from . import fingerprint, opened, paths

SWITCH = "BRAINBOOK_KEPT"
VERSIONS = 8  # kept of the code of each function
RESULTS = 64  # kept of each version
P = ParamSpec("P")
R = TypeVar("R")


def made_once(function: Callable[..., R], /, **params: Any) -> R:
    """Return ``function(**params)``, from the store where it has been made before.

    Parameters must determine the result: pass a seed, not a generator. One that is left out
    counts as its default, so that two pages find the same network. The result must survive
    pickling.

    Raises
    ------
    ValueError : the function is not a named function of the book's modules; a parameter has no
        digest; the function opens a file that is none of its inputs.
    """
    return _stored(function, _bound(function, params), partial(function, **params))


def _bound(function: Callable, params: dict[str, Any]) -> dict[str, Any]:
    """All parameters of a call, defaults among them."""
    bound = inspect.signature(function).bind(**params)
    bound.apply_defaults()
    return dict(bound.arguments)


def made_each(function: Callable[..., Any], seeds: Iterable[int], /, **params: Any) -> list:
    """``[made_once(function, seed=seed, **params) for seed in seeds]``, in one call if need be.

    ``function`` takes several seeds as well and returns a list then. Those that are missing in the
    store are made together, each as it would be alone.

    Raises
    ------
    ValueError : as :func:`made_once`.
    """
    seeds = tuple(seeds)
    if fingerprint.edited(function):
        return function(seed=seeds, **params)
    places = {seed: _place(function, _bound(function, params | {"seed": seed})) for seed in seeds}
    with opened.aside(), ExitStack() as locks:
        for place in sorted({place.path for place in places.values()}):
            place.parent.mkdir(parents=True, exist_ok=True)
            locks.enter_context(FileLock(f"{place}.lock"))
        missing = [seed for seed, place in places.items() if not place.path.exists()]
        if missing:
            made = _made(partial(function, seed=tuple(missing), **params), places[missing[0]])
            for seed, value in zip(missing, made, strict=True):
                _put(value, places[seed].path)
    return [made_once(function, seed=seed, **params) for seed in seeds]


@overload
def kept(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def kept(*, apart_from: Iterable[str]) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def kept(function=None, /, *, apart_from=()):
    """Decorate a function whose results go through the store, as with :func:`made_once`.

    ``apart_from`` names parameters that change how fast the result comes and not what it is,
    such as ``workers``: they do not count for finding it.

    Raises
    ------
    ValueError : as :func:`made_once`; ``apart_from`` names what is no parameter.
    """
    if function is None:
        return partial(kept, apart_from=apart_from)
    name, signature = fingerprint.full_name(function), inspect.signature(function)
    unknown = sorted(set(apart_from) - set(signature.parameters))
    if unknown:
        raise ValueError(f"apart_from: got {unknown}; {name} has {[*signature.parameters]}")

    @wraps(function)
    def result(*given, **named):
        call = partial(function, *given, **named)
        if os.environ.get(SWITCH) == "off":
            return call()
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        params = {key: bound.arguments[key] for key in bound.arguments if key not in apart_from}
        return _stored(function, params, call)

    return result


class _Place(NamedTuple):
    """Where a result is kept, and the inputs of its code: what it may depend on."""

    name: str
    path: Path
    inputs: dict[str, str]


def _place(function: Callable, params: dict) -> _Place:
    name = fingerprint.full_name(function)
    inputs = fingerprint.of_code(function)
    version = paths.store_folder() / name / fingerprint.digest(repr(sorted(inputs.items())))[:16]
    return _Place(name, version / f"{fingerprint.of_parameters(params)[:32]}.joblib", inputs)


def _stored(function: Callable, params: dict, call: Callable[[], R]) -> R:
    """What the call returns, from the store where it is there, else made and put there."""
    place = _place(function, params)
    if fingerprint.edited(function):
        return call()
    path = place.path
    path.parent.mkdir(parents=True, exist_ok=True)
    os.utime(path.parent)
    with opened.aside(), FileLock(f"{path}.lock"):
        if path.exists():
            os.utime(path)
            return joblib.load(path)
        value = _made(call, place)
        _put(value, path)
    return value


def _made(call: Callable[[], R], place: _Place) -> R:
    """What the call returns, if it opened no file of the checkout unseen by its place.

    Raises
    ------
    ValueError : it did.
    """
    with opened.recorded() as names:
        value = call()
        wrong = fingerprint.refused(names, place.inputs)
    if wrong:
        raise ValueError(f"{place.name}: {wrong}")
    return value


def _put(value, path: Path) -> None:
    """Write in one step, and drop what was unused for longest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.new")
    joblib.dump(value, fresh)
    os.replace(fresh, path)
    for old in _by_use(path.parent.glob("*.joblib"))[RESULTS:]:
        old.unlink(missing_ok=True)
        old.with_name(f"{old.name}.lock").unlink(missing_ok=True)
    for folder in _by_use(path.parent.parent.iterdir())[VERSIONS:]:
        shutil.rmtree(folder, ignore_errors=True)


def _by_use(found: Iterable[Path]) -> list[Path]:
    """The last used first; what another process has dropped meanwhile is last."""

    def used(path: Path) -> int:
        return path.stat().st_mtime_ns if path.exists() else 0

    return sorted(found, key=used, reverse=True)


def forget_gone() -> None:
    """Drop the results of functions whose module is gone, from the book's own store.

    A store that ``BRAINBOOK_STORE`` names may serve other checkouts, and is left alone.
    """
    folder = paths.BUILD / "store"
    modules = fingerprint.import_graph().modules
    for made in folder.iterdir() if folder.is_dir() else ():
        if made.name.rpartition(".")[0] not in modules:
            shutil.rmtree(made, ignore_errors=True)
