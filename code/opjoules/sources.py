"""Where constants come from: tables with a source in every row, and the works they name.

The tables are CSV files, the works stand in a BibTeX file. Both lie in the checkout, or in the
share folder of an installed copy. Every name of a table is written out where it is read, so that
a search for the file finds its readers.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd
from pybtex.database import BibliographyData, parse_file

CHECKOUT = Path(__file__).resolve().parents[2]
INSTALLED = Path(sysconfig.get_path("data"), "share", "brainbook")
SHARE = CHECKOUT if (CHECKOUT / "code" / "opjoules").is_dir() else INSTALLED
TEXT = ("source", "where", "status")


def table(name: str) -> pd.DataFrame:
    """A table of published values, for instance ``table("energy_operations.csv")``.

    Raises
    ------
    ValueError : a row without a source.
    """
    return _read(SHARE / "data" / name).copy()


def printed(name: str) -> pd.DataFrame:
    """The same table as text: a number with the digits that its source prints."""
    return pd.read_csv(SHARE / "data" / name, comment="#", dtype="str")


@cache
def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, comment="#", dtype=dict.fromkeys(TEXT, "str"))
    unsourced = frame.index[frame["source"].isna()]
    if len(unsourced):
        raise ValueError(f"{path.name}: rows {list(unsourced + 2)} have no source")
    return frame


def value(name: str, key: str) -> float:
    """The number beside ``key`` in a table that has a column of keys.

    Raises
    ------
    ValueError : no such key.
    """
    known = table(name).set_index("key")["value"]
    if key not in known:
        raise ValueError(f"key: got {key!r}; {name} has {sorted(known.index)}")
    return float(known[key])


def joined(keys: Iterable[str]) -> str:
    """Keys of several rows (each row's separated by spaces) as one row's, each once."""
    return " ".join(dict.fromkeys(" ".join(keys).split()))


def bibtex(keys: Iterable[str]) -> str:
    """BibTeX entries of ``keys``, each once, in their order.

    Raises
    ------
    ValueError : a key without an entry, for instance of a constant of your own.
    """
    known = parse_file(str(SHARE / "references.bib"), bib_format="bibtex").entries
    wanted = list(dict.fromkeys(keys))
    missing = [key for key in wanted if key not in known]
    if missing:
        raise ValueError(f"keys: got {missing}, which references.bib does not hold")
    return BibliographyData({key: known[key] for key in wanted}).to_string("bibtex")
