"""The table that opens a section: question, answer, size of the effect, how sure.

Questions and answers are written by hand; the numbers come from the ledger. A row is a
paragraph: page, claim and size, then the question, then the answer::

    ```{answers}
    one_astrocyte | small-goal, unresolved | {.3f} below the goal
    How small a circuit does the work of a head?
    One rodent astrocyte's synapses suffice for a circuit that comes close.
    ```

The claim may be followed by the status that the answer was written for. Once the ledger has
another one, the build fails until somebody reads the answer again.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from brainbook.evidence.claims import STATUSES, repeated

from . import ledger_page
from .ledger_page import as_printed

COLUMNS = {"Question": 26, "Answer": 38, "Size of the effect": 20, "How sure": 16}
NO_RESULT = "–"
NUMBER = re.compile(r"\{(?:(factor|decades) )?([^{} ]+)\}")
BASES = {"factor": math.e, "decades": 10.0}  # of claims that are logarithms of ratios


@dataclass(frozen=True)
class Row:
    """One row as it is written.

    Parameters
    ----------
    page : ``attention/memory``; the page of this section may leave its folder out.
    claim : id of the claim that stands behind the answer, on that page.
    status : of the claim when the answer was written, or nothing.
    size : words around one number: ``{.2f}``; ``{factor .1f}`` and ``{decades .1f}`` print a
        natural and a decimal logarithm as the ratio that it is of.
    question, answer : Markdown, a line each.

    Raises
    ------
    ValueError : a part is missing or not as above.
    """

    page: str
    claim: str
    status: str
    size: str
    question: str
    answer: str

    @classmethod
    def parse(cls, text: str, section: str) -> Row:
        """The row in these three lines, on a landing page of ``section``."""
        lines = text.splitlines()
        parts = [part.strip() for part in lines[0].split("|")]
        if len(lines) != 3 or len(parts) != 3:
            raise ValueError(
                f"got {text!r}; a row is 'page | claim, status | size' and, a line each, its "
                "question and its answer"
            )
        page, named, size = parts
        claim, _, status = (part.strip() for part in named.partition(","))
        page = page if "/" in page else f"{section}/{page}"
        return cls(page, claim, status, size, lines[1].strip(), lines[2].strip())

    def __post_init__(self) -> None:
        if self.status not in ("", *STATUSES):
            raise ValueError(f"{self.claim}: got status {self.status!r}; allowed are {STATUSES}")
        if len(NUMBER.findall(self.size)) != 1:
            raise ValueError(
                f"{self.claim}: got size {self.size!r}; needs one number, as '{{.2f}}'"
            )

    def found(self, rows: list[dict], unfinished: list[str]) -> dict | None:
        """The claim's row of the ledger; None where its page has not been executed.

        Raises
        ------
        ValueError : no such claim, or on another page; its status on a page that shows its
            present results is not the one that the answer was written for.
        """
        row = next((row for row in rows if row["id"] == self.claim), None)
        if row is None and self.page in unfinished:
            return None
        if row is None:
            raise ValueError(f"no claim {self.claim!r} in the ledger")
        if row["page"] != self.page:
            raise ValueError(f"claim {self.claim!r} stands on {row['page']}, not on {self.page}")
        if self.status and self.page not in unfinished and row["status"] != self.status:
            raise ValueError(
                f"claim {self.claim!r} is now '{row['status']}', and the answer was written for "
                f"'{self.status}': read both again"
            )
        return row

    def number(self, row: dict) -> str:
        """The measured value with its interval, as the row's size prints it."""
        kind, spec = NUMBER.findall(self.size)[0]
        if row["measured"] is None:
            return "not finite"
        middle, half = row["measured"], row["half_width"]
        if not kind:
            text = as_printed(middle, spec)
            return text if half is None else f"{text} ± {as_printed(half, spec)}"
        ends = (middle,) if half is None else (middle, middle - half, middle + half)
        text, *around = (as_printed(BASES[kind] ** end, spec) for end in ends)
        return f"{text} ({' to '.join(around)})" if around else text


class Answers(SphinxDirective):
    """The table of a landing page, one row a claim."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        section = self.env.docname.split("/")[-2]
        table = nodes.table(classes=["answers", "colwidths-given"])
        group = nodes.tgroup(cols=len(COLUMNS))
        for name, width in COLUMNS.items():
            group += nodes.colspec(colwidth=width, stub=int(name == "Question"))
        names = (nodes.entry("", nodes.paragraph("", name)) for name in COLUMNS)
        group += nodes.thead("", nodes.row("", *names))
        try:
            rows = [Row.parse(text, section) for text in self._paragraphs()]
            group += nodes.tbody("", *(self._row(row) for row in rows))
        except ValueError as error:
            raise self.error(f"answers: {error}") from None
        table += group
        return [table]

    def _paragraphs(self) -> list[str]:
        return [text.strip() for text in re.split(r"\n\s*\n", "\n".join(self.content).strip())]

    def _row(self, written: Row) -> nodes.row:
        env = self.env
        row = written.found(ledger_page.rows(env), ledger_page.unfinished(env))
        asked = f"{{doc}}`{written.question} </chapters/{written.page}>`"
        cells = [self._parsed(asked), self._parsed(written.answer)]
        if row is None:
            cells += [[nodes.paragraph("", NO_RESULT)], [nodes.paragraph("", NO_RESULT)]]
        else:
            before, after = NUMBER.sub("\0", written.size).split("\0")
            link = ledger_page.link(env, row, written.number(row))
            size = nodes.paragraph("", "", nodes.Text(before), link, nodes.Text(after))
            times = nodes.paragraph("", repeated(row) or "no interval", classes=["repeated"])
            cells += [[size], [nodes.paragraph("", "", ledger_page.status(row)), times]]
        return nodes.row("", *(nodes.entry("", *cell) for cell in cells))

    def _parsed(self, text: str) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(StringList([text], source=self.env.docname), 0, holder)
        return holder.children
