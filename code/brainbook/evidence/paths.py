"""Where the book's files are. It runs from its checkout (``pip install -e '.[book]'``)."""

from __future__ import annotations

import os
from pathlib import Path


class Unreadable(ValueError):
    """A file of the book is not what it must be; the message names it and says why."""


ROOT = Path(__file__).resolve().parents[3]
CODE = ROOT / "code"
DATA = ROOT / "data"
REFERENCES = ROOT / "references.bib"
CHAPTERS = ROOT / "chapters"
BUILD = ROOT / "_build"


def text_of(path: Path) -> str:
    """The text of a file.

    Raises
    ------
    Unreadable : there is no such file, or it is not UTF-8.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise Unreadable(f"{shown(path)}: {error.strerror.lower()}") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"{shown(path)}: must be UTF-8, and byte {error.start} is not") from None


def shown(path: Path) -> str:
    """A path as it is told: within the checkout, from its root."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def store_folder() -> Path:
    """Folder of results that several pages share; ``BRAINBOOK_STORE`` names another."""
    return Path(os.environ.get("BRAINBOOK_STORE", BUILD / "store"))


def results_folder() -> Path | None:
    """Folder that the press collects results from, or None in an interactive session."""
    folder = os.environ.get("BRAINBOOK_RESULTS")
    return Path(folder) if folder else None
