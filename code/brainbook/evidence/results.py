"""What a page hands over: figures with their data, numbers for the prose, claims.

In a notebook::

    from brainbook.evidence.results import Results
    from brainbook.pages.attention import astrocytes as page

    results = Results(page)
    error = page.measure_error(units=units, seeds=seeds)
    results.figure(page.draw_error, error, data=error.frame)
    results.numbers(slope=error.slope)
    results.claims(page.claims(error))

Under the press the files go to the folder named by ``BRAINBOOK_RESULTS``; in an interactive
session figures are shown and nothing is written.
"""

from __future__ import annotations

import html
import json
import math
import numbers as numeric
import re
from collections.abc import Callable
from types import ModuleType

import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure
from myst_nb import glue

from . import opened, paths, style
from .claims import Claim

PREFIX = "brainbook.pages."


def page_name(module: ModuleType) -> str:
    """``attention/astrocytes`` for the module ``brainbook.pages.attention.astrocytes``.

    Raises
    ------
    ValueError : the module is not a page.
    """
    if not module.__name__.startswith(PREFIX):
        raise ValueError(f"module: got {module.__name__!r}; a page starts with {PREFIX!r}")
    return module.__name__.removeprefix(PREFIX).replace(".", "/")


class Results:
    """Collects what one page produces."""

    def __init__(self, module: ModuleType) -> None:
        self.page = page_name(module)
        root = paths.results_folder()
        self.folder = root / self.page if root else None
        self._claims: dict[str, Claim] = {}
        self._numbers: dict[str, float | int | str] = {}
        if self.folder:
            if self.folder.exists():
                raise ValueError(f"module: {self.page} has results already; make Results once")
            self.folder.mkdir(parents=True)
            opened.watch()  # where the press could not begin with it

    def figure(self, draw: Callable[..., Figure], result, data: pd.DataFrame) -> None:
        """Draw ``result`` for light and dark pages and keep the figure with its ``data``.

        Raises
        ------
        ValueError : ``data`` is not a filled DataFrame, or ``draw`` gave no Figure.
        """
        name = draw.__name__
        if not isinstance(data, pd.DataFrame) or data.empty:
            raise ValueError(f"data of {name}: got {type(data).__name__}; needs a filled DataFrame")
        drawn = {}
        for theme in style.PALETTE:
            with style.theme(theme):
                drawn[theme] = draw(result)
                if not isinstance(drawn[theme], Figure):
                    raise ValueError(f"{name}: returned {type(drawn[theme]).__name__}, not Figure")
                if self.folder:
                    self._save(drawn[theme], f"{name}.{theme}.svg")
        if not self.folder:
            display(drawn["light"])
            return
        with style.theme("light"):
            self._save(drawn["light"], f"{name}.png", dpi=200, facecolor="white")
        self._write(f"{name}.csv", data.to_csv(index=False))

    def _save(self, figure: Figure, name: str, **options) -> None:
        metadata = {"Date": None, "Creator": "brainbook"} if name.endswith("svg") else {}
        with opened.aside():
            figure.savefig(self.folder / name, metadata=metadata, **options)

    def _write(self, name: str, text: str) -> None:
        with opened.aside():
            (self.folder / name).write_text(text, "utf-8", newline="")

    def table(self, frame: pd.DataFrame, digits: int = 3) -> None:
        """Show a table in the page, numbers to so many significant ``digits``.

        A column ``source`` of bibliography keys is shown as names and years; in the built
        book each links to the source.

        Raises
        ------
        ValueError : ``frame`` is not a filled DataFrame.
        """
        if not isinstance(frame, pd.DataFrame) or frame.empty:
            raise ValueError(f"frame: got {type(frame).__name__}; needs a filled DataFrame")

        def number(value: float) -> str:
            return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"

        def text(value) -> str:
            return html.escape(value) if isinstance(value, str) else value

        safe = frame.rename(columns=text).map(text)
        if "source" in frame:
            safe["source"] = frame["source"].map(_cited)
        display(HTML(safe.to_html(
            index=False, border=0, float_format=number, na_rep="", escape=False
        )))  # fmt: skip

    def numbers(self, **values: float) -> None:
        """Glue values for the prose: ``numbers(slope=-0.5)`` serves ``{glue:text}`slope:.2f```.

        Raises
        ------
        ValueError : a value is neither a finite number nor a text, or a key has another value.
        """
        for key, value in values.items():
            if isinstance(value, numeric.Integral):
                value = int(value)
            elif isinstance(value, numeric.Real) and math.isfinite(value):
                value = float(value)
            elif not isinstance(value, str):
                raise ValueError(f"{key}: got {value!r}; needs a finite number or a text")
            if self.folder and self._numbers.get(key, value) != value:
                raise ValueError(f"{key}: got {value!r}; it is {self._numbers[key]!r} already")
            self._numbers[key] = value
            glue(key, value, display=False)
        if self.folder:
            self._write("numbers.json", json.dumps(self._numbers, indent=1))

    def claims(self, claims: list[Claim]) -> None:
        """Hand the page's claims over to the ledger and print how each came out.

        Raises
        ------
        ValueError : the page uses an id twice.
        """
        for claim in claims:
            if claim.id in self._claims:
                raise ValueError(f"id: {claim.id!r} stands twice on page {self.page}")
            self._claims[claim.id] = claim
            print(claim)
        if self.folder:
            rows = [claim.record(self.page) for claim in self._claims.values()]
            self._write("claims.json", json.dumps(rows, indent=1))


def _cited(keys: str) -> str:
    """``Horowitz 2014`` for ``horowitz2014computing``, marked so that the book can link it."""
    found = re.findall(r"\b(([a-z]+)(\d{4})\w*)", keys)
    links = [
        f'<a data-cite="{key}">{name.capitalize()} {year}</a>' for key, name, year in found
    ]  # fmt: skip
    return ", ".join(links) or html.escape(keys)
