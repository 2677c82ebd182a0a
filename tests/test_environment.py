"""pyproject.toml, constraints.txt and environment.yml say the same."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from brainbook.evidence import paths
from brainbook.press import environment

OURS = {"brainbook", "opjoules", "pip"}


def constraints() -> dict[str, str]:
    lines = (paths.ROOT / "constraints.txt").read_text().split()
    pins = dict(line.split("==") for line in lines)
    return {canonicalize_name(name): version for name, version in pins.items()}


def direct() -> dict[str, Requirement]:
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = project["dependencies"] + extras["book"] + extras["test"]
    return {canonicalize_name(Requirement(n).name): Requirement(n) for n in named}


def test_every_direct_dependency_is_pinned_within_its_range():
    pins = constraints()
    for name, requirement in direct().items():
        assert name in pins
        assert requirement.specifier.contains(pins[name], prereleases=True), name


def test_every_installed_package_is_pinned_at_its_version():
    pins = constraints()
    wanted, open_names = set(), list(direct())
    while open_names:
        name = open_names.pop()
        if name in wanted:
            continue
        wanted.add(name)
        for text in metadata.distribution(name).requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                open_names.append(canonicalize_name(requirement.name))
    wanted -= OURS
    assert len(wanted) > 100
    installed = {name: metadata.version(name).split("+")[0] for name in wanted}
    assert installed == {name: pins.get(name) for name in wanted}


def test_environment_yml_is_what_the_pins_give():
    assert (paths.ROOT / "environment.yml").read_text() == environment.text(paths.ROOT)


def test_environment_yml_lists_the_same_pins():
    conda = yaml.safe_load((paths.ROOT / "environment.yml").read_text())
    listed = next(d["pip"] for d in conda["dependencies"] if isinstance(d, dict))
    assert "--editable ." in listed
    pins = constraints()
    found = dict(line.split("==") for line in listed if "==" in line)
    assert {canonicalize_name(n): v for n, v in found.items()} == {n: pins[n] for n in direct()}
    python = next(d for d in conda["dependencies"] if str(d).startswith("python"))
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
    assert re.fullmatch(r"python=3\.\d+", python)
    assert python.split("=")[1] in project["requires-python"]


def test_jupyter_book_stays_at_version_one():
    assert constraints()["jupyter-book"].startswith("1.")


def test_everything_imported_is_named_as_a_direct_dependency():
    providers = metadata.packages_distributions()
    named = direct()
    for path in paths.CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module]
            for module in modules:
                top = module.split(".")[0]
                if top in sys.stdlib_module_names or top in OURS:
                    continue
                found = {canonicalize_name(name) for name in providers[top]}
                assert found & set(named), f"{path.name} imports {module}"


def test_the_energy_library_needs_its_own_dependencies_and_no_more():
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
    code = (
        "import sys; import opjoules as e; e.profiles(); import json;"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    extras = {canonicalize_name(Requirement(n).name) for n in
              project["optional-dependencies"]["book"]}  # fmt: skip
    core = {canonicalize_name(Requirement(n).name) for n in project["dependencies"]}
    providers = metadata.packages_distributions()
    wanted = {canonicalize_name(name) for top in loaded for name in providers.get(top, ())}
    brought, open_names = set(), list(core)
    while open_names:
        name = open_names.pop()
        if name not in brought:
            brought.add(name)
            for text in metadata.distribution(name).requires or []:
                requirement = Requirement(text)
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    open_names.append(canonicalize_name(requirement.name))
    assert "torch" in wanted
    assert wanted & extras - brought == set()
