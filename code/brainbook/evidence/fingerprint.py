"""What a result depends on, as a digest: code, data, parameters, environment.

The press keys the cache of pages with it, the store keys shared results. Imports are
followed with grimp, which reads them from the source without running it.
"""

from __future__ import annotations

import ast
import hashlib
import pickle
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

import grimp
from joblib.hashing import NumpyHasher

from . import opened, paths

PACKAGES = ("brainbook", "opjoules")
PAGES = "brainbook.pages"
STARTED = time.time()


@lru_cache(maxsize=1)
@opened.aside()
def import_graph() -> grimp.ImportGraph:
    """Imports between the modules of the packages that are there, as they stand on disk.

    Raises
    ------
    Unreadable : a module is not Python.
    """
    there = [name for name in PACKAGES if (paths.CODE / name / "__init__.py").is_file()]
    try:
        return grimp.build_graph(*there, cache_dir=None)
    except (grimp.exceptions.SourceSyntaxError, UnicodeError) as error:
        raise paths.Unreadable(str(error).replace(f"{paths.ROOT}/", "")) from None


def refresh() -> None:
    """Forget what was read from disk; the next question reads it again."""
    import_graph.cache_clear()
    environment.cache_clear()
    _read.cache_clear()


def source_file(module: str) -> Path:
    """Path of a module of the packages."""
    base = paths.CODE.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def reached(modules: Iterable[str]) -> set[str]:
    """The modules, all of ours that they import, and the packages that hold them."""
    graph = import_graph()
    found = set()
    for module in modules:
        if module in graph.modules:
            found |= {module} | graph.find_upstream_modules(module)
    for module in tuple(found):
        parts = module.split(".")
        found |= {".".join(parts[:i]) for i in range(1, len(parts))}
    return found


def imported(source: str) -> set[str]:
    """Modules of the packages that a piece of Python imports by name.

    Raises
    ------
    SyntaxError : the source is not Python.
    """
    known = import_graph().modules
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found & known


def texts_in(source: str) -> frozenset[str]:
    """The string literals of a piece of Python."""
    nodes = ast.walk(ast.parse(source))
    return frozenset(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def data_files(texts: Iterable[str]) -> set[str]:
    """Files of ``data/``, relative to it, whose name or path, there or here, is a text."""
    files = [path for path in paths.DATA.rglob("*") if path.is_file()]
    texts = set(texts)
    names = {path.relative_to(paths.DATA).as_posix() for path in files}
    return {name for name in names if {name, f"data/{name}", name.rpartition("/")[2]} & texts}


@cache
def _read(module: str) -> tuple[str, frozenset[str]]:
    """Digest and string literals of a module, as this process first saw it."""
    source = source_file(module).read_bytes()
    return digest(source), texts_in(source.decode())


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Python, platform and the installed version of every package that is pinned.

    Raises
    ------
    Unreadable : ``constraints.txt`` is missing, or has a line that pins nothing.
    """
    pinned = set()
    for line in paths.text_of(paths.ROOT / "constraints.txt").splitlines():
        found = re.fullmatch(r"([\w.-]+)==\S+", line.strip())
        if not found:
            raise paths.Unreadable(f"constraints.txt: got {line!r}; must be name==version")
        pinned.add(_normal(found[1]))
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for distribution in metadata.distributions():
        name = _normal(distribution.metadata["Name"] or "")
        if name in pinned:  # the first on the path is the one that Python imports
            versions.setdefault(name, distribution.version)
    return versions


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@opened.aside()
def parts(modules: Iterable[str], sources: Iterable[str] = ()) -> dict[str, str]:
    """Digest of each input, by name, so that a difference can be told in words.

    ``modules`` are followed through their imports; ``sources`` are pieces of code on their
    own, such as the cells of a notebook, and count for imports and data files too.
    """
    modules, literals = set(modules), set()
    for source in sources:
        modules |= imported(source)
        literals |= texts_in(source)
    result = {}
    for name in sorted(reached(modules)):
        result[f"module {name}"], found = _read(name)
        literals |= found
    for name in sorted(data_files(literals)):
        result[f"data {name}"] = digest((paths.DATA / name).read_bytes())
    for name, version in sorted(environment().items()):
        result[f"package {name}"] = version
    return result


def refused(files: Iterable[str], inputs: Mapping[str, str]) -> str:
    """What is wrong where opened ``files`` of the checkout are not among ``inputs``; else empty.

    A module that ran only because the ``__init__`` of its package imports it is let pass.
    """
    known, more = set(), {name.removeprefix("module ") for name in inputs} & import_graph().modules
    while more - known:
        known, more = more, reached(more)
    covered = {f"module {name}" for name in known} | inputs.keys()
    unseen = sorted(file for file in set(files) if _as_input(file) not in covered)
    if not unseen:
        return ""
    return (
        f"opens {', '.join(unseen)}, which no digest covers; import modules by a statement, read "
        "files of data/ by a literal name, and leave what the press keeps to it"
    )


def _as_input(file: str) -> str:
    """The name that a file of the checkout has, or would have, among the inputs of a result."""
    folder, _, rest = file.partition("/")
    if folder == paths.CODE.name and rest.endswith(".py"):
        return "module " + rest.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{folder} {rest}"


def digest(content: bytes | str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def full_name(function: Callable) -> str:
    """``module.function`` for a function that any process can import.

    Raises
    ------
    ValueError : it is no named function of a module of the packages.
    """
    module, name = function.__module__, function.__qualname__
    if module.split(".")[0] not in PACKAGES or "<" in name:
        raise ValueError(
            f"function: got {module}.{name}; needs a named function of a module of "
            + " or ".join(PACKAGES)
        )
    return f"{module}.{name}"


def of_code(function: Callable) -> dict[str, str]:
    """Inputs of what a function returns, but for its parameters, as in :func:`parts`.

    The ``__init__`` of a page does not count: it only hands on the names of its modules, those
    that draw and claim among them.
    """
    holders = {
        f"module {name}"
        for name in reached([function.__module__])
        if name.startswith(PAGES) and source_file(name).name == "__init__.py"
    }
    inputs = parts([function.__module__])
    return {name: content for name, content in inputs.items() if name not in holders}


def edited(function: Callable) -> bool:
    """Whether code of the function was edited after this process began, which may run the old."""
    modules = reached([function.__module__])
    return any(source_file(module).stat().st_mtime > STARTED for module in modules)


class _ByContent(NumpyHasher):
    """joblib's digest of anything that pickles; equal values are equal, not only one object."""

    def save(self, value) -> None:
        torch = sys.modules.get("torch")
        if type(value) in (list, range):
            value = tuple(value)
        elif torch and isinstance(value, torch.Tensor):
            content = value.detach().cpu().reshape(-1).view(torch.uint8).numpy()
            value = (type(value).__name__, str(value.dtype), tuple(value.shape), content)
        super().save(value)

    def memoize(self, value) -> None:
        """Never refer back: whether two equal values are one object must not count."""


def of_parameters(params: Mapping) -> str:
    """Digest of a call's parameters: arrays, tensors, frames, dataclasses, networks, numbers.

    A list, a tuple and a range of the same values are the same parameter.

    Raises
    ------
    ValueError : a parameter cannot be pickled, or is a generator, which no digest can stand for.
    """
    digests = []
    for name, value in sorted(params.items()):
        if type(value).__name__ in ("Generator", "RandomState"):
            raise ValueError(f"{name}: got a {type(value).__name__}; pass a seed")
        try:
            digests.append((name, _ByContent().hash(value)))
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{name}: got a value without a digest: {error}") from None
    return digest(repr(digests))
