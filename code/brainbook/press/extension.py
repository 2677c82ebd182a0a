"""Sphinx extension of the book: figures with their data and code, the ledger, its numbers.

Directives and roles for the chapters:

- ``{plot} draw_error`` with ``:alt:`` and a caption: a figure that the page's notebook made;
  ``{plot} attention/astrocytes draw_error``: one of another page, shown again.
- ``{measured}`claim-id:.2f```: the measured value of a claim, linked to its row of the ledger;
  ``{measured}`claim-id:.2f±``` with half its interval.
- ``{tally}`finding holds```: how many claims of that role, with that status or with any.
- ``{ledger}``: all claims, findings first.
- ``{answers}``: the table of a landing page, see :mod:`brainbook.press.answers`.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from brainbook.evidence import fingerprint

from . import answers, ledger, ledger_page, site
from .site import SOURCES

RESULTS = "results"


def page_of(docname: str) -> str:
    """``attention/astrocytes`` for the document ``chapters/attention/astrocytes``."""
    return docname.removeprefix("chapters/")


@lru_cache
def _lines(module: str) -> dict[str, int]:
    tree = ast.parse(fingerprint.source_file(module).read_text("utf-8"))
    return {node.name: node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)}


class Plot(SphinxDirective):
    """A figure, for light and dark backgrounds, with its data and its code.

    Its label is the function's name; where it is shown again, the name of that page comes first.
    """

    required_arguments = 1
    optional_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        *other, name = self.arguments
        here = page_of(self.env.docname)
        page = other[0] if other else here
        folder = Path(self.env.srcdir) / RESULTS / page
        files = {end: f"{name}.{end}" for end in ("light.svg", "dark.svg", "png", "csv")}
        missing = [file for file in files.values() if not (folder / file).is_file()]
        waits = bool(missing) and page in ledger_page.unfinished(self.env)
        if missing and not waits:
            raise self.error(f"plot: {name}: page {page} made no {', '.join(missing)}")
        if not self.options.get("alt", "").strip() or not self.content:
            raise self.error(f"plot: {name}: an :alt: text and a caption are needed")
        for file in files.values():
            self.env.note_dependency(str(folder / file))
        images = self._to_come() if waits else self._images(page, files)
        label = nodes.make_id(f"{here} {name}" if other else name)
        figure = nodes.figure(classes=["result"], align="default")
        figure["names"].append(label)
        figure += images
        caption = nodes.caption("", "", *self._caption())
        self.set_source_info(figure)
        self.set_source_info(caption)
        figure += caption
        if not waits:
            figure += nodes.legend("", self._links(name, page, files))
        self.state.document.note_explicit_target(figure, figure)
        return [figure]

    def _images(self, page: str, files: dict[str, str]) -> nodes.container:
        # One child of the figure: docutils and the theme expect the caption right after it.
        images = nodes.container(classes=["images"])
        for theme in ("light", "dark"):
            uri = f"/{RESULTS}/{page}/{files[f'{theme}.svg']}"
            images += nodes.image(uri=uri, alt=self.options["alt"], classes=[f"only-{theme}"])
        return images

    def _to_come(self) -> nodes.container:
        return nodes.container("", nodes.paragraph("", "This figure has not been drawn yet."))

    def _caption(self) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, holder)
        if len(holder) != 1 or not isinstance(holder[0], nodes.paragraph):
            raise self.error(f"plot: {self.arguments[-1]}: the caption must be one paragraph")
        return holder[0].children

    def _links(self, name: str, page: str, files: dict[str, str]) -> nodes.paragraph:
        line = nodes.paragraph(classes=["figure-links"])
        kinds = (("SVG", "light.svg"), ("PNG", "png"), ("data (CSV)", "csv"))
        for text, end in kinds:
            target = f"/{RESULTS}/{page}/{files[end]}"
            line += addnodes.download_reference("", text, reftarget=target, refdoc=self.env.docname)
            line += nodes.Text(" · ")
        line += self._source_link(name, page)
        return line

    def _source_link(self, name: str, page: str) -> nodes.Node:
        module = f"{site.PAGES}{page.replace('/', '.')}.draw"
        self.env.note_dependency(str(fingerprint.source_file(module)))
        _lines.cache_clear()
        if name not in _lines(module) and page in ledger_page.unfinished(self.env):
            return nodes.Text(f"code: {name}, which is gone")
        if name not in _lines(module):
            raise self.error(f"plot: {name} is not a function of {module}")
        uri = self.env.app.builder.get_relative_uri(
            self.env.docname, f"{SOURCES}/{module.replace('.', '/')}"
        )
        return nodes.reference("", f"code: {name}", refuri=f"{uri}#line-{_lines(module)[name]}")


def version(app: Sphinx) -> str:
    """Digest of what decides how a page is read; with another one Sphinx reads all pages anew."""
    works = [Path(app.srcdir) / name for name in app.config.bibtex_bibfiles]
    code = (Path(module.__file__) for module in (answers, ledger, ledger_page))
    parts = [Path(app.srcdir) / "_config.yml", Path(__file__), *code, *works]
    return fingerprint.digest(b"".join(part.read_bytes() for part in parts))


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_directive("plot", Plot)
    app.add_directive("ledger", ledger_page.Ledger)
    app.add_directive("answers", answers.Answers)
    app.add_role("measured", ledger_page.Measured())
    app.add_role("tally", ledger_page.Tally())
    site.setup(app)
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {"version": "1", "env_version": version(app)} | safe
