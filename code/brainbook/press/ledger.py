"""All claims of the book in one list: ``_build/ledger.json``, its page, its failures."""

from __future__ import annotations

import ast
import json
import math
from functools import cache as cached

from sphinx_external_toc.parsing import parse_toc_yaml

from brainbook.evidence import fingerprint, paths
from brainbook.evidence.claims import ROLES, STATUSES, repeated

from . import cache
from .cache import Key
from .contents import PACKAGE
from .errors import BookError


def collect(keys: list[Key]) -> list[dict]:
    """Claims of the executed pages, in reading order, as rows of the ledger.

    To the fields of a claim come ``section`` (the part of ``_toc.yml``) and ``line`` (file and
    line of the claim's id in the code, None where no string there is the whole id).

    Raises
    ------
    BookError : two claims share an id.
    """
    rows: list[dict] = []
    owner: dict[str, str] = {}
    section = sections()
    for key in keys:
        path = cache.results(key) / "claims.json"
        found = json.loads(path.read_text()) if path.is_file() else []
        lines = _lines(key) if found else {}
        for row in found:
            if row["id"] in owner:
                raise BookError(
                    f"claim {row['id']}: stands on {owner[row['id']]} and on {row['page']}; "
                    "ids are unique in the book"
                )
            owner[row["id"]] = row["page"]
            if not math.isfinite(row["measured"]):
                row["measured"] = None
            rows.append(row | {"section": section[row["page"]], "line": lines.get(row["id"])})
    return rows


def sections() -> dict[str, str]:
    """Caption of the part of ``_toc.yml`` under which each page stands, nothing without parts."""
    site = parse_toc_yaml(paths.ROOT / "_toc.yml")
    found = {}

    def descend(docname: str, caption: str) -> None:
        found[docname.removeprefix("chapters/")] = caption
        for tree in site[docname].subtrees:
            for child in (item for item in tree.items if isinstance(item, str) and item in site):
                descend(child, caption or tree.caption or "")

    descend(site.root.docname, "")
    return found


def _lines(key: Key) -> dict[str, str]:
    """``code/…/claims.py:41`` for every string in the modules that the page reaches.

    Where one stands several times, the page's own modules come first.
    """
    page = f"{PACKAGE}.{key.page.name.replace('/', '.')}"
    modules = [part.split(" ", 1)[1] for part in key.parts if part.startswith("module ")]
    places: dict[str, str] = {}
    for module in sorted(modules, key=lambda name: (not f"{name}.".startswith(f"{page}."), name)):
        path = fingerprint.source_file(module)
        if not path.is_file():  # of an earlier execution, moved since
            continue
        name = path.relative_to(paths.CODE.parent).as_posix()
        for text, line in string_lines(path.read_text("utf-8")).items():
            places.setdefault(text, f"{name}:{line}")
    return places


@cached
def string_lines(source: str) -> dict[str, int]:
    """Line of each string in a piece of Python; one that opens a call comes before others."""
    tree = ast.parse(source)
    opening = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    lines: dict[str, int] = {}
    for node in [*opening, *ast.walk(tree)]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            lines.setdefault(node.value, node.lineno)
    return lines


def failing(rows: list[dict]) -> list[dict]:
    """The rows that keep a build from being published."""
    return [row for row in rows if row["status"] == "fails"]


def counts(rows: list[dict]) -> dict[str, dict[str, int]]:
    """How many rows there are of each role and status."""
    return {
        role: {s: sum(row["role"] == role and row["status"] == s for row in rows) for s in STATUSES}
        for role in ROLES
    }


def in_words(rows: list[dict]) -> list[str]:
    """``Findings: 40. Holds: 38. …``, one sentence a role, statuses that occur and "fails"."""
    said = []
    for role, found in counts(rows).items():
        told = [f"{s.capitalize()}: {n}." for s, n in found.items() if n or s in ("holds", "fails")]
        said.append(f"{role.capitalize()}s: {sum(found.values())}. {' '.join(told)}")
    return said


def as_text(row: dict) -> str:
    """One row for the terminal."""
    measured = "not finite" if row["measured"] is None else f"{row['measured']:.6g}"
    if row["half_width"] is not None:
        measured += f" ± {row['half_width']:.2g}"
    relation = ">" if row["kind"] == "ordering" else "="
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    tail = "; ".join(text for text in (repeated(row), row.get("line")) if text)
    return (
        f"{row['status']:<17} {row['role']:<7} {row['kind']:<8} {row['page']}: {row['id']}: "
        f"{measured} {relation} {row['expected']:.6g} ± {row['tolerance']:.2g}{unit}"
        + (f" ({tail})" if tail else "")
    )
