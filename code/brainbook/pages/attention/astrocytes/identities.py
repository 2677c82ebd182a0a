"""Identities that the circuit must meet exactly, and the variance law of a single pair."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.circuit import read, run, write, write_by_token
from brainbook.models.attention.softmax import scaled
from brainbook.models.features.maps import Positive
from brainbook.models.features.variance import pair_variance


def measure_identities(
    seed: int, heads: int = 4, tokens: int = 24, d_head: int = 8
) -> dict[str, float]:
    """Page attention/astrocytes: largest gap between two ways to one number, float64.

    by-token : synapses from updates token by token, and those written at once.
    processes : the astrocyte's g from updates token by token, and the sum.
    kernel : the circuit's output, and attention with the kernel phi(q) . phi(k).
    logs : reading in log space, block by block, and the output of the plain matrices.
    absolute : the trace in log space, and in plain numbers.
    """
    generator = seeded(51, seed)
    shape = 3, heads, tokens, d_head
    query, key, value = torch.randn(shape, generator=generator, dtype=torch.float64)
    query, key = scaled(query, key)
    units = Positive().draw(48, d_head, generator, (heads,), torch.float64)
    reading, writing = Positive()(query, units), Positive()(key, units)
    synapses, processes = write(writing, value)
    by_token, processes_by_token = write_by_token(writing, value)
    output, trace = read(synapses, processes, reading)
    kernel = reading @ writing.mT
    (logs,) = run(query, key, value, units.split(7), [48], Positive())
    pairs = {
        "by-token": (by_token[..., -1, :, :], synapses),
        "processes": (processes_by_token[..., -1, :], processes),
        "kernel": (output, kernel @ value / kernel.sum(-1, keepdim=True)),
        "logs": (logs.output, output),
        "absolute": (logs.log_p.exp(), trace),
    }
    return {name: (left - right).abs().max().item() for name, (left, right) in pairs.items()}


def measure_pair_law(seeds: Iterable[int]) -> pd.Series:
    """Page attention/astrocytes: measured over closed-form variance of one pair, by seed."""
    return pd.Series({seed: pair_ratio(seed) for seed in seeds})


def pair_ratio(seed: int, draws: int = 2**18) -> float:
    """Measured over closed-form variance of one pair's estimate: mean over four pairs.

    They have R = |q + k|^2 = 0.5, 1, 1.5 and 2; beyond that a sample variance of this many
    draws scatters too much to test anything.
    """
    generator = seeded(52, seed)
    query, key = torch.randn(2, 4, 8, generator=generator, dtype=torch.float64)  # (pairs, d)
    wanted = torch.tensor([0.5, 1.0, 1.5, 2.0], dtype=torch.float64)
    scale = (wanted / (query + key).square().sum(-1)).sqrt().unsqueeze(-1)
    query, key = query * scale, key * scale
    units = Positive().draw(draws, 8, generator, dtype=torch.float64)
    estimates = Positive()(query, units) * Positive()(key, units) * draws  # (pairs, draws)
    measured = (estimates / (query * key).sum(-1, keepdim=True).exp()).var(-1)
    return (measured / pair_variance(query, key)).mean().item()
