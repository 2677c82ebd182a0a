"""The pages of the book, as ``_toc.yml`` lists them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import jupytext
import nbformat
import yaml
from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml

from brainbook.evidence import paths

from .errors import BookError

SUFFIXES = (".md", ".ipynb")
PACKAGE = "brainbook.pages"  # holds a package of the same name for each page


@dataclass(frozen=True)
class Page:
    """One page: its name (``attention/astrocytes``) and its source file."""

    name: str
    path: Path

    @property
    def docname(self) -> str:
        """Name of the page for Sphinx: its path in the checkout without the suffix."""
        return self.path.relative_to(paths.ROOT).with_suffix("").as_posix()

    def notebook(self) -> nbformat.NotebookNode:
        """The page as a notebook, its cells numbered in order.

        Raises
        ------
        BookError : the file is not a notebook that jupytext can read.
        Unreadable : it is missing, or no text.
        """
        paths.text_of(self.path)
        try:
            book = jupytext.read(self.path)
        except (ValueError, KeyError, yaml.YAMLError) as error:
            raise BookError(f"page {self.name}: {self.path.name} cannot be read: {error}") from None
        for number, cell in enumerate(book.cells):
            cell["id"] = f"cell-{number}"
            cell.metadata.setdefault("tags", [])
        return book

    @property
    def runs(self) -> bool:
        """Whether the page has code cells. A page without a kernel is prose only."""
        head = paths.text_of(self.path).split("\n---", 1)[0]
        return self.path.suffix == ".ipynb" or "kernelspec:" in head

    @property
    def is_landing(self) -> bool:
        """Whether the page opens a section: its ``index``, which computes nothing."""
        return self.name.endswith("/index")


def pages() -> list[Page]:
    """All pages in reading order.

    Raises
    ------
    BookError : ``_toc.yml`` is malformed, or names a page that does not exist.
    Unreadable : it is missing, or no text.
    """
    path = paths.ROOT / "_toc.yml"
    paths.text_of(path)
    try:
        site = parse_toc_yaml(path)
    except (MalformedError, yaml.YAMLError) as error:
        raise BookError(f"_toc.yml: broken: {error}") from None
    return [_page(name) for name in site]


def _page(docname: str) -> Page:
    stem = paths.ROOT / docname
    if PurePosixPath(docname).is_absolute() or ".." in stem.parts:
        raise BookError(f"_toc.yml: names {docname}; must be a path within the book")
    for suffix in SUFFIXES:
        path = stem.with_name(stem.name + suffix)
        if path.is_file():
            name = path.relative_to(paths.ROOT).with_suffix("").as_posix()
            return Page(name.removeprefix("chapters/"), path)
    raise BookError(
        f"_toc.yml: names {docname}, but there is no {docname}{' or '.join(('', *SUFFIXES))[4:]}"
    )


def page(name: str) -> Page:
    """The page of that name.

    Raises
    ------
    BookError : there is none; the message lists the pages.
    """
    name = name.removeprefix("chapters/").removesuffix(".md")
    known = {page.name: page for page in pages()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise BookError(f"page: got {name!r}; the book has {', '.join(known)}{hint}")
    return known[name]
