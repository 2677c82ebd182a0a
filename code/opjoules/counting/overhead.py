"""What counting costs: a counted forward pass against a plain one, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from .operations import count_operations


def overhead(
    model: nn.Module, batch: Tensor | tuple | list | Mapping, rounds: int = 7
) -> pd.Series:
    """Seconds of a forward pass: plain, counted here, and counted by PyTorch's FLOP counter.

    The three take turns in each of ``rounds``, after a warm-up, all without gradients.

    Returns
    -------
    plain, counting, flop_counter : seconds, the least of the rounds, which other work on the
        machine disturbs least.
    ratio, flop_counter_ratio : of the last two to ``plain``.

    Raises
    ------
    ValueError : fewer than one round.
    """
    if rounds < 1:
        raise ValueError(f"rounds: got {rounds}; needed is at least 1")
    forward = _forward(model, batch)

    def flops() -> None:
        with FlopCounterMode(display=False):
            forward()

    turns = {
        "plain": forward,
        "counting": lambda: count_operations(model, batch),
        "flop_counter": flops,
    }
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            _seconds(turns)
            times = pd.DataFrame([_seconds(turns) for _ in range(rounds)])
    finally:
        model.train(training)
    least = times.min()
    ratios = least / least["plain"]
    return pd.Series(
        {**least, "ratio": ratios["counting"], "flop_counter_ratio": ratios["flop_counter"]}
    )


def _forward(model: nn.Module, batch) -> Callable[[], object]:
    if isinstance(batch, Mapping):
        return lambda: model(**batch)
    arguments = batch if isinstance(batch, (tuple, list)) else (batch,)
    return lambda: model(*arguments)


def _seconds(turns: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """One turn of each."""
    seconds = {}
    for name, action in turns.items():
        start = time.perf_counter()
        action()
        seconds[name] = time.perf_counter() - start
    return seconds
