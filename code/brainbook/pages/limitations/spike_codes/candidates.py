"""Which networks stand in the comparison of codes, and with what accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from brainbook.models.digits.classifiers import rounded_accuracy, trained
from brainbook.models.digits.training import accuracy

from .networks import build, split_of

SIZES = ((16,), (32,), (128, 128))
TWIN = (32,)
PLAN = (  # family, kind of network, levels, trained with rounded activations
    ("ANN, int8", "quantised", (255,), False),
    ("ANN, few bits", "quantised", (1, 3, 7, 15), False),
    ("ANN, few bits", "quantised input", (3, 7, 15), False),
    ("ANN, few bits", "quantised", (1, 3, 7), True),
    ("converted, rates", "rate", (1, 2, 4, 8, 16, 32, 64), False),
    ("converted, rates", "rate", (1, 3, 7), True),
    ("converted, Poisson", "poisson", (4, 16, 64), False),
    ("first spike", "first spike", (3, 7, 15, 63), False),
)
SURROGATE_STEPS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Candidate:
    """A network in the comparison.

    levels : steps, bins or levels above zero; 0 for a plain network. accuracy : on held-out
    digits, with the weights rounded to 8 bits, except in 32-bit floating point. pricing : what
    a price list must know: ``activation_bits``, ``spiking``, ``leak``, ``floating``.
    """

    family: str
    network: str
    seed: int
    levels: int
    model: nn.Module
    accuracy: float
    pricing: dict = field(default_factory=dict)


def _name(size: Sequence[int], note: str = "") -> str:
    return "-".join(str(width) for width in (64, *size, 10)) + note


def candidates(seeds: Sequence[int], sizes: Sequence[Sequence[int]] = SIZES) -> Iterator[Candidate]:
    """Every network of the comparison: plain, in few bits, and in each spike code.

    The networks trained with spikes exist with four steps in every size, and with 1, 2, 4 and 8
    in the last.
    """
    for seed in seeds:
        split = split_of(seed)
        for size in sizes:
            plain = trained("perceptron", seed, hidden=tuple(size))
            yield Candidate("ANN, fp32", _name(size), seed, 0, plain.model(),
                            plain.test_accuracy, {"floating": True})  # fmt: skip
            for family, kind, levels, learned in PLAN:
                for level in levels:
                    found = build(kind, seed, size, level, trained_rounded=learned)
                    scored = accuracy(found.model, split.test_images, split.test_labels)
                    words = kind.startswith("quantised")
                    pixels = found.activation_bits if kind == "quantised input" else 8
                    note = f", {found.activation_bits} bits" if words else f", T = {level}"
                    note += ", pixels too" if kind == "quantised input" else ""
                    note += ", trained so" if learned else ""
                    pricing = {"activation_bits": found.activation_bits if words else 8,
                               "pixel_bits": pixels, "spiking": not words,
                               "leak": words}  # fmt: skip
                    yield Candidate(
                        family, _name(size, note), seed, level, found.model, scored, pricing
                    )
            for step in SURROGATE_STEPS if size == sizes[-1] else (4,):
                spiking = trained("spiking", seed, hidden=tuple(size), time_steps=step)
                yield Candidate("trained with spikes", _name(size, f", T = {step}"), seed, step,
                                spiking.model(), rounded_accuracy(spiking),
                                {"spiking": True, "leak": True})  # fmt: skip


@dataclass(frozen=True)
class Twins:
    """One function twice: ``rate`` in 2^bits − 1 steps, ``word`` in ``bits`` bits.

    ``difference``: largest between their logits on held-out digits.
    """

    seed: int
    bits: int
    rate: nn.Module
    word: nn.Module
    difference: float


def twins(seeds: Sequence[int], most: int, size: Sequence[int] = TWIN) -> Iterator[Twins]:
    """A perceptron with one hidden layer, as bits and as steps, for 1 to ``most`` bits.

    Raises
    ------
    ValueError : more than one hidden layer, where the two are not the same function.
    """
    if len(size) != 1:
        raise ValueError(f"size: got {tuple(size)}; allowed is one hidden layer")
    for seed in seeds:
        images = torch.as_tensor(split_of(seed).test_images)
        for bits in range(1, most + 1):
            rate, word = (build(kind, seed, size, 2**bits - 1) for kind in ("rate", "quantised"))
            gap = float((rate.model(images) - word.model(images)).abs().max())
            yield Twins(seed, bits, rate.model, word.model, gap)
