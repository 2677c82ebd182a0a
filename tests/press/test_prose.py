"""The reader of prose finds typed numbers, and only those."""

from __future__ import annotations

import pytest

from brainbook.press import prose


@pytest.mark.parametrize(
    "text",
    [
        "A brain runs on 20 W.",
        "The share is 3.5%.",
        "There were 1,287 of them.",
        "Between 5 and {glue:text}`high:.1f` units.",
        "First a citation {cite:p}`a2001b`. Then 7 without one.",
        "| a | b |\n|---|---|\n| nothing | 7 |",
        "```{note}\nIt has 12 heads.\n```",
        "```{plot} draw_x\n:alt: A line that ends at 40.\n\nA caption.\n```",
        ":::{admonition} Title\nIt has 12 heads.\n:::",
        "```{list-table}\n* - a\n  - 7\n```",
        "- an item with 3 things",
        "```{answers}\na/b | a-claim-64, holds | {.2f}\nDoes it?\nIn 12 heads.\n```",
    ],
)
def test_a_typed_number_is_found(text):
    assert len(prose.unsupported(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "A brain runs on 20 W {cite:p}`a2001b`.",
        "It took {glue:text}`watts:.1f` W, see {measured}`x-y:.2f`.",
        "GPT-3, fp32, int8, MiniLM-L6-v2 and ViT-B are names.",
        "With $m = 10^5$ units, and `m = 16`.",
        "```python\nx = 3\n```",
        "```{code-cell} ipython3\nx = 3\n```",
        "| a | b |\n|---|---|\n| 7 | {cite:t}`a2001b` |",
        "```{list-table}\n* - 7\n  - {cite:t}`a2001b`\n```",
        "The text is under CC BY 4.0.",
        "```{answers}\na/b | a-claim-64, holds | {.2f} of it\nDoes it?\nIt does.\n```",
    ],
)
def test_a_supported_number_is_left_alone(text):
    assert prose.unsupported(text) == []


def test_the_line_is_told():
    found = prose.unsupported("# Title\n\nOne line.\n\nIt has 12 heads.\n")
    assert [s.line for s in found] == [5]
