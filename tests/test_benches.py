"""``make bench``: a part that fails is named after the table of the others; what is read off."""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
import types

import pandas as pd
import pytest
import torch

from brainbook.evidence import paths


@pytest.fixture
def benches(monkeypatch):
    """``benches.<name>`` as a module; the package is no part of what is installed."""
    monkeypatch.syspath_prepend(str(paths.ROOT))
    return lambda name: importlib.import_module(f"benches.{name}")


@pytest.fixture
def table(benches, monkeypatch):
    """The table of three parts, of which the second fails halfway."""

    def broken():
        yield "half a part", "1", "", None
        raise RuntimeError("no such cell")

    for name, rows in {
        "met": lambda: [("speed", "2", ">= 1", True), ("for comparison", "3", "", None)],
        "broken": broken,
        "missed": lambda: [("error", "4", "< 1", False)],
    }.items():
        monkeypatch.setitem(sys.modules, f"benches.{name}", types.SimpleNamespace(rows=rows))
    main = benches("__main__")
    monkeypatch.setattr(main, "PARTS", ("met", "broken", "missed"))
    return main


def test_the_other_parts_are_printed_and_the_failing_one_is_named(table, capsys):
    assert table.main() == 1
    out, err = capsys.readouterr()
    assert all(what in out for what in ("speed", "for comparison", "half a part", "error"))
    assert "part broken failed" in err and "no such cell" in err


@pytest.mark.parametrize(("chosen", "status"), [("met", 0), ("missed", 1), ("broken", 1)])
def test_a_part_can_be_chosen(table, capsys, chosen, status):
    assert table.main([chosen]) == status
    shown = capsys.readouterr().out
    assert ("speed" in shown) == (chosen == "met")
    assert ("error" in shown) == (chosen == "missed")


def test_a_part_that_does_not_exist_is_refused():
    command = [sys.executable, "-m", "benches", "speling"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no part speling; there are circuit, scaling, features, counting, press" in done.stderr


def test_every_part_has_rows(benches):
    for name in benches("__main__").PARTS:
        assert callable(benches(name).rows), name


def test_the_seconds_of_pages_are_read_and_added_up(benches, tmp_path):
    press = benches("press")
    for name, took in (("a/quick", 20.0), ("a/slow", 130.0)):
        folder = tmp_path / "_build/pages" / name / "0123"
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps({"page": name, "seconds": took}))
    found = press.pages(tmp_path)
    assert list(found.items()) == [("a/slow", 130.0), ("a/quick", 20.0)]
    assert press.page_rows(found) == [
        ("a/slow", "130 s", "at most 120 s", False),
        ("a/quick", "20 s", "at most 120 s", True),
        ("2 pages in sum", "150 s", "at most 80 s", False),
    ]


def test_memory_is_what_the_tensors_need(benches):
    scaling = benches("scaling")
    tokens = 512
    bytes_of_weights = 4 * tokens**2
    # scores and weights at once, then weights and output; in a process without other tensors
    code = f"from benches import scaling as s; print(s.peak(s.plain_of({tokens})))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True, check=True
    )
    assert int(run.stdout.split()[-1]) == pytest.approx(2 * bytes_of_weights, rel=0.01)
    fused, plain = scaling.fused_of(tokens)()[0, 0], scaling.plain_of(tokens)()
    torch.testing.assert_close(fused, plain)


def test_slopes_and_crossings_are_read_off_in_logs(benches):
    scaling, features = benches("scaling"), benches("features")
    tokens = scaling.TOKENS
    assert scaling.slope(tokens, [7 * n**1.5 for n in tokens]) == pytest.approx(1.5)
    line = [3e3 * n for n in tokens]
    square = [n**2 for n in tokens]
    assert scaling.crossing(line, square) == "3,000"
    assert scaling.crossing(square, square[-1:] * len(tokens)) == f"below {tokens[0]:,}"
    assert scaling.crossing([2 * s for s in square], square) == f"beyond {tokens[-1]:,}"

    curve = pd.Series({m: m**-0.5 for m in (16, 64, 256)})
    assert features.crossing(curve, 0.1) == pytest.approx(100)
    assert features.crossing(curve, 0.3) == 16
    assert features.crossing(curve, 0.01) == math.inf
