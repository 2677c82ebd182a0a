"""``brainbook build | run | status | ledger``: the press at the terminal."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from brainbook import __version__
from brainbook.evidence import bibliography, fingerprint, paths, store

from . import assets as js
from . import cache, contents, execute, html, notebooks, nursery
from . import ledger as ledgers
from . import new as template
from .errors import OUTSIDE, BookError, in_a_sentence
from .lock import press_lock

console = Console(highlight=False, soft_wrap=True)

# A key of references.bib in the source of a claim, which may be a formula in words instead.
SOURCE = re.compile(r"\b[a-z]+\d{4}\w*")


class Press(click.Group):
    """The commands; what is wrong with a file or a disk they say in a sentence."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except OUTSIDE as error:
            if getattr(error, "errno", None) == errno.EPIPE:  # nobody reads on: click's own matter
                raise
            raise BookError(in_a_sentence(error)) from None


@click.group(cls=Press, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Build, run and check the book."""


def write_atomically(path: Path, text: str) -> None:
    """Put the text in place in one step."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    os.replace(fresh, path)


@main.command()
@click.argument("names", nargs=-1, metavar="[PAGE]...")
@click.option("--jobs", type=click.IntRange(1), help="Pages executed side by side; default: cores.")
@click.option("--wait/--no-wait", default=True, help="Wait for another build, or give up.")
@click.option("--html/--no-html", "render", default=True, help="Make the HTML, or only execute.")
@click.option(
    "--look/--no-look", default=True, help="Show the first page of a new book before the others."
)
@click.option("--verbose", is_flag=True, help="Print what Sphinx says.")
def build(
    names: tuple[str, ...],
    jobs: int | None,
    wait: bool,
    render: bool,
    look: bool,
    verbose: bool,
) -> None:
    """Execute what is stale, check every claim, make the HTML.

    With PAGEs, execute these only. Other pages are shown as they are: stale ones by an earlier
    execution of the same cells, where there is one, or as prose; both say so.
    """
    chosen = {contents.page(name).name for name in names}
    with press_lock(wait, console.print):
        pages = contents.pages()
        fingerprint.refresh()
        keys = [cache.key_of(page) for page in pages if page.runs]
        first = None
        if render and look and not names and not html.published().exists():
            first = partial(first_look, pages, keys)
        wanted = [key for key in keys if not names or key.page.name in chosen]
        execute_stale(wanted, jobs or execute.cores(), first)
        executions, notices = cache.shown(keys)
        rows = checked_claims(executions, notices)
        if not render:
            console.print(f"{len(keys) - len(notices)} pages are fresh, {len(rows)} claims checked")
            return
        digest = html.stage(pages, executions, rows, notices)
        if html.is_published(digest):
            console.print("nothing changed since the last build")
        else:
            console.print("making the HTML")
            html.build(digest, verbose)
        write_atomically(paths.BUILD / "ledger.json", json.dumps(rows, indent=1) + "\n")
        store.forget_gone()
    for name, notice in notices.items():
        console.print(f"not fresh {name}: {notice}")
    for name in sorted(chosen):
        console.print(f"ready to read: {name} {html.address(contents.page(name))}")
    start = html.published() / "index.html"
    console.print(f"{len(rows)} claims in {paths.BUILD / 'ledger.json'}")
    console.print(f"the book: {start}")
    console.print(f"open it with: python -m webbrowser -t file://{start}")


def execute_stale(
    keys: list[cache.Key], jobs: int, look: Callable[[cache.Key], None] | None
) -> None:
    """Execute those that are not fresh; ``look``, where several are, as in ``execute_pages``.

    Raises
    ------
    BookError : a page failed; the others were executed.
    """
    stale = [key for key in keys if not cache.use(key)]
    for key in stale:
        console.print(f"stale {key.page.name}: {cache.why_stale(key)}")
    look = look if len(stale) > 1 else None
    failures = execute.execute_pages(stale, jobs, console, look) if stale else []
    if failures:
        raise BookError("\n".join(failure.message for failure in failures))


def checked_claims(executions: list[cache.Key], notices: dict[str, str]) -> list[dict]:
    """The ledger of these executions.

    Raises
    ------
    BookError : on a page without a notice, one that is fresh, a claim fails or names a source
        that is not among the references; two claims share an id.
    """
    rows = ledgers.collect(executions)
    fresh = [row for row in rows if row["page"] not in notices]
    known = bibliography.entries().entries if fresh else {}
    for row in fresh:
        missing = [key for key in SOURCE.findall(row["source"]) if key not in known]
        if missing:
            raise BookError(
                f"page {row['page']}: the source of claim {row['id']} is {missing[0]}, "
                "which references.bib does not hold"
            )
    failing = ledgers.failing(fresh)
    if failing:
        raise BookError(
            f"{len(failing)} of {len(rows)} claims fail:\n"
            + "\n".join(f"{ledgers.as_text(row)}\n  {row['statement']}" for row in failing)
        )
    return rows


def first_look(pages: list[contents.Page], keys: list[cache.Key], first: cache.Key) -> None:
    """Make the HTML of a book of which one page is done, so that its reader has something."""
    try:
        executions, notices = cache.shown(keys)
        rows = checked_claims(executions, notices)
        html.build(html.stage(pages, executions, rows, notices))
    except BookError as error:
        console.print(f"no page to read before all are done: {error.message}")
        return
    console.print(f"ready to read: {first.page.name} {html.address(first.page)}")
    console.print("the other pages are prose until they have been executed")


@main.command()
@click.argument("page")
@click.option("-p", "parameters", nargs=2, multiple=True, help="Name and value; repeatable.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for what it makes.")
def run(page: str, parameters: tuple[tuple[str, str], ...], output: Path | None) -> None:
    """Execute PAGE with other parameters, into its own folder, never over the book's."""
    chosen = contents.page(page)
    if not chosen.runs:
        raise BookError(f"page {chosen.name}: has no code cells to run")
    book = chosen.notebook()
    values = notebooks.parse_parameters(book, dict(parameters))
    key = cache.key_of(chosen, values)
    folder = (output or paths.BUILD / "runs" / chosen.name / key.digest[:12]).resolve()
    if folder.is_relative_to(paths.BUILD / "pages") or folder.is_relative_to(html.stage_folder()):
        raise BookError(f"output: got {folder}; that folder belongs to the book")
    if folder.exists() and not folder.is_dir():
        raise BookError(f"output: got {folder}; that is a file, and must be a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "executed.ipynb").is_file():
        raise BookError(f"output: got {folder}; it holds something else: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".new-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    nursery.open_for([key])
    try:
        with console.status(f"{chosen.name}") as status:
            failed = execute.run_notebook(
                notebooks.with_parameters(book, values),
                fresh,
                lambda done, of: status.update(f"{chosen.name}: cell {done} of {of}"),
            )
        if failed:
            raise BookError(execute.describe(chosen, failed))
        _deliver(fresh, folder, chosen.name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    console.print(f"notebook, figures, numbers and claims: {folder}")


def _deliver(fresh: Path, folder: Path, page: str) -> None:
    results = fresh / "results" / page
    for path in [fresh / "executed.ipynb", *sorted(results.glob("*"))]:
        os.replace(path, folder / path.name)
    claims = folder / "claims.json"
    for row in json.loads(claims.read_text()) if claims.is_file() else []:
        console.print(ledgers.as_text(row))


@main.command()
@click.argument("page", metavar="SECTION/PAGE")
def new(page: str) -> None:
    """Write a new page from the template: chapter, package, tests, and its line in _toc.yml."""
    for path in template.write(page):
        console.print(path.relative_to(paths.ROOT))
    console.print(f"replace what says REPLACE; see it with: brainbook build {page}")


@main.command()
def assets() -> None:
    """Install the locked JavaScript packages that the pages need; a build does it too."""
    console.print(f"JavaScript packages: {js.node_modules()}")


@main.command()
def status() -> None:
    """Tell of each page whether it is fresh, stale and why, or failed, its seconds, their sum."""
    took = []
    for page in contents.pages():
        if not page.runs:
            console.print(f"{page.name}: prose only")
            continue
        key = cache.key_of(page)
        known = cache.last(page)
        took += [known["seconds"]] if known else []
        seconds = f" ({known['seconds']} s when last executed)" if known else ""
        failed = cache.failure(key)
        if failed:
            console.print(f"{page.name}: failed: {failed['message']}{seconds}")
        elif key.is_fresh:
            console.print(f"{page.name}: fresh{seconds}")
        else:
            console.print(f"{page.name}: stale, {cache.why_stale(key)}{seconds}")
    console.print(f"in sum: {sum(took):,.0f} s for {len(took)} pages that were executed")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the ledger as JSON.")
@click.option("--findings", is_flag=True, help="Leave the checks out of the list.")
def ledger(as_json: bool, findings: bool) -> None:
    """Print every claim of the executed pages and how it came out; status 1 if one fails."""
    keys = [cache.key_of(page) for page in contents.pages() if page.runs]
    rows = ledgers.collect([key for key in keys if key.is_fresh])
    listed = [row for row in rows if row["role"] == "finding" or not findings]
    if as_json:
        click.echo(json.dumps(listed, indent=1))
    else:
        for row in listed:
            console.print(ledgers.as_text(row))
        for said in ledgers.in_words(rows):
            console.print(said)
        for key in keys:
            if not key.is_fresh:
                console.print(f"{key.page.name}: {cache.why_stale(key)}; run `brainbook build`")
    if ledgers.failing(rows):
        raise click.exceptions.Exit(1)
