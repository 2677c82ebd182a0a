"""What a result depends on, as a digest: code, data, parameters, environment.

The press keys the cache of pages with it, the store keys shared results. Imports are
followed with grimp, which reads them from the source without running it.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import metadata

import grimp
import joblib

from . import paths

PACKAGE = "brainbook"


@lru_cache(maxsize=1)
def import_graph() -> grimp.ImportGraph:
    """Imports between the modules of the package, as they stand on disk."""
    return grimp.build_graph(PACKAGE, cache_dir=None)


def refresh() -> None:
    """Forget what was read from disk; the next question reads it again."""
    import_graph.cache_clear()
    environment.cache_clear()


def source_file(module: str):
    """Path of a module of the package."""
    base = paths.CODE.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def reached(modules: Iterable[str]) -> set[str]:
    """The modules, all they import within the package, and the packages that hold them."""
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
    """Modules of the package that a piece of Python imports by name.

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


def data_files(sources: Iterable[str]) -> set[str]:
    """Files of ``data/`` whose names stand as string literals in the sources."""
    known = {p.name for p in paths.DATA.glob("*") if p.is_file()}
    found = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} & known
    return found


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Python, platform and the installed version of every package that is pinned."""
    pinned = set()
    constraints = paths.ROOT / "constraints.txt"
    if constraints.is_file():
        for line in constraints.read_text().splitlines():
            name = re.match(r"[A-Za-z0-9._-]+", line)
            if name:
                pinned.add(_normal(name.group()))
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for distribution in metadata.distributions():
        name = _normal(distribution.metadata["Name"] or "")
        if name in pinned:
            versions[name] = distribution.version
    return versions


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def parts(modules: Iterable[str], sources: Iterable[str] = ()) -> dict[str, str]:
    """Digest of each input, by name, so that a difference can be told in words.

    ``modules`` are followed through their imports; ``sources`` are pieces of code on their
    own, such as the cells of a notebook, and count for imports and data files too.
    """
    sources = list(sources)
    for source in sources:
        modules = set(modules) | imported(source)
    texts = {name: source_file(name).read_bytes() for name in sorted(reached(modules))}
    result = {f"module {name}": digest(text) for name, text in texts.items()}
    for name in sorted(data_files([t.decode() for t in texts.values()] + sources)):
        result[f"data {name}"] = digest((paths.DATA / name).read_bytes())
    for name, version in sorted(environment().items()):
        result[f"package {name}"] = version
    return result


def digest(content: bytes | str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def of_call(function: Callable, params: dict) -> str:
    """Digest of a call: the function's module with all it imports, and its parameters."""
    inputs = parts([function.__module__])
    return digest(repr((sorted(inputs.items()), function.__qualname__, joblib.hash(params))))
