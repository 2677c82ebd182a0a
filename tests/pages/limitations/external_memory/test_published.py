"""Published perplexities, against the numbers in print."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.external_memory.published import PAPER, measure_published


def test_published_ratios():
    table = measure_published()
    assert table["ratio"].tolist() == pytest.approx([16.12 / 18.65, 13.73 / 19.59])
    assert (table["source"] == PAPER).all()
