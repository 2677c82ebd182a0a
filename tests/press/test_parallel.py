"""Pages run side by side, each with its share of the threads."""

from __future__ import annotations

import pytest

from brainbook.press import execute

MEET = """import os, time
from pathlib import Path
here = Path(os.environ["SMALL_LOG"]).parent
(here / "met-{name}").touch()
end = time.monotonic() + 60
while not (here / "met-{other}").exists():
    assert time.monotonic() < end, "the other page never ran beside this one"
    time.sleep(0.05)
print(three, os.environ["OMP_NUM_THREADS"])"""


def test_two_pages_run_at_the_same_time(restored):
    for name, other in (("second", "third"), ("third", "second")):
        meet = MEET.format(name=name, other=other)
        restored.edit(f"chapters/small/{name}.md", "print(three)", meet)
    status, said = restored.press("build", "--jobs", "2")
    assert status == 0, said
    share = max(1, execute.cores() // 2)
    assert f"3 {share}" in restored.html()["chapters/small/second.html"].decode()


def test_one_job_runs_one_page_at_a_time(restored):
    meet = MEET.format(name="second", other="third").replace("+ 60", "+ 3")
    restored.edit("chapters/small/second.md", "print(three)", meet)
    late = MEET.format(name="third", other="second").replace("+ 60", "+ 3")
    restored.edit("chapters/small/third.md", "print(three)", late)
    for mark in restored.root.glob("met-*"):
        mark.unlink()
    status, said = restored.press("build", "--jobs", "1")
    assert status == 1
    assert "never ran beside this one" in said


@pytest.mark.parametrize(("jobs", "share"), [(1, execute.cores()), (10_000, 1)])
def test_threads_are_shared_out(tmp_path, jobs, share):
    environment = execute.worker_environment(jobs, tmp_path)
    assert {environment[name] for name in execute.THREAD_VARIABLES} == {str(share)}
