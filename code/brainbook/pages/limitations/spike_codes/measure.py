"""What the page limitations/spike_codes measures: text, images and networks are opened here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from brainbook.evidence import facts, pretrained, store
from brainbook.evidence.datasets import CALIBRATION_TEXTS, TEST_TEXTS, digits
from brainbook.evidence.intervals import mean_interval
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.attention.minilm_text import passages_of
from brainbook.models.digits.classifiers import trained_each
from brainbook.models.digits.training import Trained
from brainbook.models.spiking.clip_floor_shift import train_rounded
from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import operation_energy
from opjoules.hardware.low_precision import multiplier
from opjoules.pricing.schedules import IN_ACCUMULATORS
from opjoules.pricing.targets import on_schedule

from .attention import attention_errors, linear_inputs, scales, work_table
from .candidates import PLAN, SIZES, TrainedSet, candidates, twins
from .errors import (
    bit_grid,
    code_errors,
    conversion_errors,
    first_layer_mismatches,
    threshold_errors,
)
from .networks import NEURONS, Reader
from .prices import Energies, front, priced_rows, summary, twin_rows, word_ratios
from .spike_times import SpikeTimes, binned_spike_times, exact_spike_times

HIDDEN = SIZES[-1]  # of the network on which the laws are measured
ONE_LAYER = HIDDEN[:1]
TWIN = (32,)
PERCENTILES = (70, 80, 90, 95, 98, 99, 99.5, 100)
THRESHOLD_STEPS = (2, 4, 8, 32)
ATTENTION_STEPS = (1, 4, 16, 64, 256)
WEIGHT_BITS = (8, 6, 4, 3, 2)
ROUNDED_RATES = {1: 0.1, 2: 0.03}  # learning rate by hidden layers, chosen on validation images
SURROGATE_STEPS = {(16,): (4,), (32,): (4,), (128, 128): (1, 2, 4, 8)}
HEAD_TOKENS = 64  # length of the passages whose heads are sent as spikes


@dataclass(frozen=True)
class Bits:
    """A network in few bits, and in as many time steps as they have levels.

    grid : accuracy by widths; columns of ``errors.bit_grid``.
    accuracies : columns weight_bits, activation_bits, percent (mean over seeds), half_width (of
        its confidence interval).
    twins : the same function with spikes and with bits; see :func:`measure_bits`.
    """

    grid: pd.DataFrame
    accuracies: pd.DataFrame
    twins: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """All that the page measures, for its numbers and claims; each as its ``measure_`` gives it.

    mismatches : neurons whose count is not that of the closed form.
    rule : pJ of a 32-bit multiplication, by the rule and as printed.
    """

    conversion: pd.DataFrame
    mismatches: int
    thresholds: pd.DataFrame
    codes: pd.DataFrame
    times: SpikeTimes
    bits: Bits
    rule: tuple[float, float]
    energies: Energies
    published: pd.DataFrame
    attention: pd.DataFrame


def doublings(power: int) -> list[int]:
    """1, 2, 4, … up to two to this power."""
    return [2**exponent for exponent in range(power + 1)]


def levels_of(most_bits: int) -> list[int]:
    """Levels above zero of 1, 2, … up to ``most_bits`` bits."""
    return [2**bits - 1 for bits in range(1, most_bits + 1)]


def open_readers(seeds: Sequence[int], hidden: Sequence[int] = HIDDEN) -> list[Reader]:
    """The digits' split of each seed, with the perceptron that was trained on it."""
    networks = trained_each("perceptron", seeds, hidden=tuple(hidden))
    return [
        Reader(seed, digits(seed), network.model())
        for seed, network in zip(seeds, networks, strict=True)
    ]


def open_sets(seeds: Sequence[int]) -> list[TrainedSet]:
    """All trained networks of the comparison, by seed and size."""
    few = {level for _, _, levels, learned in PLAN if learned for level in levels}
    opened = {hidden: open_readers(seeds, hidden) for hidden in SIZES}
    spiking = {
        (hidden, steps): trained_each("spiking", seeds, hidden=hidden, time_steps=steps)
        for hidden in SIZES
        for steps in SURROGATE_STEPS[hidden]
    }
    rounded = {
        (hidden, level): _rounded(seeds, hidden, level) for hidden in SIZES for level in sorted(few)
    }
    return [
        TrainedSet(
            opened[hidden][place],
            {level: rounded[hidden, level][place] for level in sorted(few)},
            {steps: spiking[hidden, steps][place] for steps in SURROGATE_STEPS[hidden]},
        )
        for place, seed in enumerate(seeds)
        for hidden in SIZES
    ]


def _rounded(seeds: Sequence[int], hidden: tuple[int, ...], levels: int) -> list[Trained]:
    """Perceptrons that learned with so many levels, one a seed."""
    settings = {"levels": levels, "learning_rate": ROUNDED_RATES[len(hidden)]}
    return store.made_each(train_rounded, seeds, hidden=hidden, **settings)


@store.kept
def measure_conversion(readers: Sequence[Reader], steps: Sequence[int]) -> tuple[pd.DataFrame, int]:
    """Page limitations/spike_codes, figure draw_conversion_error.

    Columns of ``errors.conversion_errors``; and how many neurons of the first layer have another
    count than the closed form's.
    """
    return conversion_errors(readers, steps), first_layer_mismatches(readers, steps)


@store.kept
def measure_thresholds(
    readers: Sequence[Reader], steps: Sequence[int] = THRESHOLD_STEPS
) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_threshold_choice; ``errors.threshold_errors``."""
    return threshold_errors(readers, steps, PERCENTILES)


@store.kept
def measure_codes(readers: Sequence[Reader], steps: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_code_errors; columns of ``errors.code_errors``."""
    return code_errors(readers, steps)


@store.kept
def measure_spike_times(
    readers: Sequence[Reader], shallow: Sequence[Reader], most_bits: int
) -> SpikeTimes:
    """Page limitations/spike_codes, figure draw_spike_times.

    ``readers`` with two hidden layers, ``shallow`` with one; as many time bins as 1 to
    ``most_bits`` bits have levels above zero.
    """
    binned = binned_spike_times(readers, shallow, levels_of(most_bits))
    return SpikeTimes(exact_spike_times(readers), binned)


@store.kept
def measure_bits(readers: Sequence[Reader], narrow: Sequence[Reader], most: int) -> Bits:
    """Page limitations/spike_codes, figure draw_bits_twins.

    Parameters
    ----------
    readers : rounded to 1 to ``most`` bits of activation, and to ``WEIGHT_BITS`` of weights.
    narrow : with one hidden layer, for the twins: in b bits and in 2^b − 1 steps.
    most : bits.

    Columns of the twins
    --------------------
    seed, bits, steps, scenario, schedule : a row each.
    difference : largest of their logits.
    rate : spikes per neuron and step.
    ratio, low, high : energy with spikes over that with bits, and its widest interval.
    """
    grid = bit_grid(readers, WEIGHT_BITS, range(1, most + 1))
    rows = []
    for reader in narrow:
        for pair in twins(reader, most):
            spikes, words = (_counted(model, reader.images) for model in (pair.rate, pair.word))
            base = {
                "seed": reader.seed,
                "bits": pair.bits,
                "steps": 2**pair.bits - 1,
                "difference": pair.difference,
            }
            rows += [base | row for row in twin_rows(spikes, words, pair.bits)]
    return Bits(grid, _accuracies(grid), pd.DataFrame(rows))


def _accuracies(grid: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds and their intervals, per cent."""
    rows = []
    for widths, part in grid.groupby(["weight_bits", "activation_bits"]):
        interval = mean_interval(100 * part["accuracy"], over="splits")
        rows.append((*widths, interval.mean, interval.half_width))
    columns = ["weight_bits", "activation_bits", "percent", "half_width"]
    return pd.DataFrame(rows, columns=columns)


def _counted(model: nn.Module, images: Tensor) -> pd.DataFrame:
    """Operations per image."""
    return count_operations(model, images, neurons=NEURONS)


def measure_rule() -> tuple[float, float]:
    """Page limitations/spike_codes: pJ of a 32-bit multiplication, by the rule and as printed."""
    return multiplier(32, 32), operation_energy("multiply", "int32")


@store.kept
def measure_networks(sets: Sequence[TrainedSet], margin_images: int) -> Energies:
    """Page limitations/spike_codes, figure draw_codes_energy.

    ``margin_images``: so many more errors among the held-out images still count as as accurate.

    Columns of the networks
    -----------------------
    family, network, seed, scenario, schedule : a row each.
    levels : steps, bins or levels above zero.
    accuracy : on held-out images.
    macs, acs, neuron_updates : per image.
    low, central, high : energy, nJ.
    """
    rows = []
    for one in sets:
        for network in candidates(one):
            table = _counted(network.model, one.reader.images)
            base = {
                "family": network.family,
                "network": network.network,
                "seed": one.reader.seed,
                "levels": network.levels,
                "accuracy": network.accuracy,
            }
            base |= table[["macs", "acs", "neuron_updates"]].sum().to_dict()
            rows += [base | price for price in priced_rows(table, network.pricing)]
    table, held_out = pd.DataFrame(rows), len(sets[0].reader.images)
    kept = summary(on_schedule(table, IN_ACCUMULATORS))
    return Energies(table, kept, word_ratios(table, margin_images / held_out), held_out)


def measure_front(energies: Energies, scenario: str) -> pd.DataFrame:
    """Page limitations/spike_codes: the networks that no other beats, on the best schedule."""
    networks = on_schedule(energies.networks, IN_ACCUMULATORS)
    best = front(networks[networks["scenario"] == scenario])
    best["accuracy"] *= 100
    names = {"accuracy": "accuracy (%)", "central": "energy (nJ)"}
    return best.drop(columns="scenario").rename(columns=names)


def measure_published() -> pd.DataFrame:
    """Page limitations/spike_codes: printed results on codes by key, with their sources."""
    return facts.table("spike_codes.csv").set_index("key")[["quantity", "value", "unit", "source"]]


@store.kept
def measure_attention(
    seeds: Sequence[int], steps: Sequence[int] = ATTENTION_STEPS, tokens: int = HEAD_TOKENS
) -> pd.DataFrame:
    """Page limitations/spike_codes, figure draw_rate_attention; ``attention.attention_errors``.

    Each seed is another test document and other spikes.
    """
    calibration = passages_of(CALIBRATION_TEXTS, tokens, 1)
    names = {seed: TEST_TEXTS[seed % len(TEST_TEXTS)] for seed in seeds}
    documents = {
        seed: heads_on(passages_of([name], tokens, 1)[0]).problem for seed, name in names.items()
    }
    scale = scales([heads_on(passage).problem for passage in calibration])
    return attention_errors(documents, scale, steps)


def measure_minilm(tokens: int) -> pd.DataFrame:
    """Page limitations/spike_codes: MiniLM's work by kind on one passage of ``tokens`` tokens."""
    passage = {"input_ids": torch.tensor(passages_of(TEST_TEXTS[:1], tokens, 1))}  # (1, tokens)
    counts = count_operations(pretrained.minilm()[0], passage)
    return work_table(linear_inputs(passage), counts)
