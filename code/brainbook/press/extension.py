"""Sphinx extension of the book: figures with their data and code, the ledger, its numbers.

Directives and roles for the chapters:

- ``{plot} draw_error`` with ``:alt:`` and a caption: a figure that the page's notebook made.
- ``{measured}`claim-id:.2f```: the measured value of a claim, linked to its row of the ledger.
- ``{ledger}``: all claims.
"""

from __future__ import annotations

import ast
import json
from functools import lru_cache
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from ..evidence import fingerprint

LEDGER_PAGE = "chapters/ledger"
RESULTS = "results"
SOURCES = "source"


def page_of(docname: str) -> str:
    """``attention/astrocytes`` for the document ``chapters/attention/astrocytes``."""
    return docname.removeprefix("chapters/")


@lru_cache
def _lines(module: str) -> dict[str, int]:
    tree = ast.parse(fingerprint.source_file(module).read_text("utf-8"))
    return {node.name: node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)}


class Plot(SphinxDirective):
    """A figure of this page, for light and dark backgrounds, with its data and its code."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        page = page_of(self.env.docname)
        folder = Path(self.env.srcdir) / RESULTS / page
        files = {end: f"{name}.{end}" for end in ("light.svg", "dark.svg", "png", "csv")}
        missing = [file for file in files.values() if not (folder / file).is_file()]
        if missing:
            raise self.error(f"plot: {name}: page {page} made no {', '.join(missing)}")
        if not self.options.get("alt", "").strip() or not self.content:
            raise self.error(f"plot: {name}: an :alt: text and a caption are needed")
        for file in files.values():
            self.env.note_dependency(str(folder / file))
        label = name.replace("_", "-")
        figure = nodes.figure(classes=["result"], align="default")
        figure["names"].append(label)
        for theme in ("light", "dark"):
            uri = f"/{RESULTS}/{page}/{files[f'{theme}.svg']}"
            figure += nodes.image(uri=uri, alt=self.options["alt"], classes=[f"only-{theme}"])
        caption = nodes.caption("", "", *self._caption())
        self.set_source_info(figure)
        self.set_source_info(caption)
        figure += caption
        figure += nodes.legend("", self._links(name, page, files))
        self.state.document.note_explicit_target(figure, figure)
        return [figure]

    def _caption(self) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, holder)
        if len(holder) != 1 or not isinstance(holder[0], nodes.paragraph):
            raise self.error(f"plot: {self.arguments[0]}: the caption must be one paragraph")
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

    def _source_link(self, name: str, page: str) -> nodes.reference:
        module = "brainbook.pages." + page.replace("/", ".")
        self.env.note_dependency(str(fingerprint.source_file(module)))
        _lines.cache_clear()
        if name not in _lines(module):
            raise self.error(f"plot: {name} is not a function of {module}")
        uri = self.env.app.builder.get_relative_uri(
            self.env.docname, f"{SOURCES}/{module.replace('.', '/')}"
        )
        return nodes.reference("", f"code: {name}", refuri=f"{uri}#line-{_lines(module)[name]}")


def _ledger(env) -> list[dict]:
    path = Path(env.srcdir) / "ledger.json"
    env.note_dependency(str(path))
    return json.loads(path.read_text("utf-8"))


class Measured(SphinxRole):
    """``claim-id`` or ``claim-id:.2f``: what the claim measured, linked to the ledger."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        claim, _, spec = self.text.partition(":")
        row = {row["id"]: row for row in _ledger(self.env)}.get(claim)
        if row is None or row["measured"] is None:
            message = self.inliner.reporter.error(f"measured: no claim {claim!r} in the ledger")
            return [], [message]
        uri = self.env.app.builder.get_relative_uri(self.env.docname, LEDGER_PAGE)
        text = format(row["measured"], spec or ".3g")
        link = nodes.reference("", text, refuri=f"{uri}#claim-{claim}", internal=True)
        return [link], []


class Ledger(SphinxDirective):
    """All claims as tables, one a page, each row a target for links."""

    def run(self) -> list[nodes.Node]:
        rows = _ledger(self.env)
        holder = nodes.Element()
        lines = StringList(self._markdown(rows), source="ledger.json")
        self.state.nested_parse(lines, 0, holder)
        return holder.children

    def _markdown(self, rows: list[dict]) -> list[str]:
        lines: list[str] = []
        for page in dict.fromkeys(row["page"] for row in rows):
            lines += [f"Claims of {{doc}}`/chapters/{page}`:", "", "````{list-table}"]
            lines += [":header-rows: 1", ":class: ledger", ":widths: 44 10 22 12 12", ""]
            heads = ("Claim", "Kind", "Measured and expected", "Source", "Status")
            lines += [f"{'*' if i == 0 else ' '} - {head}" for i, head in enumerate(heads)]
            for row in (row for row in rows if row["page"] == page):
                lines += self._row(row)
            lines += ["````", ""]
        return lines

    def _row(self, row: dict) -> list[str]:
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        relation = "must exceed" if row["kind"] == "ordering" else "expected"
        margin = "by more than" if row["kind"] == "ordering" else "within"
        measured = "not finite" if row["measured"] is None else f"{row['measured']:.5g}{unit}"
        values = (
            f"**{measured}**, {relation} {row['expected']:.5g}{unit} "
            f"{margin} {row['tolerance']:.2g}"
        )
        reason = f" Why: {row['reason']}" if row["reason"] else ""
        identity = f'<span id="claim-{row["id"]}"></span>{row["statement"]}{reason} `{row["id"]}`'
        status = f'<span class="status-{row["status"].replace(" ", "-")}">{row["status"]}</span>'
        cells = (identity, row["kind"], values, self._source(row["source"]), status)
        return [f"{'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(cells)]

    def _source(self, source: str) -> str:
        known = {key for key, _ in self._bibliography()}
        words = source.replace(",", " ").split()
        if words and all(word in known for word in words):
            return f"{{cite:t}}`{','.join(words)}`"
        return source

    def _bibliography(self):
        return self.env.get_domain("cite").bibdata.data.entries.items()


def source_pages(app: Sphinx):
    """One HTML page for each module of the package, its lines linkable."""
    formatter = HtmlFormatter(linenos="inline", lineanchors="line", linespans="line")
    for module in sorted(fingerprint.import_graph().modules):
        text = fingerprint.source_file(module).read_text("utf-8")
        body = f"<h1>{module}</h1>\n{highlight(text, PythonLexer(), formatter)}"
        name = f"{SOURCES}/{module.replace('.', '/')}"
        yield name, {"title": module, "body": body, "theme_prev_next": False}, "page.html"


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_directive("plot", Plot)
    app.add_directive("ledger", Ledger)
    app.add_role("measured", Measured())
    app.connect("html-collect-pages", source_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
