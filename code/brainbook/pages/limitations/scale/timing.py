"""What one layer's attention takes on this machine: seconds, and bytes at the peak."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch
from torch.profiler import ProfilerActivity, profile

from brainbook.evidence import store
from brainbook.evidence.intervals import log_slope
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import D_HEAD, HEADS

from . import cost

TIMED = (64, 128, 256, 512, 1024, 2048, 4096)  # tokens
TIMED_UNITS = 256  # drawn features a head
MEMORY_EVENT = "[memory]"


@store.kept
def measure_costs(longest: int, repeats: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_attention_time: seconds and bytes on one core.

    Columns
    -------
    kind, tokens, repeat : a row for each; texts up to ``longest`` tokens.
    seconds : of one call.
    bytes : most that a call holds beyond its inputs.
    """
    rows = []
    with one_thread():
        for tokens in [n for n in TIMED if n <= longest]:
            batch = cost.inputs(tokens, HEADS, D_HEAD, seeded(tokens))
            for kind, module in cost.modules([TIMED_UNITS], HEADS, D_HEAD).items():
                held = peak_bytes(lambda m=module, b=batch: m(*b))
                times = seconds(lambda m=module, b=batch: m(*b), repeats)
                rows += [(kind, tokens, i, s, held) for i, s in enumerate(times)]
    return pd.DataFrame(rows, columns=["kind", "tokens", "repeat", "seconds", "bytes"])


def measure_exponents(costs: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/scale, figure draw_attention_time: slopes over the three longest texts.

    Rows by kind.

    Columns
    -------
    time, low, high : slope of log seconds, median and range over repeats.
    bytes : slope of log bytes.
    """
    longest = sorted(costs["tokens"].unique())[-3:]
    some, slopes = costs[costs["tokens"].isin(longest)], {}
    for kind, rows in some.groupby("kind"):
        wide = rows.pivot(index="repeat", columns="tokens", values=["seconds", "bytes"])
        time, memory = (log_slope(longest, wide[name]) for name in ("seconds", "bytes"))  # repeats
        slopes[kind] = (np.median(time), time.min(), time.max(), memory[0])
    return pd.DataFrame.from_dict(slopes, "index", columns=["time", "low", "high", "bytes"])


@contextmanager
def one_thread():
    """Arithmetic on a single core, so that times are comparable."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@torch.no_grad()
def seconds(call: Callable[[], object], repeats: int) -> np.ndarray:
    """Wall time of ``repeats`` calls after one that is not timed. (repeats,)

    Raises
    ------
    ValueError : ``repeats`` is not positive.
    """
    if repeats < 1:
        raise ValueError(f"repeats: got {repeats}; must be at least 1")
    call()
    stamps = [time.perf_counter()]
    for _ in range(repeats):
        call()
        stamps.append(time.perf_counter())
    return np.diff(stamps)


@torch.no_grad()
def peak_bytes(call: Callable[[], object]) -> int:
    """Most memory that a call holds at once beyond its inputs, from PyTorch's own allocator."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or the profiler's start is told on stderr
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as seen:
        kept = call()
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == MEMORY_EVENT]
    held = np.cumsum([e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())])
    del kept
    return int(held.max(initial=0))
