"""A new page: its chapter, package and tests from a template that builds."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from brainbook.evidence import paths

from . import contents
from .errors import BookError

TEMPLATE = Path(__file__).with_name("template")
ENTRY = re.compile(r"(\s*)- file: chapters/(\w+)/\w+")
PART = re.compile(r"(\s*)- caption:")


def write(name: str) -> list[Path]:
    """Write the three places of page ``S/P`` and its line in ``_toc.yml``; the files written.

    Raises
    ------
    BookError : the name is none that Python can import; something of that name is there.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", name) or any(
        keyword.iskeyword(part) for part in name.split("/")
    ):
        raise BookError(
            f"page: got {name!r}; needs section/page in lower-case letters, digits and "
            "underscores, for instance attention/example"
        )
    section, _, page = name.partition("/")
    chapter = paths.CHAPTERS / f"{name}.md"
    code, tests = paths.CODE / "brainbook/pages" / name, paths.ROOT / "tests/pages" / name
    for path in (chapter, code, code.with_suffix(".py"), tests):
        if path.exists():
            raise BookError(f"page {name}: {path.relative_to(paths.ROOT)} exists; nothing written")
    toc = paths.ROOT / "_toc.yml"
    known = contents.pages()
    listed = with_page(toc.read_text("utf-8"), name)
    files = {chapter: TEMPLATE / "chapter.md"}
    for folder, source in ((code, "page"), (tests, "tests")):
        files |= {folder / path.name: path for path in sorted((TEMPLATE / source).glob("*.py"))}
    texts = {target: filled(path.read_text("utf-8"), name) for target, path in files.items()}
    holder = code.parent / "__init__.py"
    if not holder.exists():
        texts[holder] = f'"""Section {section}: one package a page."""\n'
    for target, text in (texts | {toc: listed}).items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    if find_spec("ruff"):
        python = [target for target in texts if target.suffix == ".py"]
        subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *python], check=True)
    if len(contents.pages()) != len(known) + 1:
        raise BookError(f"_toc.yml: page {name} was written; add its line, this file has no place")
    return [*texts, toc]


def filled(text: str, name: str) -> str:
    """A file of the template for page ``S/P``; ids and labels have hyphens for underscores."""
    section, _, page = name.partition("/")
    hyphened = f"{section}-{page}".replace("_", "-")
    text = text.replace("SECTION-PAGE", hyphened)
    return text.replace("SECTION", section).replace("PAGE", page)


def with_page(toc: str, name: str) -> str:
    """The table of contents with a page at the end of its section, or with a new section.

    Everything else stays as it is, comments included.
    """
    lines = toc.splitlines()
    section = name.partition("/")[0]
    entries = {number: ENTRY.match(line) for number, line in enumerate(lines)}
    entries = {number: found for number, found in entries.items() if found}
    own = [number for number, found in entries.items() if found[2] == section]
    parts = {number: found for number, line in enumerate(lines) if (found := PART.match(line))}
    end = next((number for number in parts if own and number > own[0]), len(lines))
    own = [number for number in own if number < end]  # an appendix may hold others of it
    last = max(own or entries, default=len(lines) - 1)
    indent = entries[last][1] if entries else "  "
    fresh = [f"{indent}- file: chapters/{name}"]
    if parts and not own:
        outer = next(iter(parts.values()))[1]
        title = section.replace("_", " ").capitalize()
        fresh = [f"{outer}- caption: {title}", f"{outer}  chapters:", *fresh]
    return "\n".join([*lines[: last + 1], *fresh, *lines[last + 1 :]]) + "\n"
