"""Time and memory of the circuit against hidden units m and tokens N, beside softmax attention.

    python -m benches scaling

Softmax attention comes twice: plain, with all N x N weights in memory, and fused, PyTorch's own
``scaled_dot_product_attention``, the fastest there is here. The circuit's advantage in N is an
advantage of linear attention and says nothing about its error.

Times are the least of several rounds in which all sizes and both methods take turns. Memory is
the largest sum of bytes that tensors made along the way held at once, from PyTorch's profiler;
the profiler runs in a process of its own, because it talks.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.profiler import ProfilerActivity, profile

from brainbook.models.astrocyte.circuit import circuit

from .circuit import D_HEAD, inputs, seconds

TOKENS = (512, 1024, 2048, 4096, 8192)
UNITS = (2048, 4096, 8192, 16384, 32768)
FEW_UNITS, FEW_TOKENS = 1024, 512


def circuit_of(units: int, tokens: int) -> Callable[[], object]:
    """A circuit with its default blocks."""
    tensors = inputs(tokens)
    return lambda: circuit(*tensors, units, torch.Generator().manual_seed(1))


def plain_of(tokens: int) -> Callable[[], object]:
    """Softmax attention of the same tokens, step by step."""
    query, key, value = inputs(tokens)
    return lambda: torch.softmax(query @ key.mT, -1) @ value


def fused_of(tokens: int) -> Callable[[], object]:
    """The same in PyTorch's fused kernel, which takes (batch, heads, N, d)."""
    tensors = [x[None, None] for x in inputs(tokens)]
    return lambda: scaled_dot_product_attention(*tensors, scale=1.0)


def actions() -> dict[str, list[Callable[[], object]]]:
    """What is compared, one action a size."""
    return {
        "circuit in m": [circuit_of(units, FEW_TOKENS) for units in UNITS],
        "circuit in N": [circuit_of(FEW_UNITS, tokens) for tokens in TOKENS],
        "plain softmax in N": [plain_of(tokens) for tokens in TOKENS],
        "fused softmax in N": [fused_of(tokens) for tokens in TOKENS],
    }


def peak(action: Callable[[], object]) -> int:
    """Most bytes held at once by tensors that ``action`` makes."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        action()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        watched.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    return max(e["args"]["Total Allocated"] for e in events if e.get("name") == "[memory]")


def peaks() -> dict[str, list[int]]:
    """:func:`peak` of every action, measured in another process.

    Raises
    ------
    RuntimeError : that process failed.
    """
    command = [sys.executable, "-m", "benches.scaling"]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Slope of log value against log size."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def crossing(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Tokens from which ``ours`` is the smaller, read off in logs; beyond the sizes, so said."""
    apart = np.log(ours) - np.log(theirs)
    if apart[0] < 0:
        return f"below {TOKENS[0]:,}"
    if apart[-1] > 0:
        return f"beyond {TOKENS[-1]:,}"
    return f"{np.exp(np.interp(0, -apart, np.log(TOKENS))):,.0f}"


def rows() -> Iterator[tuple[str, str, str, bool | None]]:
    """What is measured, the number, its target and whether it was met, where there is one."""
    of = actions()
    taken = iter(seconds(*(action for group in of.values() for action in group)))
    found = {
        "time": {name: [next(taken) for _ in group] for name, group in of.items()},
        "memory": peaks(),
    }
    linear = (lambda s: abs(s - 1) <= 0.15), "1 ± 0.15"
    targets = {
        ("time", "circuit in m"): linear,
        ("time", "circuit in N"): linear,
        ("memory", "circuit in m"): ((lambda s: s <= 0.1), "<= 0.1"),
        ("memory", "circuit in N"): ((lambda s: s <= 1.15), "<= 1.15"),
    }
    for kind, by_name in found.items():
        for name, values in by_name.items():
            measured = slope(UNITS if name.endswith("m") else TOKENS, values)
            met, target = targets.get((kind, name), (None, ""))
            what = f"slope of log {kind}: {name}"
            yield what, f"{measured:.2f}", target, met and bool(met(measured))
    for kind, by_name in found.items():
        ours = by_name["circuit in N"]
        for name in ("plain softmax", "fused softmax"):
            theirs = by_name[f"{name} in N"]
            for at in (0, -1):
                what = f"{kind}: circuit (m = {FEW_UNITS:,}) / {name}, N = {TOKENS[at]:,}"
                yield f"{what}, d = {D_HEAD}", f"{ours[at] / theirs[at]:.2f}", "", None
            what = f"tokens N from which the circuit takes less {kind} than {name}"
            yield what, crossing(ours, theirs), "", None


if __name__ == "__main__":
    print(json.dumps({name: list(map(peak, group)) for name, group in actions().items()}))
