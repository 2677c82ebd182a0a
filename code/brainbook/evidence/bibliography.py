"""The references: where a key of ``references.bib`` leads, and its entry for another paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pybtex.database import BibliographyData, Entry, parse_string
from pybtex.exceptions import PybtexError

from . import paths


def entries() -> BibliographyData:
    """All references of the book, read anew.

    Raises
    ------
    Unreadable : there is no such file, or it is not BibTeX.
    """
    try:
        return parse_string(paths.text_of(paths.REFERENCES), bib_format="bibtex")
    except PybtexError as error:
        raise paths.Unreadable(f"references.bib: {error}") from None


def address(fields: Mapping[str, str]) -> str:
    """Where a reference is read: its DOI, else arXiv, else its own address; empty without any."""
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    if "eprint" in fields:
        return f"https://arxiv.org/abs/{fields['eprint']}"
    return fields.get("url", "")


def bibtex(keys: Iterable[str]) -> str:
    """BibTeX entries of ``keys``, each once, in their order.

    Raises
    ------
    ValueError : a key without an entry.
    """
    known: Mapping[str, Entry] = entries().entries
    wanted = list(dict.fromkeys(keys))
    missing = [key for key in wanted if key not in known]
    if missing:
        raise ValueError(f"keys: got {missing}, which references.bib does not hold")
    return BibliographyData({key: known[key] for key in wanted}).to_string("bibtex")
