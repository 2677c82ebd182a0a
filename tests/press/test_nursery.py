"""Pages run in processes that were forked from one that had imported, and had run nothing."""

from __future__ import annotations

import sys

import pytest

SHARED = "brainbook.models.small_shared"
forked = pytest.mark.skipif(sys.platform != "linux", reason="pages are forked on Linux alone")


def printed(book, page: str) -> str:
    return book.html()[f"chapters/small/{page}.html"].decode()


@forked
def test_what_another_page_needs_is_imported_already(restored):
    """The package; its own modules each page imports, and is seen to."""
    restored.edit(
        "code/brainbook/models/small_shared.py", "SHARED = 1", "import wave\n\nSHARED = 1"
    )
    asked = f'import sys\nprint("wave" in sys.modules, "{SHARED}" in sys.modules)'
    restored.edit("chapters/small/third.md", "print(three)", asked)
    restored.build()
    assert "True False" in printed(restored, "third")


def test_what_a_page_changes_no_other_page_sees(restored):
    change = f"import {SHARED} as shared\nprint('was', shared.SHARED)\nshared.SHARED += 1"
    for name in ("second", "third"):
        restored.edit(f"chapters/small/{name}.md", "print(three)", change)
    restored.build("--jobs", "1")
    assert "was 1" in printed(restored, "second") and "was 1" in printed(restored, "third")


def test_a_module_that_cannot_be_imported_stops_the_pages_that_need_it_alone(restored):
    restored.edit("code/brainbook/models/small_shared.py", "SHARED = 1", "SHARED = 1 / 0")
    restored.edit("chapters/small/third.md", "print(three)", "print(three + 5)")
    status, said = restored.press("build", "--no-html")
    assert status == 1
    assert "page small/second, code cell 1 of 2" in said and "ZeroDivisionError" in said
    assert "small/third:" in said and "executed small/third" in said
    assert "third" in restored.runs()
