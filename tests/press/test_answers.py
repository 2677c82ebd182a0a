"""The table of a landing page: rows as they are written, and what the ledger makes of them."""

from __future__ import annotations

import math

import pytest
from bs4 import BeautifulSoup

from brainbook.press.answers import Row

WRITTEN = "memory | a-claim, holds | gains {.2f} in all\nDoes it?\nIt does."
LEDGER = {
    "id": "a-claim",
    "page": "attention/memory",
    "status": "holds",
    "measured": 0.5,
    "half_width": None,
}


def row(text: str = WRITTEN) -> Row:
    return Row.parse(text, "attention")


def test_a_row_is_page_claim_status_size_question_and_answer():
    assert row() == Row(
        "attention/memory", "a-claim", "holds", "gains {.2f} in all", "Does it?", "It does."
    )
    far = row("limitations/scale | a-claim | {.2f}\nDoes it?\nIt does.")
    assert (far.page, far.status) == ("limitations/scale", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\nIt does.", "", "a line each"),
        (" | gains {.2f} in all", "", "page | claim, status | size"),
        ("holds", "hold", "allowed are"),
        ("{.2f}", "much", "needs one number"),
        ("{.2f}", "{.2f} or {.1f}", "needs one number"),
        ("{.2f}", "{logs .2f}", "needs one number"),
    ],
)
def test_a_malformed_row_is_refused(old, new, said):
    with pytest.raises(ValueError, match=said.replace("|", r"\|")):
        row(WRITTEN.replace(old, new))


def test_the_claim_is_found_on_its_page():
    assert row().found([LEDGER], []) == LEDGER


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"id": "another"}, "no claim 'a-claim' in the ledger"),
        ({"page": "attention/astrocytes"}, "stands on attention/astrocytes, not on"),
        ({"status": "unresolved"}, "is now 'unresolved', and the answer was written for 'holds'"),
    ],
)
def test_a_claim_that_is_not_what_the_row_says_is_refused(found, said):
    with pytest.raises(ValueError, match=said):
        row().found([LEDGER | found], ["attention/astrocytes"])


def test_a_page_that_was_not_executed_has_nothing_and_an_earlier_execution_what_it_was():
    assert row().found([], ["attention/memory"]) is None
    before = LEDGER | {"status": "fails"}
    assert row().found([before], ["attention/memory"]) == before


def test_a_row_without_a_status_takes_any():
    changed = LEDGER | {"status": "does not transfer"}
    assert row(WRITTEN.replace(", holds", "")).found([changed], []) == changed


@pytest.mark.parametrize(
    ("size", "measured", "half_width", "text"),
    [
        ("{.2f}", -0.5, None, "−0.50"),
        ("{.1%}", 0.916, 0.0049, "91.6% ± 0.5%"),
        ("{factor .1f}", math.log(4), None, "4.0"),
        ("{factor .1f}", math.log(4), math.log(2), "4.0 (2.0 to 8.0)"),
        ("{decades ,.0f}", 3.0, 1.0, "1,000 (100 to 10,000)"),
        ("{.2f}", None, None, "not finite"),
    ],
)
def test_the_number_is_printed_with_its_interval(size, measured, half_width, text):
    found = LEDGER | {"measured": measured, "half_width": half_width}
    assert row(WRITTEN.replace("{.2f}", size)).number(found) == text


def test_before_the_page_was_executed_the_row_has_dashes(written):
    assert written.press("build", "small/third")[0] == 0
    index = BeautifulSoup(written.html()["chapters/index.html"], "html.parser")
    cells = [cell.get_text().strip() for cell in index.select("table.answers tbody tr > *")]
    assert cells == ["Where does it start?", "At the origin.", "–", "–"]
