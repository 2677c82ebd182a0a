"""Writes ``environment.yml`` from ``pyproject.toml`` and ``constraints.txt``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHON = "3.11"


def text(root: Path) -> str:
    """The environment file: conda gives Python and Node, pip the pinned direct dependencies."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = project["dependencies"] + extras["book"] + extras["test"]
    pins = dict(line.split("==") for line in (root / "constraints.txt").read_text().split())
    pins = {canonicalize_name(name): (name, version) for name, version in pins.items()}
    lines = [
        "# Written by `make pin` from pyproject.toml and constraints.txt; edit those.",
        "name: brainbook",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={PYTHON}",
        "  - pip",
        "  - nodejs",
        "  - pip:",
        "      - --constraint constraints.txt",
    ]
    for name in sorted({canonicalize_name(Requirement(text).name) for text in named}):
        lines.append("      - {}=={}".format(*pins[name]))
    return "\n".join([*lines, "      - --editable .", ""])


if __name__ == "__main__":
    Path("environment.yml").write_text(text(Path.cwd()), "utf-8")
