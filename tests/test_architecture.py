"""The house: imports go one way, a page is three files, everything is documented."""

from __future__ import annotations

import ast

import pytest

from brainbook.evidence import fingerprint, paths
from brainbook.press import contents

LAYER = {"press": 3, "pages": 2, "models": 1, "energy": 1, "evidence": 0}
MODULES = sorted(fingerprint.import_graph().modules)
PAGES = [page for page in contents.pages() if page.runs]


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYER else None


def test_imports_go_one_way():
    graph = fingerprint.import_graph()
    wrong = [
        f"{module} imports {target}"
        for module in MODULES
        for target in graph.find_modules_directly_imported_by(module)
        if room(module) and room(target) and room(module) != room(target)
        if LAYER[room(module)] <= LAYER[room(target)]
    ]
    assert wrong == []


def test_the_check_of_imports_sees_imports():
    graph = fingerprint.import_graph()
    assert "brainbook.evidence.paths" in graph.find_modules_directly_imported_by(
        "brainbook.press.cli"
    )


def test_a_page_never_imports_a_page():
    graph = fingerprint.import_graph()
    named = {f"brainbook.pages.{page.name.replace('/', '.')}" for page in PAGES}
    assert named <= set(MODULES)
    for module in named:
        assert graph.find_upstream_modules(module) & named == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_three_files_with_one_name(page):
    section, _, name = page.name.rpartition("/")
    assert (paths.CODE / "brainbook/pages" / f"{page.name}.py").is_file()
    assert (paths.ROOT / "tests/pages" / section / f"test_{name}.py").is_file()
    assert name == name.replace("-", "_")


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short_and_documented(module):
    text = fingerprint.source_file(module).read_text("utf-8")
    assert len(text.splitlines()) <= 300, "a module beyond 300 lines is asking to be two"
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    public = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        if not ast.get_docstring(node)
    ]
    public += [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if not ast.get_docstring(node)
    ]
    assert public == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_functions_come_in_order_and_name_their_page(page):
    tree = ast.parse((paths.CODE / "brainbook/pages" / f"{page.name}.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    kinds = ("measure_", "draw_", "claims")
    public = [f for f in functions if f.name.startswith(kinds)]
    order = [next(i for i, kind in enumerate(kinds) if f.name.startswith(kind)) for f in public]
    assert order == sorted(order) and set(order) == {0, 1, 2}
    for function in public:
        assert f"Page {page.name}" in ast.get_docstring(function), function.name


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_computed_at_import(module):
    tree = ast.parse(fingerprint.source_file(module).read_text("utf-8"))
    loops = [n for n in tree.body if isinstance(n, (ast.For, ast.While, ast.With, ast.Try))]
    assert loops == []


def test_no_error_is_swallowed():
    for module in MODULES:
        for node in ast.walk(ast.parse(fingerprint.source_file(module).read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, module
                assert not all(isinstance(n, ast.Pass) for n in node.body), module


def test_no_two_pages_share_the_name_of_a_figure():
    """A figure's label is the name of its function, and labels are the book's, not the page's."""
    drawn = [
        node.name
        for page in PAGES
        for node in ast.parse(
            (paths.CODE / "brainbook/pages" / f"{page.name}.py").read_text("utf-8")
        ).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("draw_")
    ]
    assert sorted(name for name in set(drawn) if drawn.count(name) > 1) == []
