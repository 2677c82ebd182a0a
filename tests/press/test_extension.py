"""Numbers as the directives print them."""

from __future__ import annotations

import pytest

from brainbook.press.ledger_page import as_printed


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (0.5, ".2f", "0.50"),
        (-0.5, ".2f", "−0.50"),
        (1.5e-7, ".2g", "1.5×10⁻⁷"),
        (-2e12, ".3e", "−2.000×10¹²"),
        (1234.0, ",.0f", "1,234"),
    ],
)
def test_numbers_are_set_as_in_a_paper(value, spec, text):
    assert as_printed(value, spec) == text
