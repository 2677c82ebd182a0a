"""The press's own error: a message for the person at the terminal, no traceback."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click

from brainbook.evidence.paths import Unreadable, shown

# No fault of the press either: a file that is not what it must be, a disk that is full.
OUTSIDE = (Unreadable, OSError)


class BookError(click.ClickException):
    """Something in the book, not in the press, keeps it from being built."""

    def format_message(self) -> str:
        return self.message


def in_a_sentence(error: Exception) -> str:
    """What one of the errors ``OUTSIDE`` says: which file, and why."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):  # of many: the first
        _, target, why = error.args[0][0]
        reason = re.sub(r"^\[Errno \d+\] |: '.*", "", str(why))
        return f"{shown(Path(target))}: {reason.lower()}"
    if isinstance(error, OSError) and error.strerror:
        names = [shown(Path(str(name))) for name in (error.filename, error.filename2) if name]
        return ": ".join([*names, error.strerror.lower()])
    return str(error)
