"""Published facts: the CSV files in ``data/``, a source in every row.

Every table has the columns ``source`` (keys of ``references.bib``, separated by spaces),
``where`` (table, figure or section of the source) and ``status`` (``seen``: read in the
source; ``quoted``: read in the work that ``where`` names; ``derived``: computed from other
rows; ``unconfirmed``: shown as such, never the expected value of a claim).
``data/README.md`` is the data dictionary.
"""

from __future__ import annotations

import pandas as pd

from . import paths

REQUIRED = ("source", "where", "status")
STATUSES = ("seen", "quoted", "derived", "unconfirmed")


def table(name: str) -> pd.DataFrame:
    """Read ``data/<name>``, for instance ``table("energy_operations.csv")``.

    Pages depend on data files by name: write the name as a literal, so that the press finds
    it in the source and re-executes the page when the file changes.

    Raises
    ------
    ValueError : no such file, a missing column, a row without a source, an unknown status.
    """
    path = paths.DATA / name
    if path.suffix != ".csv" or not path.is_file():
        known = sorted(p.name for p in paths.DATA.glob("*.csv"))
        raise ValueError(f"name: got {name!r}; data/ holds {known}")
    frame = pd.read_csv(path, comment="#", dtype=dict.fromkeys(REQUIRED, "str"))
    missing = [column for column in REQUIRED if column not in frame]
    if missing:
        raise ValueError(f"{name}: columns {missing} are missing; needed are {REQUIRED}")
    unsourced = frame.index[frame["source"].isna() | (frame["source"].str.strip() == "")]
    if len(unsourced):
        raise ValueError(f"{name}: rows {list(unsourced + 2)} have no source")
    unknown = sorted(set(frame["status"]) - set(STATUSES))
    if unknown:
        raise ValueError(f"{name}: status {unknown} unknown; allowed are {STATUSES}")
    return frame


def value(name: str, key: str, column: str = "value") -> float:
    """One number of a table whose rows carry a ``key``, for instance a physical constant.

    Raises
    ------
    ValueError : the key is missing or stands in more than one row.
    """
    frame = table(name)
    rows = frame.loc[frame["key"] == key, column]
    if len(rows) != 1:
        raise ValueError(f"key: got {key!r}, found in {len(rows)} rows of {name}; needed is one")
    return float(rows.iloc[0])
