"""Where the book's files are. It runs from its checkout (``pip install -e '.[book]'``)."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CODE = ROOT / "code"
DATA = ROOT / "data"
REFERENCES = ROOT / "references.bib"
CHAPTERS = ROOT / "chapters"
BUILD = ROOT / "_build"


def store_folder() -> Path:
    """Folder of results that several pages share; ``BRAINBOOK_STORE`` names another."""
    return Path(os.environ.get("BRAINBOOK_STORE", BUILD / "store"))


def results_folder() -> Path | None:
    """Folder that the press collects results from, or None in an interactive session."""
    folder = os.environ.get("BRAINBOOK_RESULTS")
    return Path(folder) if folder else None
