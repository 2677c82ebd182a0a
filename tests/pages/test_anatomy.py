"""Every page has the sections that a reader expects, and every number something behind it."""

from __future__ import annotations

import ast
import re

import pytest

from brainbook.evidence import fingerprint, paths
from brainbook.press import contents, ledger, notebooks, prose

PAGES = contents.pages()
RUNNING = [page for page in PAGES if page.runs]
LANDINGS = [page for page in PAGES if page.is_landing]
PLAIN = "In plain words"
SECTIONS = (
    PLAIN,
    "The claim",
    "The experiment",
    "Where the comparison breaks",
    "In practice",
    "Run it yourself",
)
FILLER = ("it is important to note", "it should be noted", "needless to say", "delve", "crucial")


def body(page) -> str:
    """The chapter with its front matter blanked, so that line numbers stay."""
    text = page.path.read_text("utf-8")
    head = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    return "\n" * head[0].count("\n") + text[head.end() :] if head else text


def named(page) -> str:
    return page.name


def section(page, title: str) -> str:
    return re.search(rf"(?ms)^## {title}.*?$(.*?)(?=^## |\Z)", body(page))[1]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_number_in_prose_is_glued_or_cited(page):
    assert [str(s) for s in prose.unsupported(body(page))] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_prose_is_plain(page):
    text = body(page)
    assert "—" not in text
    assert [filler for filler in FILLER if filler in text.lower()] == []


@pytest.mark.parametrize("page", RUNNING, ids=named)
def test_sections_stand_in_order(page):
    titles = re.findall(r"(?m)^## (.+)$", body(page))
    places = [next((i for i, t in enumerate(titles) if t.startswith(s)), None) for s in SECTIONS]
    assert None not in places, dict(zip(SECTIONS, places, strict=True))
    assert places == sorted(places)


@pytest.mark.parametrize("page", RUNNING, ids=named)
def test_nothing_of_the_template_is_left(page):
    """``brainbook new`` writes REPLACE where a page needs words, claims and tests of its own."""
    homes = (paths.CODE / "brainbook/pages" / page.name, paths.ROOT / "tests/pages" / page.name)
    files = [page.path, *(path for home in homes for path in sorted(home.glob("*.py")))]
    left = [
        f"{path.relative_to(paths.ROOT)}, line {number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if "REPLACE" in line
    ]
    if left:
        pytest.fail("still to replace:\n" + "\n".join(left), pytrace=False)


@pytest.mark.parametrize("page", [*RUNNING, *LANDINGS], ids=named)
def test_plain_words_are_few_and_without_symbols(page):
    text = body(page).split("```{answers}")[0] if page.is_landing else section(page, PLAIN)
    text = re.sub(r"(?s)```.*?```|^# .*?\n", "", text)
    words = re.sub(r"\{[\w:]+\}`([^`<]*)[^`]*`", r"\1", text).split()
    assert 20 <= len(words) <= 120
    assert not re.search(r"\$|\\|[=<>≤≥√^_]", " ".join(words))


@pytest.mark.parametrize("page", LANDINGS, ids=named)
def test_a_landing_page_answers_for_each_page_of_its_part_in_reading_order(page):
    """One table, one figure, one line a page."""
    home, text = page.name.removesuffix("index"), body(page)
    assert re.findall(r"(?m)^```\{(\w+)\}", text) == ["answers", "plot"]
    sections = ledger.sections()
    part = [
        other.name.removeprefix(home)
        for other in PAGES
        if other.runs and sections[other.name] == sections[page.name]
    ]
    rows = re.findall(r"(?m)^(\w+) \| ", text)
    assert list(dict.fromkeys(rows)) == part and max(map(rows.count, rows)) <= 2
    assert re.findall(r"(?m)^\d\. \{doc\}`(\w+)`", text) == part


@pytest.mark.parametrize("page", RUNNING, ids=named)
def test_cells_are_short_and_parameters_come_first(page):
    book = page.notebook()
    cells = notebooks.code_cells(book)
    assert "parameters" in cells[0].metadata.tags
    assert notebooks.defaults(book)
    for cell in cells:
        assert len(cell.source.splitlines()) <= 10, cell.source
        definitions = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While)
        assert not any(isinstance(n, definitions) for n in ast.walk(ast.parse(cell.source)))


CALLS = r"page\.\w+|results\.\w+|\w+\.frame|Results|range|print"
COMPUTING = (ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda, ast.Subscript)
COMPUTING += (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)


def library_calls(nodes: list[ast.AST]) -> set[str]:
    """What a chapter imports from the energy library, and methods of what that returns."""
    names = {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opjoules")
        for alias in node.names
    }
    reports = {
        node.targets[0].id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if ast.unparse(node.value.func) in names
    }
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    return names | {call for call in calls if call.partition(".")[0] in reports}


@pytest.mark.parametrize("page", RUNNING, ids=named)
def test_a_chapter_imports_calls_and_places(page):
    """What is computed stands in the page's package, where it has a name and a test."""
    cells = [
        c for c in notebooks.code_cells(page.notebook()) if "parameters" not in c.metadata.tags
    ]
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell.source))]
    shown = library_calls(nodes)
    wrong = [ast.unparse(node) for node in nodes if isinstance(node, COMPUTING)]
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    wrong += [call for call in calls if not re.fullmatch(CALLS, call) and call not in shown]
    assert wrong == []


@pytest.mark.parametrize("page", RUNNING, ids=named)
def test_every_figure_is_drawn_and_placed(page):
    module = f"brainbook.pages.{page.name.replace('/', '.')}.draw"
    tree = ast.parse(fingerprint.source_file(module).read_text("utf-8"))
    drawn = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("draw_")
    }
    placed = re.findall(r"(?m)^```\{plot\} (\w+)", body(page))
    assert sorted(placed) == sorted(drawn) and drawn
    for name in drawn:
        assert f"results.figure(page.{name}" in body(page)


def test_every_reference_is_cited_and_every_citation_has_one():
    from pybtex.database import parse_file

    known = set(parse_file(paths.ROOT / "references.bib").entries)
    cited = set()
    for page in PAGES:
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", body(page)):
            cited |= {key.strip() for key in keys.split(",")}
    for path in paths.DATA.glob("*.csv"):
        import pandas as pd

        sources = pd.read_csv(path, comment="#")["source"]
        in_data = {key for cell in sources for key in str(cell).split()}
        assert in_data <= known, path.name
    assert cited - known == set()
    assert known - cited == set()
