"""Reads the prose of a chapter as MyST does and finds numbers that nothing stands behind.

A number in a sentence is sound where it is glued from a result, or where the sentence cites a
source. Numbers in code, in formulas and in names (``GPT-3``, ``fp32``) are not prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils.base import DocutilsRenderer
from myst_parser.parsers.mdit import create_md_parser

GLUED, CITED = "\x01", "\x02"
NUMBER = re.compile(r"(?<![\w.,:/×^-])[-−+]?\d+(?:[.,]\d+)*(?![\w-]*[A-Za-z])")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"”)]?\s+(?=[A-Z\x01\x02“\"(])")
NAMES = ("CC BY 4.0", "Python 3.11", "Jupyter Book 1")
SKIPPED_DIRECTIVES = {
    "code-cell",
    "code",
    "math",
    "bibliography",
    "ledger",
    "tableofcontents",
    "toctree",
    "raw",
}
GLUE_ROLES = ("glue:", "measured", "tally")


@dataclass(frozen=True)
class Sentence:
    """A piece of prose, with marks for what was glued or cited in it, and its line."""

    text: str
    line: int

    @property
    def numbers(self) -> list[str]:
        """Numbers that are typed in."""
        text = self.text
        for name in NAMES:
            text = text.replace(name, "")
        return NUMBER.findall(text)

    @property
    def is_cited(self) -> bool:
        return CITED in self.text

    def __str__(self) -> str:
        plain = self.text.replace(GLUED, "[glued]").replace(CITED, "[cited]")
        return f"line {self.line}: {plain.strip()}"


def _parser():
    config = MdParserConfig(enable_extensions={"dollarmath", "amsmath", "colon_fence", "deflist"})
    return create_md_parser(config, DocutilsRenderer)


def unsupported(markdown: str) -> list[Sentence]:
    """Sentences with a typed number and no citation."""
    return [s for s in sentences(markdown) if s.numbers and not s.is_cited]


def sentences(markdown: str, first_line: int = 1) -> Iterator[Sentence]:
    """The prose of a chapter, sentence by sentence; a row of a table counts as one."""
    row: list[str] | None = None
    line = first_line
    for token in _parser().parse(markdown):
        if token.map:
            line = first_line + token.map[0]
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            yield Sentence(" | ".join(row or []), line)
            row = None
        elif token.type == "inline":
            text = _plain(token.children or [])
            if row is not None:
                row.append(text)
            else:
                for part in SENTENCE_END.split(text):
                    yield Sentence(part, line)
        elif token.type in ("fence", "colon_fence"):
            yield from _directive(token, line)


def _directive(token: Token, line: int) -> Iterator[Sentence]:
    found = re.match(r"\{([\w:-]+)\}\s*(.*)", token.info)
    if not found or found[1] in SKIPPED_DIRECTIVES:
        return
    kept, offset = [], 1
    for text in token.content.splitlines():
        option = re.match(r":([\w-]+):\s*(.*)", text)
        if option:
            if option[1] == "alt":
                yield Sentence(option[2], line + offset)
            kept.append("")
        else:
            kept.append(text)
        offset += 1
    body = "\n".join(kept)
    if found[1] == "list-table":
        for item in re.split(r"(?m)^\* ", body):
            cells = " ".join(s.text for s in sentences(item, line))
            yield Sentence(cells, line)
    else:
        yield from sentences(body, line + 1)


def _plain(children: list[Token]) -> str:
    parts = []
    for child in children:
        if child.type == "text":
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "myst_role":
            parts.append(_role(child))
    return "".join(parts)


def _role(child: Token) -> str:
    name = child.meta["name"]
    if name.startswith(GLUE_ROLES):
        return GLUED
    if name.startswith("cite"):
        return CITED
    if name == "term":
        return re.sub(r"\s*<[^>]*>", "", child.content)
    return ""
