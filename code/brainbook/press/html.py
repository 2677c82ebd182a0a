"""From executed pages to HTML: a staging folder, jupyter-book, an atomic swap.

``_build/html`` is a link to the last good edition. It moves only after Sphinx has finished
without a warning, so a failed build leaves the reader what was there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import nbformat
import yaml

from brainbook.evidence import fingerprint, paths

from . import assets, cache, notebooks
from .cache import Key
from .contents import Page
from .errors import BookError

COPIED = ("_config.yml", "_toc.yml", "references.bib")
MATHJAX = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")
KEPT_EDITIONS = 2
NOISE = re.compile(r"\x1b\[[0-9;]*m")
# Sphinx ends with the press: left alone, it would meet the next build's in the same folder.
SPHINX = """
import os, sys, threading, time

def end_with(press):
    while os.getppid() == press:
        time.sleep(0.1)
    os._exit(1)

threading.Thread(target=end_with, args=[int(sys.argv.pop(1))], daemon=True).start()
from jupyter_book.cli.main import main
main()
"""


def stage_folder() -> Path:
    """What jupyter-book reads."""
    return paths.BUILD / "stage"


def stage(
    pages: list[Page], keys: list[Key], rows: list[dict], notices: dict[str, str] | None = None
) -> str:
    """Fill the staging folder and return the digest of all that the HTML depends on.

    Parameters
    ----------
    pages : of the book, in reading order.
    keys : executions to show; other pages that run are staged as prose.
    rows : of the ledger.
    notices : a sentence for each page that is not fresh, to stand below its title.

    Files keep their times unless their content changes, so that Sphinx reads again only
    what is new.
    """
    notices = notices or {}
    files: dict[str, bytes] = {
        "ledger.json": json.dumps(rows, indent=1).encode(),
        "unfinished.json": json.dumps(sorted(notices)).encode(),
    }
    for name in COPIED:
        files[name] = paths.text_of(paths.ROOT / name).encode()
    _check_configuration(files["_config.yml"])
    for static in (paths.CHAPTERS / "_static").rglob("*"):
        if static.is_file():
            target = Path("_static") / static.relative_to(paths.CHAPTERS / "_static")
            files[target.as_posix()] = static.read_bytes()
    ready = {key.page.name: key for key in keys}
    for page in pages:
        notice = notices.get(page.name, "")
        if notice:
            notice += f". To execute it: `brainbook build {page.name}`."
        if page.name in ready:
            files |= _executed(ready[page.name], notice)
        elif notice:
            files[f"{page.docname}.ipynb"] = _written(notebooks.as_prose(page.notebook()), notice)
        else:
            files[f"{page.docname}{page.path.suffix}"] = page.path.read_bytes()
    files |= _mathjax()
    _write(files)
    code = {n: fingerprint.source_file(n).read_bytes() for n in fingerprint.import_graph().modules}
    parts = [(name, fingerprint.digest(content)) for name, content in sorted(files.items())]
    parts += [(name, fingerprint.digest(content)) for name, content in sorted(code.items())]
    return fingerprint.digest(json.dumps([parts, sorted(fingerprint.environment().items())]))


def _check_configuration(content: bytes) -> None:
    """Refuse a configuration that is none, that would execute pages, or with an unknown key."""
    try:
        given = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise BookError(f"_config.yml: broken: {error}") from None
    if not isinstance(given, dict):
        raise BookError(f"_config.yml: got {type(given).__name__}; must be a table of settings")
    table = given.get("execute") or {}
    executes = table.get("execute_notebooks", "auto") if isinstance(table, dict) else table
    if executes not in ("off", False):
        raise BookError(
            f"_config.yml, execute_notebooks: got {executes!r}; must be off: the press executes"
        )
    unknown = _unknown_keys(given)
    if unknown:
        raise BookError(f"_config.yml: Jupyter Book knows no {', '.join(unknown)}")


def _unknown_keys(given: dict) -> list[str]:
    """Keys that Jupyter Book would ignore, ``html/favcon`` for one within a table.

    What stands in ``sphinx/config`` Sphinx checks itself.
    """
    source = resources.files("jupyter_book")
    defaults = yaml.safe_load((source / "default_config.yml").read_text("utf-8"))
    schema = json.loads((source / "config_schema.json").read_text("utf-8"))["properties"]
    unknown = [str(key) for key in given if key not in defaults | schema]
    for table in (key for key in given if isinstance(given[key], dict) and key not in unknown):
        known = (defaults.get(table) or {}) | schema.get(table, {}).get("properties", {})
        unknown += [f"{table}/{key}" for key in given[table] if key not in known]
    return unknown


def _written(book: nbformat.NotebookNode, notice: str) -> bytes:
    if notice:
        book = notebooks.with_notice(book, notice)
    return (nbformat.writes(book) + "\n").encode()


def _executed(key: Key, notice: str) -> dict[str, bytes]:
    book = notebooks.with_outputs(key.page.notebook(), cache.executed(key))
    book = notebooks.with_seconds(book, cache.seconds(key))
    files = {f"{key.page.docname}.ipynb": _written(book, notice)}
    for path in cache.results(key).glob("*.*"):
        if path.suffix in (".svg", ".png", ".csv"):
            files[f"results/{key.page.name}/{path.name}"] = path.read_bytes()
    return files


def _mathjax() -> dict[str, bytes]:
    root = assets.node_modules() / "mathjax/es5"
    files = {}
    for name in MATHJAX:
        found = [root / name] if (root / name).is_file() else sorted((root / name).rglob("*.*"))
        if not found:
            raise BookError(f"MathJax: the locked package has no es5/{name}")
        for path in found:
            files[f"_static/mathjax/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    return files


def _write(files: dict[str, bytes]) -> None:
    folder = stage_folder()
    for name, content in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(content)
        os.replace(fresh, path)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def published() -> Path:
    """The last good edition, as a reader opens it."""
    return paths.BUILD / "html"


def address(page: Page) -> str:
    """Where a browser finds a page of the last good edition."""
    return f"file://{published() / page.docname}.html"


def is_published(digest: str) -> bool:
    """Whether the edition on show was made from exactly these inputs."""
    mark = published() / ".digest"
    return mark.is_file() and mark.read_bytes() == digest.encode()


def build(digest: str, verbose: bool = False) -> None:
    """Run jupyter-book over the staging folder and publish the result.

    Raises
    ------
    BookError : Sphinx warned or failed; the message holds what it said.
    """
    work = paths.BUILD / "sphinx"
    # All pages are written anew from the doctrees: Sphinx adds checksums to the addresses of
    # files that it finds in place, so a page written later would differ from one written first.
    shutil.rmtree(work / "_build/html", ignore_errors=True)
    command = [sys.executable, "-c", SPHINX, str(os.getpid())]
    command += ["build", str(stage_folder())]
    command += ["--path-output", str(work), "-W", "-n", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment())
    said = NOISE.sub("", done.stdout + done.stderr)
    (paths.BUILD / "sphinx.log").write_text(said)
    if verbose:
        print(said)
    if done.returncode:
        shutil.rmtree(work / "_build/.doctrees", ignore_errors=True)
        raise BookError("the HTML was not made:\n" + "\n".join(_complaints(said)))
    _publish(work / "_build/html", digest)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONHASHSEED": "0", "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}


def _complaints(said: str) -> list[str]:
    lines = [
        notebooks.without_paths(_in_words(line.replace(f"{stage_folder()}/", "")))
        for line in said.splitlines()
        if re.search(r"WARNING|ERROR|CRITICAL", line)
    ]
    errors = re.findall(r"(?m)^(?:\w+\.)*\w+Error: .+", said)  # no log yet: Sphinx never started
    return lines or errors[-1:] or said.strip().splitlines()[-15:]


def _in_words(line: str) -> str:
    """MyST-NB writes line 5 of cell 4 as 40005: say it, and name the chapter's own file."""
    found = re.match(r"(\S+)\.ipynb:(\d+)(\d{4}):", line)
    if not found:
        return line
    name, cell, within = found.groups()
    return f"{name}.md, cell {cell}, line {int(within)}:{line[found.end() :]}"


def _publish(made: Path, digest: str) -> None:
    editions = paths.BUILD / "editions"
    editions.mkdir(exist_ok=True)
    edition = editions / digest[:16]
    fresh = editions / f".new-{os.getpid()}"
    try:
        shutil.copytree(made, fresh, ignore=shutil.ignore_patterns(".buildinfo*"))
        (fresh / ".digest").write_text(digest)
        shutil.rmtree(edition, ignore_errors=True)
        os.replace(fresh, edition)
    finally:  # where the disk is full, half a copy would fill it further
        shutil.rmtree(fresh, ignore_errors=True)
    link = paths.BUILD / ".html.new"
    link.unlink(missing_ok=True)
    link.symlink_to(edition.relative_to(paths.BUILD), target_is_directory=True)
    os.replace(link, published())
    old = sorted(editions.iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
    for folder in old[:-KEPT_EDITIONS]:
        if folder != edition:
            shutil.rmtree(folder)
