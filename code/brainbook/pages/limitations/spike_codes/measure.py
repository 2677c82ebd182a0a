"""What the page limitations/spike_codes measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from brainbook.evidence import facts, pretrained
from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import operation_energy
from opjoules.hardware.low_precision import multiplier

from . import (
    attention as attention_trials,
)
from . import (
    candidates as code_plan,
)
from . import (
    errors as code_trials,
)
from .networks import NEURONS, split_of
from .prices import front, priced_rows, twin_rows

PERCENTILES = (70, 80, 90, 95, 98, 99, 99.5, 100)


def measure_conversion(seeds: Sequence[int], steps: Sequence[int]) -> tuple[pd.DataFrame, int]:
    """Page limitations/spike_codes, figure draw_conversion_error: see ``conversion_errors``; and
    how many neurons of the first layer have another count than the closed form's."""
    mismatches = code_trials.first_layer_mismatches(seeds, steps)
    return code_trials.conversion_errors(seeds, steps), mismatches


def measure_thresholds(seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_threshold_choice; see ``threshold_errors``."""
    return code_trials.threshold_errors(seeds, steps, PERCENTILES)


def measure_codes(seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_code_errors; see ``code_errors``."""
    return code_trials.code_errors(seeds, steps)


def measure_spike_times(seeds: Sequence[int], bins: Sequence[int]) -> code_trials.SpikeTimes:
    """Page limitations/spike_codes, figure draw_spike_times."""
    binned = code_trials.binned_spike_times(seeds, bins)
    return code_trials.SpikeTimes(code_trials.exact_spike_times(seeds), binned)


def _counted(model: nn.Module, seed: int) -> pd.DataFrame:
    """Operations per held-out image."""
    return count_operations(model, torch.as_tensor(split_of(seed).test_images), neurons=NEURONS)


def measure_networks(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_codes_energy.

    A row per network, seed and scenario: ``levels`` (steps, bins or levels above zero), held-out
    accuracy, ``macs``, ``acs`` and ``neuron_updates`` per image, energy in nJ (low to high).
    """
    rows = []
    for found in code_plan.candidates(seeds):
        table = _counted(found.model, found.seed)
        base = {name: getattr(found, name) for name in ("family", "network", "seed", "levels",
                                                        "accuracy")}  # fmt: skip
        base |= table[["macs", "acs", "neuron_updates"]].sum().to_dict()
        rows += [base | price for price in priced_rows(table, found.pricing)]
    return pd.DataFrame(rows)


def measure_front(networks: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """Page limitations/spike_codes: the networks that no other beats in one scenario."""
    found = front(networks[networks["scenario"] == scenario])
    found["accuracy"] *= 100
    names = {"accuracy": "accuracy (%)", "central": "energy (nJ)"}
    return found.drop(columns="scenario").rename(columns=names)


def measure_bits(seeds: Sequence[int], most: int) -> code_trials.Bits:
    """Page limitations/spike_codes, figure draw_bits_twins.

    ``twins``: a network with one hidden layer in b bits and in 2^b − 1 steps: the largest
    difference of their logits, the spike rate, and per scenario the energy with spikes over
    that with bits (``ratio``, ``low``, ``high``).
    """
    grid = code_trials.bit_grid(seeds, (8, 6, 4, 3, 2), range(1, most + 1))
    rows = []
    for pair in code_plan.twins(seeds, most):
        spikes, words = (_counted(model, pair.seed) for model in (pair.rate, pair.word))
        base = {"seed": pair.seed, "bits": pair.bits, "steps": 2**pair.bits - 1,
                "difference": pair.difference}  # fmt: skip
        rows += [base | row for row in twin_rows(spikes, words, pair.bits)]
    return code_trials.Bits(grid, pd.DataFrame(rows))


def measure_rule() -> tuple[float, float]:
    """Page limitations/spike_codes: pJ of a 32-bit multiplication, by the rule and as printed."""
    return multiplier(32, 32), operation_energy("multiply", "int32")


def measure_published() -> pd.DataFrame:
    """Page limitations/spike_codes: printed results on codes, with their sources."""
    return facts.table("spike_codes.csv")


def measure_attention(seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_rate_attention; see ``attention_errors``."""
    return attention_trials.attention_errors(seeds, steps)


def measure_minilm(tokens: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Page limitations/spike_codes: MiniLM's work on one passage by kind, and its operations."""
    counts = count_operations(pretrained.minilm()[0], attention_trials.minilm_input(tokens))
    return attention_trials.work_table(attention_trials.linear_inputs(tokens), counts), counts
