"""Each test process computes with one thread and keeps freed memory, as the pages do.

What ``store.kept`` decorates runs each time, so that a test sees what it has replaced.
"""

import os
from pathlib import Path

import pytest

from brainbook.press.worker import ENVIRONMENT

# What a test asks for tells what it needs; others carry ``@pytest.mark.slow`` themselves.
BOOKS = {"written", "another", "built", "interpreter"}
PEERS = {"run_peer", "peer"}
READER = Path(__file__).with_name("reader")

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ |= {name: value for name, value in ENVIRONMENT.items() if name.startswith("MALLOC")}
os.environ["BRAINBOOK_KEPT"] = "off"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that build a small book, open a browser, or start another tool."""
    for item in items:
        needs = set(getattr(item, "fixturenames", ()))
        if needs & BOOKS:
            item.add_marker("slow")
        if needs & PEERS:
            item.add_marker("peers")
        if item.path.is_relative_to(READER):
            item.add_marker("browser")
