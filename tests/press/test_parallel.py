"""Pages run side by side, each with its share of the threads."""

from __future__ import annotations

from brainbook.press import worker

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
    assert "3 1" in restored.html()["chapters/small/second.html"].decode()


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


def test_every_process_has_one_thread():
    assert set(worker.THREADS.values()) == {"1"}
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= set(worker.THREADS)
    assert worker.THREADS.items() <= worker.ENVIRONMENT.items()
