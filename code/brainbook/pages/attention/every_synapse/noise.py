"""What noise in rates and in the astrocyte's traces does to the divided circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.models.astrocyte.divided import answers, mixed
from brainbook.models.attention.softmax import Problem, relative_error
from brainbook.models.features.landmarks import Landmarks

from .circuits import tuned_units

RATES, TRACES, BASELINE = "rates of two cells", "traces", "rates around a baseline"


def noisy_errors(
    units: int,
    leaks: Sequence[float],
    noises: Sequence[float],
    known: Problem,
    documents: Mapping[str, Problem],
    draw: int,
    generator: Generator,
) -> pd.DataFrame:
    """Errors of one layer: leak, where, noise, document, head, error.

    Parameters
    ----------
    units : of a head. leaks : of the lateral network.
    noises : standard deviations of the factors, about one, by which every cell's rate is
        multiplied at each query, or every cell's trace in each document.
    known, documents, draw : as in ``circuits.paired_errors``.
    generator : of the noise.
    """
    rows = []
    for leak in leaks:
        tuned = tuned_units(known, units, leak, draw=draw)
        for name, problem in documents.items():
            rates, exact = tuned.rates(problem.query), problem.exact()[0]
            stored = answers(tuned.tuning.landmark, problem.key, problem.value)
            for noise in noises:
                found = {
                    RATES: mixed(_shaken(rates, noise, generator), stored),
                    TRACES: _with_noisy_traces(rates, stored, noise, generator),
                    BASELINE: mixed(_around_baseline(tuned, rates, noise, generator), stored),
                }
                for where, output in found.items():
                    errors = relative_error(output, exact).tolist()
                    rows += [(leak, where, noise, name, head, x) for head, x in enumerate(errors)]
    return pd.DataFrame(rows, columns=["leak", "where", "noise", "document", "head", "error"])


def _shaken(x: Tensor, noise: float, generator: Generator) -> Tensor:
    return x * (1 + noise * torch.randn(x.shape, generator=generator, dtype=x.dtype))


def _around_baseline(tuned: Landmarks, rates: Tensor, noise: float, generator: Generator) -> Tensor:
    """What is left of rates (heads, N, m) when cells fire around a baseline, with noise.

    The baseline is the largest rate below zero of the head, so that no cell falls silent. Noise
    is in proportion to the whole rate, and the lateral network passes it on:
    (K + leak I) u = kappa - K (noise x (baseline + u)).
    """
    baseline = rates.amin((-2, -1), keepdim=True).abs()
    apart = _shaken(baseline + rates, noise, generator) - baseline - rates
    return rates - tuned.settled(tuned.overlap @ apart.mT).mT


def _with_noisy_traces(rates: Tensor, stored: Tensor, noise: float, generator: Generator) -> Tensor:
    """Each of a unit's two cells divides by a trace of its own: (heads, N, d_value)."""
    shape = (2, *stored.shape[:-1], 1)  # above and below zero
    trace = 1 + noise * torch.randn(shape, generator=generator, dtype=rates.dtype)
    above, below = stored / trace
    total = rates.clamp_min(0) @ above - (-rates).clamp_min(0) @ below
    return (total / rates.sum(-1, keepdim=True)).to(stored.dtype)
