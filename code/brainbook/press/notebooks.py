"""What the press does to a notebook: parameters in, machine traces out, outputs moved."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from papermill.parameterize import parameterize_notebook
from papermill.utils import find_first_tagged_cell_index

from brainbook.evidence import paths

from .errors import BookError

KEPT_METADATA = ("kernelspec", "language_info")
INJECTED = "injected-parameters"
TITLE = re.compile(r"(?m)^# .+$")
GLUED = re.compile(r"\{glue:\w+\}`[^`]*`")
TO_COME = "…"
RERUN = re.compile(r"(?m)^## Run it yourself$")


def code_cells(book: NotebookNode) -> list[NotebookNode]:
    """The code cells, in order."""
    return [cell for cell in book.cells if cell.cell_type == "code"]


def defaults(book: NotebookNode) -> dict:
    """Parameters of a page with their defaults, from its cell tagged ``parameters``.

    Raises
    ------
    BookError : the cell holds something other than literals assigned to names.
    """
    index = find_first_tagged_cell_index(book, "parameters")
    if index < 0:
        return {}
    import ast

    values = {}
    for node in ast.parse(book.cells[index].source).body:
        simple = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        try:
            values[node.targets[0].id] = ast.literal_eval(node.value) if simple else 1 / 0
        except (ValueError, ZeroDivisionError):
            raise BookError(
                f"parameters: line {node.lineno} of the cell is not `name = literal`"
            ) from None
    return values


def parse_parameters(book: NotebookNode, given: dict[str, str]) -> dict:
    """Values from the command line, read as YAML and held against the defaults' types.

    Raises
    ------
    BookError : an unknown name, or a value of another type than the default.
    """
    known = defaults(book)
    values = {}
    for name, text in given.items():
        if name not in known:
            listed = ", ".join(f"{k} (default {v!r})" for k, v in known.items()) or "none"
            raise BookError(f"parameter: got {name!r}; the page has {listed}")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            raise BookError(f"parameter {name}: got {text!r}, which is no value in YAML") from None
        wanted = type(known[name])
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if wanted is tuple and isinstance(value, list):
            value = tuple(value)
        if known[name] is not None and type(value) is not wanted:
            raise BookError(
                f"parameter {name}: got {text!r}; needs {wanted.__name__}, "
                f"for instance {known[name]!r}"
            )
        values[name] = value
    return values


def with_parameters(book: NotebookNode, values: dict) -> NotebookNode:
    """The notebook with papermill's injected cell, where there is anything to inject."""
    if not values:
        return book
    book.metadata["papermill"] = NotebookNode()
    return parameterize_notebook(book, values)


def cleaned(book: NotebookNode) -> NotebookNode:
    """A copy without injected cell, papermill metadata, timestamps and machine paths."""
    book = nbformat.from_dict(book)
    book.cells = [cell for cell in book.cells if INJECTED not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = [_without_paths(output) for output in cell.outputs]
    book.metadata = NotebookNode(
        {key: book.metadata[key] for key in KEPT_METADATA if key in book.metadata}
    )
    return book


def without_paths(text: str) -> str:
    """Text with this machine's folders replaced by names that mean something elsewhere."""
    for folder, name in (
        (paths.ROOT, "<book>"),
        (Path(sys.prefix), "<python>"),
        (Path(sys.base_prefix), "<python>"),
        (Path.home(), "~"),
    ):
        if len(folder.parts) > 1:
            text = text.replace(str(folder), name)
    return re.sub(r"/tmp/[\w./-]+", "<temporary>", text)


def _without_paths(output: NotebookNode) -> NotebookNode:
    if "text" in output:
        output.text = without_paths(output.text)
    for kind, content in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(content, str):
            output.data[kind] = without_paths(content)
    return output


def with_notice(book: NotebookNode, notice: str) -> NotebookNode:
    """The page with a sentence in a box below its title."""
    for cell in book.cells:
        title = TITLE.search(cell.source) if cell.cell_type == "markdown" else None
        if title:
            before, after = cell.source[: title.end()], cell.source[title.end() :]
            cell.source = f"{before}\n\n:::{{warning}}\n{notice}\n:::\n{after}"
            break
    return book


def with_seconds(book: NotebookNode, seconds: float) -> NotebookNode:
    """The page with what its execution took, where it invites to run it."""
    for cell in book.cells:
        heading = RERUN.search(cell.source) if cell.cell_type == "markdown" else None
        if heading:
            took = f"Executing this page took {seconds:,.0f} s when this edition was made."
            end = heading.end()
            cell.source = f"{cell.source[:end]}\n\n{took}{cell.source[end:]}"
    return book


def as_prose(book: NotebookNode) -> NotebookNode:
    """The page before it was executed: no outputs, and a mark for each number that is to come."""
    book = cleaned(book)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = GLUED.sub(TO_COME, cell.source)
    return book


def with_outputs(book: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """The page's current prose with the outputs of its execution.

    Both hold the same code cells; the caller has checked that through the cache key.
    """
    book = cleaned(book)
    for cell, done in zip(code_cells(book), code_cells(executed), strict=True):
        cell.outputs = done.outputs
        cell.execution_count = done.execution_count
    book.metadata = executed.metadata
    return book
