"""How far the astrocyte circuit is from attention: sweeps over hidden units, heads and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.attention.softmax import (
    Problem,
    mean_of_values,
    relative_error,
    relative_error_of_logs,
    scaled,
    taylor_attention,
)
from brainbook.models.features.maps import FeatureMap
from brainbook.models.features.variance import predicted_output_error, predicted_trace_error

from .circuit import Readout, circuit

PARTS = ("output", "trace")


def gaussian_problem(
    heads: int, tokens: int, d_head: int, variance: float, generator: Generator
) -> Problem:
    """Independent Gaussian queries, keys and values.

    Parameters
    ----------
    heads, tokens, d_head : of the problem, (heads, tokens, d_head).
    variance : of queries and keys, before they are divided by d^(1/4); values have 1.
    generator : source of all.

    Raises
    ------
    ValueError : ``variance`` is not positive.
    """
    if not variance > 0:
        raise ValueError(f"variance: got {variance}; must be positive")
    query, key, value = torch.randn(3, heads, tokens, d_head, generator=generator)
    query, key = scaled(query * variance**0.5, key * variance**0.5)
    return Problem(query, key, value)


def errors(readout: Readout, exact: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """Relative error of output and trace per head, L2 over tokens."""
    output, log_z = exact
    return {
        "output": relative_error(readout.output, output),
        "trace": _trace_error(readout, log_z),
    }


def _trace_error(readout: Readout, log_z: Tensor) -> Tensor:
    if (readout.sign > 0).all():
        return relative_error_of_logs(readout.log_p, log_z)
    top = log_z.amax(-1, keepdim=True)
    signed = readout.sign * (readout.log_p - top).exp()
    return relative_error(signed, (log_z - top).exp(), dims=(-1,))


def curve(
    problem: Problem,
    units: Sequence[int],
    generator: Generator,
    feature_map: FeatureMap | None = None,
) -> tuple[pd.DataFrame, list[Readout]]:
    """Error against hidden units from one nested draw.

    Returns a frame with columns part, units, head, error (``head`` counts the flattened leading
    dimensions), and the readouts themselves.
    """
    readouts = circuit(*problem.tensors, units, generator, feature_map)
    exact = problem.exact()
    frames = [long(errors(readout, exact)).assign(units=readout.units) for readout in readouts]
    return pd.concat(frames, ignore_index=True), readouts


def long(by_part: dict[str, Tensor], column: str = "error") -> pd.DataFrame:
    """Frame with columns part, head and ``column`` from one tensor of heads per part."""
    return pd.concat(
        [
            pd.DataFrame(
                {"part": part, "head": range(values.numel()), column: values.flatten().double()}
            )
            for part, values in by_part.items()
        ],
        ignore_index=True,
    )


def baselines(problem: Problem) -> pd.DataFrame:
    """Errors of uniform attention and of the degree-2 Taylor kernel: baseline, part, head, error.

    Uniform attention's trace is a constant; the best one in the L2 sense is the mean of Z.
    """
    exact = problem.exact()
    log_z = exact[1]
    mean_log_z = log_z.logsumexp(-1, keepdim=True) - np.log(log_z.shape[-1])
    taylor_output, taylor_trace = taylor_attention(*problem.tensors)
    guesses = {
        "uniform": (mean_of_values(problem.value), mean_log_z.expand_as(log_z)),
        "Taylor": (taylor_output, taylor_trace),
    }
    frames = []
    for name, (output, log_p) in guesses.items():
        readout = Readout(0, output, log_p, torch.ones_like(log_p))
        frames.append(long(errors(readout, exact)).assign(baseline=name))
    return pd.concat(frames, ignore_index=True)


def predictions(problem: Problem) -> pd.DataFrame:
    """Closed form per head: log10 of c, where the error is c / sqrt(m). part, head, log10_c."""
    logs = {
        "output": predicted_output_error(*problem.tensors),
        "trace": predicted_trace_error(problem.query, problem.key),
    }
    return long({part: value / np.log(10) for part, value in logs.items()}, "log10_c")


def sweep(
    problems: Iterable[tuple[int, Problem]], units: Sequence[int], stream: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[int, list[Readout]]]:
    """:func:`curve`, :func:`baselines` and :func:`predictions` for (seed, problem) pairs.

    ``stream`` keeps the draws of one experiment apart from another's.
    """
    curves, floors, laws, readouts = [], [], [], {}
    for seed, problem in problems:
        frame, readouts[seed] = curve(problem, units, seeded(stream, seed))
        curves.append(frame.assign(seed=seed))
        floors.append(baselines(problem).assign(seed=seed))
        laws.append(predictions(problem).assign(seed=seed))
    return (*(pd.concat(part, ignore_index=True) for part in (curves, floors, laws)), readouts)
