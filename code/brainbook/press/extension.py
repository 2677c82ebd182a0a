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
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from brainbook.evidence import fingerprint
from brainbook.evidence.claims import STATUSES

from . import contents, site
from .site import SOURCES

LEDGER_PAGE = "chapters/ledger"
RESULTS = "results"
COLUMNS = {"Claim": 40, "Measured": 14, "Expected": 18, "Source": 16, "Status": 12}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def page_of(docname: str) -> str:
    """``attention/astrocytes`` for the document ``chapters/attention/astrocytes``."""
    return docname.removeprefix("chapters/")


def as_printed(value: float, spec: str) -> str:
    """A number as a paper prints it: ``-1.5e-07`` becomes −1.5×10⁻⁷."""
    digits, _, exponent = format(value, spec).partition("e")
    power = f"×10{str(int(exponent)).translate(SUPERSCRIPT)}" if exponent else ""
    return digits.replace("-", "\N{MINUS SIGN}") + power


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
        figure += self._images(page, files)
        caption = nodes.caption("", "", *self._caption())
        self.set_source_info(figure)
        self.set_source_info(caption)
        figure += caption
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
        module = contents.module_of(page, "draw")
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
        link = nodes.reference(
            "",
            as_printed(row["measured"], spec or ".3g"),
            refuri=f"{uri}#claim-{claim}",
            reftitle=f"Claim: {row['statement']}",
            classes=["measured"],
            internal=True,
        )
        return [link], []


class Ledger(SphinxDirective):
    """All claims: a section and a table for each page, each row a target for links."""

    def run(self) -> list[nodes.Node]:
        rows = _ledger(self.env)
        pages = dict.fromkeys(row["page"] for row in rows)
        counts = {status: sum(row["status"] == status for row in rows) for status in STATUSES}
        told = ". ".join(f"{status.capitalize()}: {count}" for status, count in counts.items())
        summary = nodes.paragraph("", f"Claims: {len(rows)}. {told}.")
        return [summary, *(self._section(page, rows) for page in pages)]

    def _section(self, page: str, rows: list[dict]) -> nodes.section:
        section = nodes.section(ids=[f"claims-{nodes.make_id(page)}"])
        section += nodes.title("", self._title(page))
        section += self._parsed(f"Measured on {{doc}}`/chapters/{page}`.")
        table = nodes.table(classes=["ledger", "colwidths-given"])
        group = nodes.tgroup(cols=len(COLUMNS))
        for name, width in COLUMNS.items():
            group += nodes.colspec(colwidth=width, stub=int(name == "Claim"))
        names = (nodes.entry("", nodes.paragraph("", name)) for name in COLUMNS)
        group += nodes.thead("", nodes.row("", *names))
        group += nodes.tbody("", *(self._row(row) for row in rows if row["page"] == page))
        section += table
        table += group
        return section

    def _title(self, page: str) -> str:
        path = Path(self.env.srcdir) / f"chapters/{page}.ipynb"
        self.env.note_dependency(str(path))
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for line in "".join(cell["source"]).splitlines():
                if cell["cell_type"] == "markdown" and line.startswith("# "):
                    return line.removeprefix("# ").strip()
        raise self.error(f"ledger: page {page} has no title")

    def _row(self, row: dict) -> nodes.row:
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        measured = "not finite" if row["measured"] is None else as_printed(row["measured"], ".5g")
        expected, tolerance = (
            as_printed(row["expected"], ".5g"),
            as_printed(row["tolerance"], ".2g"),
        )
        relation = f"{expected}{unit} ± {tolerance}"
        if row["kind"] == "ordering":
            relation = f"more than {expected}{unit}, by over {tolerance}"
        reason = f" Why it does not transfer: {row['reason']}" if row["reason"] else ""
        name = nodes.paragraph("", f"{row['kind']} · {row['id']}", classes=["claim-id"])
        status = nodes.inline("", row["status"], classes=["status", f"status-{row['status']}"])
        status["classes"] = [name.replace(" ", "-") for name in status["classes"]]
        cells = (
            [*self._parsed(row["statement"] + reason), name],
            [nodes.paragraph("", f"{measured}{unit}")],
            [nodes.paragraph("", relation)],
            self._parsed(self._source(row["source"])),
            [nodes.paragraph("", "", status)],
        )
        entries = (nodes.entry("", *cell) for cell in cells)
        return nodes.row("", *entries, ids=[f"claim-{row['id']}"])

    def _parsed(self, text: str) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(StringList([text], source="ledger.json"), 0, holder)
        return holder.children

    def _source(self, source: str) -> str:
        known = {key for key, _ in self._bibliography()}
        words = source.replace(",", " ").split()
        if words and all(word in known for word in words):
            return f"{{cite:t}}`{','.join(words)}`"
        return source

    def _bibliography(self):
        return self.env.get_domain("cite").bibdata.data.entries.items()


def version(app: Sphinx) -> str:
    """Digest of what decides how a page is read; with another one Sphinx reads all pages anew."""
    works = [Path(app.srcdir) / name for name in app.config.bibtex_bibfiles]
    parts = [Path(app.srcdir) / "_config.yml", Path(__file__), *works]
    return fingerprint.digest(b"".join(part.read_bytes() for part in parts))


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_directive("plot", Plot)
    app.add_directive("ledger", Ledger)
    app.add_role("measured", Measured())
    site.setup(app)
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {"version": "1", "env_version": version(app)} | safe
