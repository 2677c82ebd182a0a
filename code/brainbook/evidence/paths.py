"""Where the book's files are.

The book runs from its checkout (``pip install -e '.[book]'``). The energy library alone also
runs from an installed copy, which brings the data and the references along.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CODE = ROOT / "code"
CHECKOUT = (ROOT / "code" / "brainbook").is_dir()
SHARE = ROOT if CHECKOUT else Path(sysconfig.get_path("data"), "share", "brainbook")
DATA = SHARE / "data"
REFERENCES = SHARE / "references.bib"
CHAPTERS = ROOT / "chapters"
BUILD = ROOT / "_build"


def store_folder() -> Path:
    """Folder of results that several pages share; ``BRAINBOOK_STORE`` names another."""
    return Path(os.environ.get("BRAINBOOK_STORE", BUILD / "store"))


def results_folder() -> Path | None:
    """Folder that the press collects results from, or None in an interactive session."""
    folder = os.environ.get("BRAINBOOK_RESULTS")
    return Path(folder) if folder else None
