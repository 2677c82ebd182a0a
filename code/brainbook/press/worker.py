"""Executes one notebook with papermill, in a process of its own.

The press writes one line of JSON to standard input (``notebook``, ``output``, ``results``) and
keeps the pipe open. When the pipe closes, because the press was killed, the worker ends and its
kernel with it. Each finished cell, and the error that stopped the page, is a line of JSON on
standard output.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading

from nbclient.exceptions import DeadKernelError
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError, strip_color

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
    # tqdm, imported by transformers, misses widgets that no printed page could show.
    "PYTHONWARNINGS": "ignore:IProgress not found",
}
START_TIMEOUT = 600  # seconds that a kernel may take to start on a crowded machine


def emit(**message) -> None:
    """Tell the press."""
    print(json.dumps(message), file=sys.__stdout__, flush=True)


class ReportingEngine(NBClientEngine):
    """papermill's own engine, with a line to the press after each cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        finish = nb_man.cell_complete

        def cell_complete(cell, cell_index=None, **rest):
            finish(cell, cell_index, **rest)
            emit(event="cell", index=cell_index, of=len(nb_man.nb.cells))

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


def execute(notebook: str, output: str) -> int:
    """Run the notebook file into the output file; 0 where every cell ran."""
    papermill_engines.register("brainbook", ReportingEngine)
    try:
        execute_notebook(
            notebook,
            output,
            engine_name="brainbook",
            progress_bar=False,
            record_timing=False,
            start_timeout=START_TIMEOUT,
        )
    except PapermillExecutionError as error:
        emit(
            event="failed",
            index=error.cell_index,
            source=error.source,
            line=failing_line(error.traceback),
            error=f"{error.ename}: {error.evalue}",
            traceback=strip_color("\n".join(error.traceback)),
        )
        return 1
    except DeadKernelError as error:
        emit(event="failed", index=None, source="", line=None, error=f"the kernel died: {error}")
        return 1
    return 0


def _end_with_the_press() -> None:
    sys.stdin.read()
    os._exit(2)


if __name__ == "__main__":
    job = json.loads(sys.stdin.readline())
    os.environ |= ENVIRONMENT | {"BRAINBOOK_RESULTS": job["results"]}
    threading.Thread(target=_end_with_the_press, daemon=True).start()
    sys.exit(execute(job["notebook"], job["output"]))
