"""All claims of the book in one list: ``_build/ledger.json``, its page, its failures."""

from __future__ import annotations

import json
import math

from . import cache
from .cache import Key
from .errors import BookError


def collect(keys: list[Key]) -> list[dict]:
    """Claims of the executed pages, in reading order, as rows of the ledger.

    Raises
    ------
    BookError : two claims share an id.
    """
    rows: list[dict] = []
    owner: dict[str, str] = {}
    for key in keys:
        path = cache.results(key) / "claims.json"
        for row in json.loads(path.read_text()) if path.is_file() else []:
            if row["id"] in owner:
                raise BookError(
                    f"claim {row['id']}: stands on {owner[row['id']]} and on {row['page']}; "
                    "ids are unique in the book"
                )
            owner[row["id"]] = row["page"]
            if not math.isfinite(row["measured"]):
                row["measured"] = None
            rows.append(row)
    return rows


def failing(rows: list[dict]) -> list[dict]:
    """The rows that keep a build from being published."""
    return [row for row in rows if row["status"] == "fails"]


def as_text(row: dict) -> str:
    """One row for the terminal."""
    measured = "not finite" if row["measured"] is None else f"{row['measured']:.6g}"
    relation = ">" if row["kind"] == "ordering" else "="
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return (
        f"{row['status']:<17} {row['kind']:<8} {row['page']}: {row['id']}: "
        f"{measured} {relation} {row['expected']:.6g} ± {row['tolerance']:.2g}{unit}"
    )
