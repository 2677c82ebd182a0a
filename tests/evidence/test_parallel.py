"""A sweep gives the same wherever it is made; what goes wrong is told, and nothing hangs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from distributed import Client

from brainbook.evidence import fingerprint, parallel, paths
from brainbook.evidence.calls import FailedCall, differences
from brainbook.models.astrocyte.sweep import Sweep, gaussian_sweep, minilm_sweep
from brainbook.models.attention.minilm_text import held_out_passages

GIVE_UP_AT_ONCE = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
DASK = [sys.executable, "-m", "dask"]
HEADS = [
    {"documents": held_out_passages([seed], 32), "units": [64, 256], "published": [256]}
    for seed in range(4)
]
SHORT = {"settings": {"d = 8": (8, 1.0)}, "units": [16, 64], "tokens": 16, "heads": 2}
GAUSSIAN = [SHORT | {"seeds": [seed]} for seed in range(5)]
LONG = [SHORT | {"units": [2**17], "tokens": 64, "heads": 8, "seeds": [s]} for s in range(8)]
WRONG = GAUSSIAN[:3] + [SHORT | {"seeds": [77], "settings": {"none": (8, -1.0)}}] + GAUSSIAN[3:]

pytestmark = pytest.mark.slow


def same(left: list[Sweep], right: list[Sweep]) -> None:
    """Bit for bit."""
    assert len(left) == len(right) > 0
    for one, other in zip(left, right, strict=True):
        for part in ("frame", "baselines", "laws"):
            pd.testing.assert_frame_equal(
                getattr(one, part), getattr(other, part), check_exact=True
            )


def until(condition, what: str, seconds: float = 120.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@contextmanager
def dask(log, *arguments: str, **environment: str):
    """A dask process, ended at the end."""
    with log.open("w") as said:
        process = subprocess.Popen(
            [*DASK, *arguments], env=os.environ | environment, stdout=said, stderr=said
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Scheduler:
    """A dask scheduler in a process of its own, and how to add workers in theirs."""

    def __init__(self, folder) -> None:
        self.folder, self.file, self.started = folder, folder / "scheduler.json", 0

    @property
    def address(self) -> str:
        return json.loads(self.file.read_text())["address"]

    @contextmanager
    def client(self):
        with Client(self.address, timeout=60, set_as_default=False) as client:
            yield client

    @contextmanager
    def worker(self, **environment: str):
        """One process with one thread; nobody starts it again when it dies."""
        self.started += 1
        name = f"worker-{self.started}"
        where = ["--scheduler-file", str(self.file), "--local-directory", str(self.folder)]
        how = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name]
        log = self.folder / f"{name}.log"
        with dask(log, "worker", *where, *how, **environment) as process:
            until(lambda: process.poll() is not None or self.has(name), f"no worker: see {log}")
            assert process.poll() is None, log.read_text()
            yield process

    def has(self, name: str) -> bool:
        with self.client() as client:
            workers = client.scheduler_info()["workers"].values()
            return name in [worker["name"] for worker in workers]

    def workers(self) -> int:
        with self.client() as client:
            return len(client.nthreads())

    def busy(self, count: int) -> bool:
        """Whether ``count`` workers have calls to make."""
        with self.client() as client:
            return sum(map(bool, client.processing().values())) >= count


@pytest.fixture
def scheduler(tmp_path, request):
    """Started with dask's own settings, or with those given."""
    found, settings = Scheduler(tmp_path), getattr(request, "param", {})
    where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(found.file)]
    log = tmp_path / "scheduler.log"
    with dask(log, "scheduler", *where, "--no-dashboard", **settings) as process:
        until(lambda: found.file.exists() or process.poll() is not None, "no scheduler")
        yield found


class Background(threading.Thread):
    """``parallel.spread`` beside the test, which meanwhile kills what it runs on."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(daemon=True)
        self.args, self.kwargs, self.results, self.error = args, kwargs, None, None
        self.start()

    def run(self) -> None:
        try:
            self.results = parallel.spread(*self.args, **self.kwargs)
        except Exception as error:
            self.error = error

    def end(self) -> None:
        self.join(timeout=240)
        assert not self.is_alive(), "the sweep hangs"


def test_the_plain_loop_keeps_the_order_and_gives_the_threads_back():
    before = torch.get_num_threads()
    once = parallel.spread(gaussian_sweep, GAUSSIAN)
    try:
        torch.set_num_threads(before + 1)
        same(once, parallel.spread(gaussian_sweep, iter(GAUSSIAN)))
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
    assert [sweep.frame["seed"].unique().tolist() for sweep in once] == [[s] for s in range(5)]
    assert not np.array_equal(once[0].frame["error"], once[1].frame["error"])
    assert parallel.spread(gaussian_sweep, []) == []


def test_processes_give_what_the_plain_loop_gives():
    same(parallel.spread(minilm_sweep, HEADS), parallel.spread(minilm_sweep, HEADS, workers=2))


def test_a_cluster_gives_what_the_plain_loop_gives_also_when_a_worker_dies(scheduler):
    with scheduler.worker() as doomed, scheduler.worker():
        found = parallel.spread(minilm_sweep, HEADS, cluster=scheduler.address)
        same(parallel.spread(minilm_sweep, HEADS), found)

        with pytest.raises(FailedCall, match=r"gaussian_sweep\(.*seeds=\[77\].*ValueError: var"):
            parallel.spread(gaussian_sweep, WRONG, cluster=scheduler.address)

        sweep = Background(gaussian_sweep, LONG, cluster=scheduler.address)
        until(lambda: scheduler.busy(2), "the workers have nothing to do")
        doomed.send_signal(signal.SIGKILL)
        sweep.end()
        assert sweep.error is None and scheduler.workers() == 1
        same(parallel.spread(gaussian_sweep, LONG), sweep.results)


def test_a_sweep_ends_when_its_workers_have_gone(scheduler):
    with scheduler.worker() as last:
        sweep = Background(gaussian_sweep, LONG, cluster=scheduler.address, timeout=5)
        until(lambda: scheduler.busy(1), "the worker has nothing to do")
        last.send_signal(signal.SIGKILL)
        sweep.end()
        assert isinstance(sweep.error, FailedCall) and "no worker for 5 s" in str(sweep.error)
    with pytest.raises(ConnectionError, match="has no worker after 3 s; start some with 'dask"):
        parallel.spread(gaussian_sweep, GAUSSIAN, cluster=scheduler.address, timeout=3)


@pytest.mark.parametrize("scheduler", [GIVE_UP_AT_ONCE], indirect=True, ids=["no other worker"])
def test_a_call_that_kills_its_workers_is_named(scheduler):
    with scheduler.worker() as deadly:
        one = [LONG[0] | {"units": [2**20]}]
        sweep = Background(gaussian_sweep, one, cluster=scheduler.address)
        until(lambda: scheduler.busy(1), "the worker has nothing to do")
        deadly.send_signal(signal.SIGKILL)
        sweep.end()
        assert isinstance(sweep.error, FailedCall)
        assert "gaussian_sweep(settings=" in str(sweep.error) and "died" in str(sweep.error)


def test_a_worker_with_other_code_refuses_even_if_it_is_the_only_one(scheduler, tmp_path):
    for name in ("code", "data", "constraints.txt"):
        copy = shutil.copytree if (paths.ROOT / name).is_dir() else shutil.copy
        copy(paths.ROOT / name, tmp_path / name)
    with (tmp_path / "code/brainbook/models/astrocyte/error.py").open("a") as module:
        module.write("\n# edited\n")
    with scheduler.worker(PYTHONPATH=str(tmp_path / "code")):
        told = r"gaussian_sweep\(.*differs in module brainbook\.models\.astrocyte\.error; update"
        with pytest.raises(FailedCall, match=told):
            parallel.spread(gaussian_sweep, GAUSSIAN, cluster=scheduler.address)


def test_a_worker_without_the_book_is_told(scheduler, tmp_path):
    (tmp_path / "brainbook.py").write_text("")
    with scheduler.worker(PYTHONPATH=str(tmp_path)):
        with pytest.raises(ConnectionError, match=r"worker tcp.* cannot import the book: No mod"):
            parallel.spread(gaussian_sweep, GAUSSIAN, cluster=scheduler.address)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_call_names_its_parameters(workers):
    told = r"sweep\.gaussian_sweep\(.*seeds=\[77\].*\): ValueError: variance: got -1"
    with pytest.raises(FailedCall, match=told):
        parallel.spread(gaussian_sweep, WRONG, workers=workers)


def test_a_process_that_dies_is_told():
    me = psutil.Process()
    before = {child.pid for child in me.children()}
    sweep = Background(gaussian_sweep, LONG, workers=3)

    def working() -> list[psutil.Process]:
        fresh = [child for child in me.children() if child.pid not in before]
        return [child for child in fresh if sum(child.cpu_times()[:2]) > 1]

    until(lambda: working(), "no process started")
    working()[0].kill()
    sweep.end()
    assert isinstance(sweep.error, FailedCall)
    assert "a process died" in str(sweep.error) and "gaussian_sweep(" in str(sweep.error)


@pytest.mark.parametrize(
    ("function", "given", "told"),
    [
        (gaussian_sweep, {"workers": 0}, "workers: got 0; at least 1"),
        (gaussian_sweep, {"workers": 2, "cluster": "tcp://host:8786"}, "workers: got 2 beside"),
        (lambda: 3, {}, "needs a named function"),
        (np.zeros, {}, "got numpy.zeros; needs a named function"),
    ],
)
def test_what_cannot_be_spread_is_refused(function, given, told):
    with pytest.raises(ValueError, match=told):
        parallel.spread(function, GAUSSIAN, **given)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "no address"])
def test_an_address_that_does_not_answer_is_told(address):
    with socket.socket() as taken:  # bound, so nobody else listens there; nor do we
        taken.bind(("127.0.0.1", 0))
        address = address.format(port=taken.getsockname()[1])
        with pytest.raises(ConnectionError, match=f"no dask scheduler answers at '{address}'"):
            parallel.spread(gaussian_sweep, GAUSSIAN, cluster=address, timeout=1)


def test_without_dask_everything_but_a_cluster_works():
    code = """if True:
        import sys
        sys.modules.update(dask=None, distributed=None)
        from brainbook.evidence.datasets import digits
        from brainbook.evidence.parallel import spread
        assert len(spread(digits, [{"seed": 0}, {"seed": 1}], workers=2)) == 2
        try:
            spread(digits, [{"seed": 0}], cluster="tcp://127.0.0.1:1")
        except ModuleNotFoundError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "dask is not installed" in done.stdout and "extra 'cluster'" in done.stdout


def test_inputs_that_differ_are_named():
    ours = {"module a": "1", "data b": "2", "package c": "3", "package d": "4"}
    assert differences(ours, ours | {"module other": "5"}) == []
    assert differences(ours, {"package c": "3"}) == ["module a", "data b"]
    assert differences(ours, ours | {"data b": "0", "package d": "0"}) == ["data b", "package d"]


def test_the_key_of_a_result_knows_the_parts_that_are_imported_late():
    reached = fingerprint.reached(["brainbook.evidence.parallel"])
    assert {"brainbook.evidence.cluster", "brainbook.evidence.calls"} <= reached
    assert not any(name.startswith(("dask", "distributed")) for name in reached)
    assert fingerprint.parts(["brainbook.evidence.parallel"])["package distributed"]
