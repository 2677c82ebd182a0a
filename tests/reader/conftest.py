"""The built book, a server for it, and a real browser."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from brainbook.evidence import paths
from brainbook.press import contents

sys.path.insert(0, str(Path(__file__).parent))

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
AROUND = ("search.html", "genindex.html")


def given_book() -> Path | None:
    """The folder that ``BRAINBOOK_HTML`` names, if it names one."""
    folder = os.environ.get("BRAINBOOK_HTML")
    return Path(folder).resolve() if folder else None


def chapters() -> list[str]:
    """Pages of the book's chapters, relative to its folder."""
    given = given_book()
    if given:
        return sorted(p.relative_to(given).as_posix() for p in given.glob("chapters/**/*.html"))
    return [f"{page.docname}.html" for page in contents.pages()]


def sources() -> list[str]:
    """Source pages: the modules behind the chapters, and one of a mechanism."""
    given = given_book()
    if given:
        found = given.glob("source/brainbook/pages/*/*.html")
        return sorted(p.relative_to(given).as_posix() for p in found if p.stem != "__init__")
    pages = [f"source/brainbook/pages/{page.name}.html" for page in contents.pages() if page.runs]
    return [*pages, "source/brainbook/evidence/claims.html"]


def pytest_generate_tests(metafunc) -> None:
    """``name`` runs over all pages, ``chapter`` over the chapters."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", [*chapters(), *AROUND, *sources()])
    if "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", chapters())


@pytest.fixture(scope="session")
def book() -> Path:
    """Folder of the built book; built here unless it is fresh."""
    given = given_book()
    if given:
        return given
    done = subprocess.run(
        [sys.executable, "-m", "brainbook", "build"],
        cwd=paths.ROOT,
        env={name: value for name, value in os.environ.items() if name != "BRAINBOOK_KEPT"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(f"the book does not build:\n{done.stdout}{done.stderr}", pytrace=False)
    return (paths.BUILD / "html").resolve()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        """Say nothing of each request."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A browser that leaves a page before all of it has come is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder on this machine and returns its address."""
    servers = []

    def start(folder: Path) -> str:
        handler = functools.partial(_Quiet, directory=str(folder))
        server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site(book, serve) -> str:
    """Address of the served book."""
    return serve(book)


@pytest.fixture(scope="session")
def browser():
    """An installed Chromium, Chrome or Edge, else Playwright's own.

    With none the tests are skipped, except in continuous integration, where they fail.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    with playwright.sync_playwright() as play:
        try:
            started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        except playwright.Error as error:
            told = f"no browser: {found or 'none installed'}: {str(error).splitlines()[0]}"
            if os.environ.get("CI", "").lower() in ("true", "1"):
                pytest.fail(told, pytrace=False)
            pytest.skip(told)
        yield started
        started.close()


@pytest.fixture(scope="session")
def seen(browser, site):
    """A function that visits a page of the book once and keeps what it saw."""
    from reader_checks import visit

    return functools.lru_cache(maxsize=None)(lambda name: visit(browser, f"{site}/{name}"))
