"""The ledger as it is read: its page, and its numbers in other pages."""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx_design.shared import create_component

from brainbook.evidence.claims import repeated

from . import ledger
from .notebooks import TO_COME
from .site import SOURCES

LEDGER_PAGE = "chapters/ledger"
COLUMNS = {"Claim": 38, "Measured": 18, "Expected": 17, "Source": 15, "Status": 12}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def as_printed(value: float, spec: str) -> str:
    """A number as a paper prints it: ``-1.5e-07`` becomes −1.5×10⁻⁷."""
    digits, _, exponent = format(value, spec).partition("e")
    power = f"×10{str(int(exponent)).translate(SUPERSCRIPT)}" if exponent else ""
    return digits.replace("-", "\N{MINUS SIGN}") + power


def rows(env) -> list[dict]:
    """The ledger that the press staged; the page that asks depends on it."""
    path = Path(env.srcdir) / "ledger.json"
    env.note_dependency(str(path))
    return json.loads(path.read_text("utf-8"))


def unfinished(env) -> list[str]:
    """Pages that the press staged without their present results; the asking page depends on it."""
    path = Path(env.srcdir) / "unfinished.json"
    env.note_dependency(str(path))
    return json.loads(path.read_text("utf-8"))


def link(env, row: dict, text: str) -> nodes.reference:
    """The text, linked to the claim's row of the ledger."""
    times = repeated(row)
    uri = env.app.builder.get_relative_uri(env.docname, LEDGER_PAGE)
    return nodes.reference(
        "",
        text,
        refuri=f"{uri}#claim-{row['id']}",
        reftitle=f"Claim: {row['statement']}" + (f" ({times})" if times else ""),
        classes=["measured"],
        internal=True,
    )


def status(row: dict) -> nodes.inline:
    """The claim's status, with its mark."""
    kind = f"status-{row['status'].replace(' ', '-')}"
    return nodes.inline("", row["status"], classes=["status", kind])


class Measured(SphinxRole):
    """``claim-id``, ``claim-id:.2f`` or, with half the interval, ``claim-id:.2f±``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        claim, _, spec = self.text.partition(":")
        row = {row["id"]: row for row in rows(self.env)}.get(claim)
        if row is None and unfinished(self.env):
            return [nodes.inline("", TO_COME)], []
        if row is None or row["measured"] is None:
            return self._refused(f"no claim {claim!r} in the ledger")
        digits = spec.removesuffix("±") or ".3g"
        text = as_printed(row["measured"], digits)
        if spec.endswith("±"):
            if row["half_width"] is None:
                return self._refused(f"claim {claim!r} has no interval")
            text += f" ± {as_printed(row['half_width'], digits)}"
        return [link(self.env, row, text)], []

    def _refused(self, why: str) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [], [self.inliner.reporter.error(f"measured: {why}")]


class Tally(SphinxRole):
    """``finding``, ``check`` or ``finding holds``: how many the ledger has."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        role, _, status = self.text.partition(" ")
        found = ledger.counts(rows(self.env)).get(role)
        if found is None or (status and status not in found):
            message = f"tally: got {self.text!r}; needs a role of claims, and a status or nothing"
            return [], [self.inliner.reporter.error(message)]
        return [nodes.inline("", f"{found[status] if status else sum(found.values())}")], []


class Ledger(SphinxDirective):
    """All claims by section and page: findings in a table, checks folded; rows are targets."""

    def run(self) -> list[nodes.Node]:
        every = rows(self.env)
        made: list[nodes.Node] = [nodes.paragraph("", said) for said in ledger.in_words(every)]
        for caption in dict.fromkeys(row["section"] for row in every):
            part = [row for row in every if row["section"] == caption]
            pages = [
                self._page(page, [row for row in part if row["page"] == page])
                for page in dict.fromkeys(row["page"] for row in part)
            ]
            if caption:
                section = nodes.section(ids=[f"claims-in-{nodes.make_id(caption)}"])
                section += [nodes.title("", caption), *pages]
                pages = [section]
            made += pages
        return made

    def _page(self, page: str, claims: list[dict]) -> nodes.section:
        section = nodes.section(ids=[f"claims-{nodes.make_id(page)}"])
        section += nodes.title("", self._title(page))
        section += self._parsed(f"Measured on {{doc}}`/chapters/{page}`.")
        findings, checks = (
            [row for row in claims if row["role"] == role] for role in ("finding", "check")
        )
        if findings:
            section += self._table(findings)
        if checks:
            failed = sum(row["status"] == "fails" for row in checks)
            title = f"Checks: {len(checks)}" + (f", {failed} of them fail" if failed else "")
            section += create_component(
                "dropdown",
                opened=bool(failed),
                type="dropdown",
                has_title=True,
                icon=None,
                chevron=None,
                container_classes=["sd-mb-3", "checks"],
                title_classes=[],
                body_classes=[],
                children=[nodes.rubric("", title), self._table(checks)],
            )
        return section

    def _table(self, claims: list[dict]) -> nodes.table:
        table = nodes.table(classes=["ledger", "colwidths-given"])
        group = nodes.tgroup(cols=len(COLUMNS))
        for name, width in COLUMNS.items():
            group += nodes.colspec(colwidth=width, stub=int(name == "Claim"))
        names = (nodes.entry("", nodes.paragraph("", name)) for name in COLUMNS)
        group += nodes.thead("", nodes.row("", *names))
        group += nodes.tbody("", *(self._row(row) for row in claims))
        table += group
        return table

    def _title(self, page: str) -> str:
        path = Path(self.env.srcdir) / f"chapters/{page}.ipynb"
        self.env.note_dependency(str(path))
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for line in "".join(cell["source"]).splitlines():
                if cell["cell_type"] == "markdown" and line.startswith("# "):
                    return line.removeprefix("# ").strip()
        raise self.error(f"ledger: page {page} has no title")

    def _row(self, row: dict) -> nodes.row:
        why = {"reason": "Why it does not transfer", "unresolved": "Why it is unresolved"}
        told = [
            row["statement"],
            *(f"{say}: {row[name]}" for name, say in why.items() if row[name]),
            *(["Worded after looking."] if row.get("after_looking") else []),
        ]
        cells = (
            [*self._parsed(" ".join(told)), self._name(row)],
            self._measured(row),
            [nodes.paragraph("", self._expected(row))],
            self._parsed(self._source(row["source"])),
            [nodes.paragraph("", "", status(row))],
        )
        entries = (nodes.entry("", *cell) for cell in cells)
        return nodes.row("", *entries, ids=[f"claim-{row['id']}"])

    def _name(self, row: dict) -> nodes.paragraph:
        text = f"{row['role']} · {row['kind']} · {row['id']}"
        name = nodes.paragraph("", text, classes=["claim-id"])
        if row["line"]:
            file, _, line = row["line"].rpartition(":")
            module = file.removeprefix("code/").removesuffix(".py").removesuffix("/__init__")
            uri = self.env.app.builder.get_relative_uri(self.env.docname, f"{SOURCES}/{module}")
            name += nodes.Text(" · ")
            to = {"refuri": f"{uri}#line-{line}", "reftitle": row["line"], "internal": True}
            name += nodes.reference("", "code", **to)
        return name

    def _measured(self, row: dict) -> list[nodes.Node]:
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        text = "not finite" if row["measured"] is None else as_printed(row["measured"], ".5g")
        if row["half_width"] is None:
            return [nodes.paragraph("", text + unit)]
        text += f" ± {as_printed(row['half_width'], '.2g')}{unit}"
        return [nodes.paragraph("", text), nodes.paragraph("", repeated(row), classes=["claim-id"])]

    def _expected(self, row: dict) -> str:
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        expected = as_printed(row["expected"], ".5g") + unit
        tolerance = as_printed(row["tolerance"], ".2g")
        if row["kind"] == "ordering":
            return f"more than {expected}, by over {tolerance}"
        return f"{expected} ± {tolerance}"

    def _parsed(self, text: str) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(StringList([text], source="ledger.json"), 0, holder)
        return holder.children

    def _source(self, source: str) -> str:
        known = {key for key, _ in self.env.get_domain("cite").bibdata.data.entries.items()}
        words = source.replace(",", " ").split()
        if words and all(word in known for word in words):
            return f"{{cite:t}}`{','.join(words)}`"
        return source
