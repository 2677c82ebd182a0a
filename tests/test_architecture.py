"""The house: imports go one way, a page is one name in three places, all of it documented.

The rules are those of the page *How this book is made*. Where one seems wrong for a new module,
change the rule here with its reason, not the module's name.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import combinations

import pytest

from brainbook.evidence import fingerprint, paths
from brainbook.press import contents

BOOK, LIBRARY = "brainbook", "opjoules"
LAYERS = {"press": 3, "pages": 2, "models": 1, "evidence": 0}
# Rooms import rooms of a lower floor only.
FLOORS = {
    "brainbook.models": {
        "attention": 0, "digits": 0,
        "features": 1, "memory": 1, "spiking": 1, "learning": 1, "language": 1,
        "astrocyte": 2,
    },
    "opjoules": {
        "counting": 0, "hardware": 0,
        "architectures": 1, "pricing": 1,
        "published": 2, "brain": 2, "cores": 2,
    },
}  # fmt: skip
ROOM_SIZE = 15  # files; beyond it a folder is a list that nobody reads
FUNCTION_LINES = 60
FILE_LINES = 400
PAGE_FILES = ("measure", "draw", "claims")
GRAPH = fingerprint.import_graph()
MODULES = sorted(GRAPH.modules)
PAGES = [page for page in contents.pages() if page.runs]
PACKAGES = {f"brainbook.pages.{page.name.replace('/', '.')}": page for page in PAGES}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(fingerprint.source_file(module).read_text("utf-8"))


def functions(module: str) -> list[ast.FunctionDef]:
    return [node for node in tree(module).body if isinstance(node, ast.FunctionDef)]


def arrows() -> list[tuple[str, str]]:
    """All direct imports: importer, imported."""
    return [
        (module, target)
        for module in MODULES
        for target in sorted(GRAPH.find_modules_directly_imported_by(module))
    ]


def layer(module: str) -> int | None:
    top, *rest = module.split(".")
    return LAYERS.get(rest[0]) if top == BOOK and rest else None


def package_of(module: str) -> str | None:
    """The page whose package holds the module."""
    return next((p for p in PACKAGES if module == p or module.startswith(p + ".")), None)


def test_the_graph_sees_imports():
    assert ("brainbook.press.cli", "brainbook.evidence.paths") in arrows()


def test_imports_go_one_way():
    wrong = [
        f"{module} imports {target}"
        for module, target in arrows()
        if layer(module) is not None and layer(target) is not None
        if layer(module) < layer(target)
        or (layer(module) == layer(target) == LAYERS["pages"])
        and package_of(module) != package_of(target)
        and package_of(target)
    ]
    assert wrong == [], "press, then pages, then models, then evidence; a page never imports a page"


def test_the_library_imports_nothing_of_the_book():
    assert any(module.startswith(LIBRARY) for module in MODULES)
    assert [
        f"{module} imports {target}"
        for module, target in arrows()
        if module.split(".")[0] == LIBRARY and target.split(".")[0] == BOOK
    ] == []


def test_mechanisms_know_no_library_of_energy():
    assert [
        f"{module} imports {target}"
        for module, target in arrows()
        if layer(module) == LAYERS["models"] and target.split(".")[0] == LIBRARY
    ] == []


@pytest.mark.parametrize("house", FLOORS)
def test_rooms_import_lower_rooms_only(house):
    floors = FLOORS[house]

    def room(module: str) -> str | None:
        parts = module.removeprefix(house + ".").split(".")
        return parts[0] if module.startswith(house + ".") and len(parts) > 1 else None

    rooms = {m.removeprefix(house + ".") for m in MODULES if re.fullmatch(rf"{house}\.\w+", m)}
    folders = {name for name in rooms if paths.CODE.joinpath(*house.split("."), name).is_dir()}
    assert folders == set(floors), "a new room needs its floor here"
    assert [
        f"{module} imports {target}"
        for module, target in arrows()
        if room(module) and room(target) and room(module) != room(target)
        if floors[room(module)] <= floors[room(target)]
    ] == []


def test_no_two_modules_import_each_other():
    pairs = set(arrows())
    assert [pair for pair in pairs if pair[::-1] in pairs] == []


def test_imports_within_a_folder_are_relative_and_between_folders_absolute():
    wrong = []
    for module in MODULES:
        here = (
            module
            if fingerprint.source_file(module).stem == "__init__"
            else module.rpartition(".")[0]
        )
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ImportFrom):
                climbs = node.level > 1
                near = node.level == 0 and node.module == here and "." in here
                if climbs or near:
                    wrong.append(f"{module}, line {node.lineno}")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_one_name_in_three_places(page):
    package = paths.CODE / "brainbook/pages" / page.name
    assert {path.stem for path in package.glob("*.py")} >= {"__init__", *PAGE_FILES}
    assert (paths.ROOT / "tests/pages" / page.name).is_dir()
    assert page.name == page.name.replace("-", "_")


def test_a_section_opens_with_its_landing_page_and_all_its_other_pages_run():
    """A landing page computes nothing, so it is one name in one place."""
    sections: dict[str, list] = {}
    for page in contents.pages():
        if "/" in page.name:
            sections.setdefault(page.name.partition("/")[0], []).append(page)
    for name, pages in sections.items():
        assert [page.is_landing for page in pages] == [True] + [False] * (len(pages) - 1), (
            f"chapters/{name}/index.md opens the section, before its other pages"
        )
        assert [page.name for page in pages if page.runs] == [page.name for page in pages[1:]]
        for tree in ("code/brainbook/pages", "tests/pages"):
            assert not (paths.ROOT / tree / name / "index").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_drawing_and_claims_follow_measuring(package):
    def imports(name: str) -> set[str]:
        return GRAPH.find_modules_directly_imported_by(f"{package}.{name}")

    for one, other in combinations(("draw", "claims"), 2):
        assert f"{package}.{other}" not in imports(one)
        assert f"{package}.{one}" not in imports(other)
    experiments = {m for m in MODULES if m.rpartition(".")[0] == package}
    for module in experiments - {f"{package}.draw", f"{package}.claims"}:
        reached = GRAPH.find_upstream_modules(module)
        assert not reached & {f"{package}.draw", f"{package}.claims"}, module


@pytest.mark.parametrize("package", PACKAGES)
def test_page_functions_name_their_page(package):
    kinds = {"measure": "measure_", "draw": "draw_", "claims": "claims"}
    for name, kind in kinds.items():
        public = [f for f in functions(f"{package}.{name}") if f.name.startswith(kind)]
        assert public, f"{package}.{name} has no {kind}"
        for function in public:
            assert f"Page {PACKAGES[package].name}" in (ast.get_docstring(function) or ""), (
                f"{function.name}: its docstring names its page"
            )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_face_of_a_page_only_hands_names_on(package):
    """The store leaves it out of the key of what a page measures."""
    for node in tree(package).body[1:]:
        listing = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert listing or isinstance(node, ast.ImportFrom), ast.unparse(node)


def test_no_two_pages_share_the_name_of_a_figure():
    """A figure's label is the name of its function, and labels are the book's, not the page's."""
    drawn = [
        function.name
        for package in PACKAGES
        for function in functions(f"{package}.draw")
        if function.name.startswith("draw_")
    ]
    assert sorted(name for name in set(drawn) if drawn.count(name) > 1) == []


def test_every_mechanism_serves_a_page():
    assert [
        module
        for module in MODULES
        if module.startswith("brainbook.models.") and module.count(".") == 3
        if not {package_of(m) for m in GRAPH.find_downstream_modules(module)} - {None}
    ] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_function_fits_on_a_screen(module):
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree(module))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {n: length for n, length in lengths.items() if length > FUNCTION_LINES} == {}
    lines = fingerprint.source_file(module).read_text("utf-8").count("\n")
    assert lines <= FILE_LINES, "is this one idea?"


def test_rooms_are_small():
    crowded = {}
    for folder in {fingerprint.source_file(m).parent for m in MODULES}:
        files = [path for path in folder.glob("*.py") if path.stem != "__init__"]
        if len(files) > ROOM_SIZE and folder.name not in ("evidence", "press"):
            crowded[folder.name] = len(files)
    assert crowded == {}


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_documented(module):
    assert ast.get_docstring(tree(module))
    public = [node.name for node in ast.walk(tree(module)) if isinstance(node, ast.ClassDef)] + [
        function.name for function in functions(module)
    ]
    documented = {
        node.name
        for node in ast.walk(tree(module))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
    }
    assert [name for name in public if not name.startswith("_") and name not in documented] == []


def test_names_in_docstrings_lead_somewhere():
    """``:func:`brainbook…``` in a docstring is a module, or something in one."""
    lost = []
    for module in MODULES:
        text = fingerprint.source_file(module).read_text("utf-8")
        for name in re.findall(
            r":(?:mod|func|class|data):`~?((?:brainbook|opjoules)[\w.]*)`", text
        ):
            parent, _, leaf = name.rpartition(".")
            here = fingerprint.source_file(parent).read_text("utf-8") if parent in MODULES else ""
            if name not in MODULES and not re.search(
                rf"(?m)^(?:def|class) {leaf}\b|^{leaf}\b", here
            ):
                lost.append(f"{module}: {name}")
    assert lost == []


def test_tests_are_the_same_tree_again():
    """A test stands where its module does; every module is imported by a test of its folder."""
    wrong, imported = [], {}
    for path in sorted((paths.ROOT / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(paths.ROOT / "tests")
        home = ".".join(folder.parts if folder.parts[:1] == (LIBRARY,) else (BOOK, *folder.parts))
        if folder.parts[:1] in (("models",), ("pages",), ("evidence",), (LIBRARY,)):
            if home not in MODULES:
                wrong.append(f"{path.name} stands in {folder}, where no module does")
            imported.setdefault(home, set()).update(names_imported(path))
    for module in MODULES:
        home = module.rpartition(".")[0]
        if module.startswith(("brainbook.models.", "opjoules.")) and module not in FLOORS:
            is_room = fingerprint.source_file(module).stem == "__init__"
            if not is_room and module not in imported.get(home, ()):
                wrong.append(f"{module} has no test in tests/{home.removeprefix(BOOK + '.')}")
    assert wrong == []


def names_imported(path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_computed_at_import(module):
    """No loop, no file, no network, no tensor at the top level of a module."""
    costly = (ast.For, ast.While, ast.With, ast.Try)
    assert [n.lineno for n in tree(module).body if isinstance(n, costly)] == []
    calls = [
        ast.unparse(call.func)
        for node in tree(module).body
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr)) and node.value is not None
        for call in ast.walk(node.value)
        if isinstance(call, ast.Call)
    ]
    heavy = [c for c in calls if re.match(r"(torch|np|pd|facts|datasets|pretrained|store)\.", c)]
    assert [c for c in heavy if c not in CHEAP] == []


CHEAP = {
    "torch.backends.cpu.get_cpu_capability",
    "torch.backends.mkldnn.is_available",
    "torch.finfo",
    "torch.device",
    "np.log",
    "np.sqrt",
    "np.arange",
    "np.array",
    "np.finfo",
    "pd.Index",
}


def test_no_error_is_swallowed():
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, module
                assert not all(isinstance(n, ast.Pass) for n in node.body), module


def test_results_depend_on_nothing_that_no_digest_covers():
    """Neither on variables of the environment nor on modules imported by a computed name."""
    names = {"environ", "getenv", "import_module", "__import__"}
    wrong = []
    for module in MODULES:
        if not module.startswith(("brainbook.pages", "brainbook.models", LIBRARY)):
            continue
        nodes = [n for n in ast.walk(tree(module)) if isinstance(n, (ast.Attribute, ast.Name))]
        told = {id(n.value) for n in nodes if getattr(n, "attr", "") == "setdefault"}  # not read
        wrong += [
            f"{module}, line {node.lineno}: {name}"
            for node in nodes
            if id(node) not in told
            if (name := node.attr if isinstance(node, ast.Attribute) else node.id) in names
        ]
    assert wrong == []
