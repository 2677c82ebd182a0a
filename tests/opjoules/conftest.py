"""Independent tools in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def run_peer() -> Callable[..., dict]:
    """Runs a script below this folder with the interpreter that has the tools.

    ``run_peer(script, package=False)`` returns what the script prints last, as JSON; with
    ``package`` the library is on its path. Skips where there is no such interpreter, and
    fails in continuous integration.
    """

    def run(script: str, package: bool = False) -> dict:
        default = ROOT / ".venv" / "peers" / "bin" / "python"
        python = os.environ.get("BRAINBOOK_PEERS", default)
        if not Path(python).is_file():
            reason = f"no interpreter with the peers at {python}; BRAINBOOK_PEERS names one"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
        folders = [str(Path(__file__).with_name("counting"))]
        folders += [str(ROOT / "code")] * package
        done = subprocess.run(
            [python, Path(__file__).parent / script],
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(folders)},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
