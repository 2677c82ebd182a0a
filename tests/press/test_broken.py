"""What is broken, or opened where no digest looks: one sentence says so, and nothing is lost."""

from __future__ import annotations

import errno
import json
import shutil
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from brainbook.evidence import paths
from brainbook.press import cache, cli, html
from brainbook.press.errors import BookError, in_a_sentence

LATIN = "é".encode("latin-1")
PAGE = SimpleNamespace(name="small/page")


@pytest.mark.parametrize(
    ("name", "content", "said", "command"),
    [
        ("_toc.yml", b"\xff\x00", "_toc.yml: must be UTF-8", "status"),
        ("_toc.yml", b"format: jb-book\nroot: /etc/x", "names /etc/x; must be a path", "status"),
        ("chapters/small/third.md", LATIN, "chapters/small/third.md: must be UTF-8", "status"),
        ("code/brainbook/models/small_shared.py", b"def (", "small_shared.py, line 1", "status"),
        ("code/brainbook/models/small_shared.py", LATIN, "small_shared.py as UTF-8", "status"),
        ("constraints.txt", None, "constraints.txt: no such file", "status"),
        ("constraints.txt", b"torch >= 2", "constraints.txt: got 'torch >= 2'", "status"),
        ("references.bib", None, "references.bib: no such file", "build"),
        ("references.bib", b"@book{", "references.bib: ", "build"),
        ("package-lock.json", None, "package-lock.json: no such file", "build"),
    ],
)
def test_a_file_of_the_book_that_cannot_be_read(restored, name, content, said, command):
    before = restored.html()
    path = restored.root / name
    path.unlink() if content is None else path.write_bytes(content)
    status, told = restored.press(command)
    last = told.splitlines()[-1]
    assert status == 1 and last.startswith("Error: ") and said in last and "Traceback" not in told
    assert restored.html() == before


@pytest.mark.parametrize("place", ["_build", "_build/.lock", "_build/html"])
def test_something_stands_where_the_press_keeps_its_own(tmp_path, monkeypatch, place):
    monkeypatch.setattr(paths, "BUILD", tmp_path / "_build")
    mine = tmp_path / place
    mine.parent.mkdir(exist_ok=True)
    mine.mkdir() if place != "_build" else mine.write_text("mine")
    done = CliRunner().invoke(cli.main, ["build"])
    assert done.exit_code == 1 and done.output.startswith("Error: ") and place in done.output
    assert mine.exists()


def test_a_full_disk_leaves_the_edition_and_no_half_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    made = tmp_path / "made"
    made.mkdir()
    (made / "index.html").write_text("first")
    html._publish(made, "a" * 64)

    def copied(source, target, **options):
        target.mkdir()
        why = OSError(errno.ENOSPC, "No space left on device", str(source), None, str(target))
        raise shutil.Error([(str(source), str(target), str(why))])

    monkeypatch.setattr(shutil, "copytree", copied)
    with pytest.raises(OSError) as full:
        html._publish(made, "b" * 64)
    assert in_a_sentence(full.value).endswith(": no space left on device")
    assert in_a_sentence(OSError(errno.ENOSPC, "No space")) == "no space"
    assert (html.published() / "index.html").read_text() == "first"
    assert [path.name for path in (tmp_path / "editions").iterdir()] == ["a" * 16]


@pytest.fixture
def key(tmp_path, monkeypatch) -> cache.Key:
    """An execution with a record and two results, as ``keep`` leaves it."""
    monkeypatch.setattr(cache, "page_folder", lambda page: tmp_path)
    key = cache.Key(PAGE, {"cell 1": "x"})
    cache.results(key).mkdir(parents=True)
    for name in ("claims.json", "draw_line.light.svg"):
        (cache.results(key) / name).write_text('[{"measured": 0.25}]')
    made = cache._digests(key.folder)
    record = cache._sealed(PAGE.name, key.parts, 1.5, made)
    (key.folder / cache.RECORD).write_text(json.dumps(record))
    assert key.is_fresh and cache.last(PAGE)["seconds"] == 1.5
    return key


@pytest.mark.parametrize("damage", ["empty", "half", "edited", "gone"])
@pytest.mark.parametrize("name", ["record.json", "claims.json", "draw_line.light.svg"])
def test_an_execution_that_was_changed_counts_as_none(key, name, damage):
    path = next(key.folder.rglob(name))
    text = path.read_text()
    broken = {"empty": "", "half": text[: len(text) // 2], "edited": text.replace("5", "6")}
    path.unlink() if damage == "gone" else path.write_text(broken[damage])
    assert not key.is_fresh and cache.last(PAGE) is None
    assert "changed or damaged" in cache.why_stale(key)


@pytest.mark.parametrize("content", ["", '{"dig', "[]", '{"digest": 3}', "\xff"])
def test_a_broken_note_of_a_failure_is_none(key, content):
    cache.failure_file(PAGE).write_text(content, "latin-1")
    assert cache.failure(key) is None


def test_results_of_another_page_are_refused(key):
    other = key.folder / "results/small/other"
    other.mkdir()
    (other / "claims.json").write_text("[]")
    with pytest.raises(BookError, match="makes small/other/claims.json"):
        cache._check(key, key.folder)


HIDDEN = """import importlib
import helper
from brainbook.spaced import hidden
importlib.import_module("brainbook.models.small_" + "shared")
for name in ("data/sub/deep.csv", "code/brainbook/pages/small/beside.txt"):
    open(name.replace("deep", "inner")).read()"""


def test_what_a_page_imports_and_opens_unseen_is_refused(restored):
    """A page without ``Results``; another one has the module of the computed name imported."""
    new = (
        "helper.py",
        "code/brainbook/spaced/hidden.py",
        "data/sub/inner.csv",
        "code/brainbook/pages/small/beside.txt",
    )
    for name in new:
        (restored.root / name).parent.mkdir(exist_ok=True)
        (restored.root / name).write_text("")
    restored.edit("chapters/small/third.md", "print(three)", HIDDEN)
    restored.edit("code/brainbook/models/small_shared.py", "SHARED = 1", "SHARED = 7")
    status, said = restored.press("build", "--no-html")
    for name in new:
        (restored.root / name).unlink()
    assert status == 1 and "page small/third: opens " in said
    for name in (*new, "code/brainbook/models/small_shared.py"):
        assert name in said
    assert "executed small/drawing" in said
