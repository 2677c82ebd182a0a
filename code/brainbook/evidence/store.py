"""Results that several pages share and that are slow to make: made once, then read.

A stored result is found by the digest of everything it came from (see
:mod:`brainbook.evidence.fingerprint`), so an edit of the code, the data, a parameter or the
environment makes it anew. Processes that ask for the same result wait for the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import joblib
from filelock import FileLock

from . import fingerprint, paths


def made_once(function: Callable, /, **params):
    """Return ``function(**params)``, from the store where it has been made before.

    Parameters must determine the result: pass a seed, not a generator. The result must
    survive pickling.

    Raises
    ------
    ValueError : the function is not a named function of a ``brainbook`` module.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    if not function.__module__.startswith(fingerprint.PACKAGE + ".") or "<" in name:
        raise ValueError(f"function: got {name}; needs a named function of a brainbook module")
    folder = paths.store_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fingerprint.of_call(function, params)}.joblib"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            value = function(**params)
            fresh = path.with_suffix(f".{os.getpid()}.new")
            joblib.dump(value, fresh)
            os.replace(fresh, path)
            return value
        return joblib.load(path)
