"""What the press writes into a notebook before it becomes a page."""

import nbformat.v4 as nb
import pytest

from brainbook.press import notebooks


@pytest.mark.parametrize("seconds, told", [(64.6, "took 65 s"), (1234.0, "took 1,234 s")])
def test_a_page_tells_what_it_took_where_it_invites_to_run_it(seconds, told):
    text = "## In practice\n\nMeasure.\n\n## Run it yourself\n\nTry more seeds."
    book = nb.new_notebook(cells=[nb.new_markdown_cell(text)])
    (cell,) = notebooks.with_seconds(book, seconds).cells
    before, after = cell.source.split("## Run it yourself")
    assert before == "## In practice\n\nMeasure.\n\n"
    assert told in after.split("Try more seeds.")[0]


def test_a_page_without_that_part_stays_as_it_is():
    book = nb.new_notebook(cells=[nb.new_markdown_cell("Run it yourself"), nb.new_code_cell("1")])
    assert [cell.source for cell in notebooks.with_seconds(book, 3.0).cells] == [
        "Run it yourself",
        "1",
    ]
