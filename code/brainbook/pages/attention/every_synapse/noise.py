"""What noise in cells, synapses and traces does to the divided circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.models.astrocyte.divided import answers, mixed
from brainbook.models.attention.softmax import Problem, relative_error
from brainbook.models.features.landmarks import Landmarks

from .circuits import tuned_units

PAIRED, BASELINE = "two cells", "around a baseline"
CELLS, SYNAPSES, INPUTS, TRACES = "cells", "synapses", "inputs", "traces"


def noisy_errors(
    units: int,
    leaks: Sequence[float],
    noises: Sequence[float],
    known: Problem,
    documents: Mapping[str, Problem],
    draw: int,
    generator: Generator,
) -> pd.DataFrame:
    """Errors of one layer: leak, circuit, where, noise, document, head, error.

    Cells around a baseline with the least leak only.

    Noise is in proportion: standard deviation of a factor about one. Where it enters:

    cells : a reading cell's rate at each query, the same for all that it reaches, itself as well.
    synapses : what each synapse passes on at each query, each for itself.
    inputs : what a unit's input cell tells at each query; the same for both circuits.
    traces : what each of a unit's two cells that store is divided by, in each document; the same
        for both circuits.

    Parameters
    ----------
    units : of a head. leaks : of the lateral network. noises : as above.
    known, documents, draw : as in ``circuits.divided_errors``.
    generator : of the noise.
    """
    rows = []
    for leak in leaks:
        tuned = tuned_units(known, units, leak, draw=draw)
        overlap = tuned.overlap.float()
        for name, problem in documents.items():
            rates, exact = tuned.rates(problem.query).float(), problem.exact()[0]
            drive = tuned.tuning_curves(problem.query).float()
            stored = answers(tuned.tuning.landmark, problem.key, problem.value)
            # the least baseline with which no cell of a head falls silent
            fired = {PAIRED: rates.abs()}
            if leak == min(leaks):
                fired[BASELINE] = rates - rates.amin((-2, -1), keepdim=True)
            for noise in noises:
                divided = _with_noisy_traces(rates, stored, noise, generator)
                told = noise * _like(drive, generator) * drive
                asked = rates + tuned.settled(told.mT).mT.to(rates.dtype)
                found = {(PAIRED, TRACES): divided, (PAIRED, INPUTS): mixed(asked, stored)}
                for circuit, rate in fired.items():
                    of_cells = noise * _like(rate, generator) * rate
                    left = _settled(tuned, overlap, of_cells)
                    found[circuit, CELLS] = mixed(rates + of_cells - left, stored)
                    found[circuit, SYNAPSES] = mixed(
                        rates + _of_synapses(tuned, overlap, rate, noise, generator), stored
                    )
                for (circuit, where), output in found.items():
                    errors = relative_error(output, exact).tolist()
                    place = (leak, circuit, where, noise, name)
                    rows += [(*place, head, x) for head, x in enumerate(errors)]
    columns = ["leak", "circuit", "where", "noise", "document", "head", "error"]
    return pd.DataFrame(rows, columns=columns)


def _like(x: Tensor, generator: Generator) -> Tensor:
    """Standard Gaussian numbers of the shape of ``x``."""
    return torch.randn(x.shape, generator=generator, dtype=x.dtype)


def _settled(tuned: Landmarks, overlap: Tensor, passed: Tensor) -> Tensor:
    """What lateral synapses make of an error in all that a cell passes on, (heads, N, m).

    (K + leak I) u = kappa - K error, so u falls by (K + leak I)^(-1) K error.
    """
    return tuned.settled(overlap @ passed.mT).mT.to(passed.dtype)


def _of_synapses(
    tuned: Landmarks, overlap: Tensor, rate: Tensor, noise: float, generator: Generator
) -> Tensor:
    """Error of what leaves the network if each synapse has noise of its own, (heads, N, m).

    Errors of the lateral synapses onto one cell add up to a Gaussian number with the root of
    sum_s (K_rs rate_s)^2; one more synapse passes a cell's rate on to what stores.
    """
    spread = (rate.square() @ overlap.square()).sqrt()  # K is symmetric
    lateral = tuned.settled((noise * _like(rate, generator) * spread).mT).mT.to(rate.dtype)
    return noise * _like(rate, generator) * rate - lateral


def _with_noisy_traces(rates: Tensor, stored: Tensor, noise: float, generator: Generator) -> Tensor:
    """Each of a unit's two cells divides by a trace of its own: (heads, N, d_value)."""
    shape = (2, *stored.shape[:-1], 1)  # above and below zero
    trace = 1 + noise * torch.randn(shape, generator=generator, dtype=rates.dtype)
    above, below = stored.to(rates.dtype) / trace
    total = rates.clamp_min(0) @ above - (-rates).clamp_min(0) @ below
    return (total / rates.sum(-1, keepdim=True)).to(stored.dtype)
