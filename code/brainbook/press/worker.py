"""Executes one notebook with papermill, in a process of its own.

A worker tells the press of each finished cell, of the error that stopped the page, or that it is
done. When the press is gone, it ends, and its kernel with it.

Where processes can be forked from a server (:mod:`brainbook.press.nursery`), the kernel is forked
too, before the worker has done anything, and waits: jupyter_client hands it the command instead
of starting Python anew. So no page waits for imports that another page needed before.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from contextlib import suppress
from glob import glob
from importlib.metadata import EntryPoint
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError, strip_color
from traitlets.config import Config

from brainbook.evidence import opened

# One thread a process, whatever the number of processes: sums come out in the same order, so
# the numbers do not depend on how many pages run side by side.
THREADS = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
ENVIRONMENT = THREADS | {
    # glibc hands large blocks back to the system at once and has to fetch the next tensor's memory
    # anew, page by page. Kept, the blocks are used again. Other systems ignore this.
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**36),
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "JUPYTER_PREFER_ENV_PATH": "1",
    # Also where matplotlib is imported before there is a kernel.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # tqdm, imported by transformers, misses widgets that no printed page could show.
    "PYTHONWARNINGS": "ignore:IProgress not found",
}
START_TIMEOUT = 600  # seconds that a kernel may take to start on a crowded machine
PATIENCE = 2  # seconds that what a page started may take to end after it
FORKED = "forked-for-the-book"
SUBREAPER = 36  # Linux: orphans among the descendants become children of this process


class Job(NamedTuple):
    """Paths: the notebook, where it goes executed, its results, and what the processes print.

    ``opened`` is where they note the files of the checkout that they open.

    ``forks``: whether the kernel is forked as well.
    """

    notebook: str
    output: str
    results: str
    log: str
    opened: str
    forks: bool = False


class _Waiting:
    """A process forked to be the kernel, as jupyter_client wants to see one."""

    stdin = stdout = stderr = None

    def __init__(self, press: Connection) -> None:
        orders, self.orders = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork")
        self.process: BaseProcess = fork.Process(target=_kernel, args=(orders, self.orders, press))
        self.process.start()
        orders.close()
        self.pid = self.process.pid
        self.kill, self.terminate = self.process.kill, self.process.terminate

    def poll(self) -> int | None:
        """None while it runs, then its status."""
        return self.process.exitcode

    def wait(self) -> int | None:
        """Its status, when it has ended."""
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkedKernel(LocalProvisioner):
    """Hands the kernel's command to the process that waits for it."""

    waiting: _Waiting

    async def launch_kernel(self, cmd, **options):
        """Let the waiting process be the kernel; where it listens, as the base class says it."""
        self.process = self.waiting
        self.pid, self.cwd = self.process.pid, options.get("cwd")
        self.process.orders.send((cmd, options["env"], self.cwd))
        return self.connection_info


def _kernel(orders: Connection, *of_the_worker: Connection) -> None:
    """Wait for a command that starts IPython's kernel, and be that kernel."""
    for connection in of_the_worker:
        connection.close()  # else this end would stay open when the worker is gone
    os.setsid()
    try:
        command, environment, folder = orders.recv()
    except EOFError:
        return
    os.environ |= environment
    if folder:
        os.chdir(folder)
    opened.watch()
    # What it is given after the module's name, and who must live for it to live.
    options = [*command[command.index("ipykernel_launcher") + 1 :]]
    sys.argv = ["ipykernel_launcher", *options]
    IPKernelApp.launch_instance([*options, f"--IPKernelApp.parent_handle={os.getppid()}"])


class ReportingEngine(NBClientEngine):
    """papermill's own engine, with a message to the press after each cell."""

    press: Connection

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        finish = nb_man.cell_complete

        def cell_complete(cell, cell_index=None, **rest):
            finish(cell, cell_index, **rest)
            cls.press.send({"event": "cell", "index": cell_index, "of": len(nb_man.nb.cells)})

        nb_man.cell_complete = cell_complete
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


def failing_line(traceback: list[str]) -> int | None:
    """Line within the cell at which the error arose, from IPython's traceback."""
    for block in traceback:
        found = re.search(r"Cell In\[\d+\], line (\d+)", strip_color(block))
        found = found or re.search(r"^-+> (\d+) ", strip_color(block), re.MULTILINE)
        if found:
            return int(found.group(1))
    return None


def execute(job: Job) -> dict:
    """Run the job's notebook; the event that tells how it ended."""
    papermill_engines.register("brainbook", ReportingEngine)
    options = {"engine_name": "brainbook", "progress_bar": False, "record_timing": False}
    try:
        with TemporaryDirectory(prefix="kernel-") as folder:
            # Sockets with names of their own: a port that is free now may be another's in a moment.
            own = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
            config = Config(KernelManager=own if job.forks else {})
            limits = {"start_timeout": START_TIMEOUT}
            done = execute_notebook(job.notebook, job.output, config=config, **options, **limits)
    except PapermillExecutionError as error:
        return {
            "event": "failed",
            "index": error.cell_index,
            "source": error.source,
            "line": failing_line(error.traceback),
            "error": f"{error.ename}: {error.evalue}",
            "traceback": strip_color("\n".join(error.traceback)),
        }
    except DeadKernelError as error:
        said = f"the kernel died: {error}"
        return {"event": "failed", "index": None, "source": "", "line": None, "error": said}
    return _left_early(done) or {"event": "done"}


def _left_early(notebook: NotebookNode) -> dict | None:
    """What papermill lets pass: a cell that called ``sys.exit()``, after which none ran."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                return {
                    "event": "failed",
                    "index": index,
                    "source": cell.source,
                    "line": failing_line(output.traceback),
                    "error": f"{output.ename}: {output.evalue}; the page did not run to its end",
                    "traceback": strip_color("\n".join(output.traceback)),
                }
    return None


def work(job: Job, press: Connection) -> None:
    """Do the job; the target of the press's processes."""
    if hasattr(os, "setsid"):  # an interrupt at the terminal is for the press alone
        os.setsid()
    with open(job.log, "w") as log:
        for printed in (1, 2):
            os.dup2(log.fileno(), printed)
    os.environ |= ENVIRONMENT | {"BRAINBOOK_RESULTS": job.results, opened.LOG: job.opened}
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    waiting = _wait_for_orders(press) if job.forks else None
    threading.Thread(target=_end_with_the_press, daemon=True).start()
    ReportingEngine.press = press
    try:
        press.send(execute(job))
    finally:
        if waiting:
            waiting.kill()
            waiting.wait()
        _end_what_is_left()


def _end_what_is_left() -> None:
    """End what the page started, after a moment in which it may end by itself and clean up."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and family(os.getpid()):
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        time.sleep(0.02)
    end(family(os.getpid()))


def _wait_for_orders(press: Connection) -> _Waiting:
    """Fork the kernel while this process has one thread, and make it the one that is used."""
    waiting = ForkedKernel.waiting = _Waiting(press)
    where = f"{__name__}:{ForkedKernel.__name__}"
    entry = EntryPoint(FORKED, where, KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[FORKED] = entry
    os.environ[KernelProvisionerFactory.default_provisioner_name_env] = FORKED
    return waiting


def _end_with_the_press() -> None:
    multiprocessing.parent_process().join()
    end(family(os.getpid()))
    os._exit(2)


def family(pid: int) -> list[int]:
    """Numbers of all processes that one started, and that these started; on Linux alone.

    A worker's family has what went off on its own as well, see ``SUBREAPER``.
    """
    children = []
    for file in glob(f"/proc/{pid}/task/*/children"):
        with suppress(OSError):  # the thread has just ended
            children += [int(number) for number in Path(file).read_text().split()]
    return [*children, *(number for child in children for number in family(child))]


def end(numbers: list[int]) -> None:
    """End processes, if they have not ended already."""
    for number in numbers:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
