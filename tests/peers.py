"""Makes the environment of tools that tests compare with: ``python tests/peers.py DIR``.

The tools declare dependencies (torchaudio, and with it another PyTorch) that the book must not
pull. So they are installed without dependencies, and see the book's own packages through a
path file.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

PEERS = Path(__file__).with_name("peers.txt")


def make(folder: Path) -> None:
    """Create the environment and install the peers at their pinned versions."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin/python"
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    Path(packages, "book.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(PEERS)]
    subprocess.run(install, check=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
