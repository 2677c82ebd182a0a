"""Which networks stand in the comparison of codes, and with what accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from brainbook.models.digits.perceptron import PerceptronShape
from brainbook.models.digits.quantisation import RoundedProducts
from brainbook.models.digits.spiking_network import SpikingShape
from brainbook.models.digits.training import Trained

from .networks import Reader, best_thresholds, bits_of, build

SIZES = ((16,), (32,), (128, 128))
BYTE = 8
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


@dataclass(frozen=True)
class TrainedSet:
    """All that was trained for one size of network on one split.

    reader : the plain perceptron. rounded : trained for few levels, by number of levels above
    zero. spiking : trained with spikes, by time steps.
    """

    reader: Reader
    rounded: Mapping[int, Trained[PerceptronShape]]
    spiking: Mapping[int, Trained[SpikingShape]]


@dataclass(frozen=True)
class Candidate:
    """A network in the comparison.

    levels : steps, bins or levels above zero; 0 for a plain network. accuracy : on held-out
    digits, with the weights rounded to 8 bits, except in 32-bit floating point. pricing : what
    a price list must know: ``activation_bits``, ``spiking``, ``leak``, ``floating``.
    """

    family: str
    network: str
    levels: int
    model: nn.Module
    accuracy: float
    pricing: dict = field(default_factory=dict)


def network_name(hidden: Sequence[int]) -> str:
    """``64-16-10``: numbers of pixels, of hidden units a layer, and of classes."""
    return "-".join(str(width) for width in (64, *hidden, 10))


def candidates(trained: TrainedSet) -> Iterator[Candidate]:
    """Every network of the comparison: plain, in few bits, and in each spike code."""
    reader = trained.reader
    name = network_name(reader.perceptron.shape.hidden)
    plain, exact = reader.perceptron, reader.accuracy()
    yield Candidate("ANN, fp32", name, 0, plain, exact, {"floating": True})
    eight = reader.in_bits(BYTE)
    activations = eight.in_training()
    for family, kind, levels, learned in PLAN:
        for level in levels:
            if learned:
                network = trained.rounded[level].model()
                own = Reader(reader.seed, reader.split, network).in_bits(BYTE)
                thresholds = network.largest()
            else:
                own, thresholds = eight, best_thresholds(activations, level)
            model = build(kind, own.perceptron, thresholds, level, spike_seed=reader.seed)
            note, pricing = _described(kind, level, learned)
            yield Candidate(family, name + note, level, model, reader.accuracy(model), pricing)
    for steps, spiking in trained.spiking.items():
        model = spiking.model()
        with RoundedProducts(BYTE):
            scored = reader.accuracy(model)
        pricing = {"spiking": True, "leak": True}
        yield Candidate(
            "trained with spikes", f"{name}, T = {steps}", steps, model, scored, pricing
        )


def _described(kind: str, levels: int, learned: bool) -> tuple[str, dict]:
    """What a network's name says of it, and what its price depends on."""
    words, bits = kind.startswith("quantised"), bits_of(levels)
    note = f", {bits} bits" if words else f", T = {levels}"
    note += ", pixels too" if kind == "quantised input" else ""
    note += ", trained so" if learned else ""
    return note, {
        "activation_bits": bits if words else BYTE,
        "pixel_bits": bits if kind == "quantised input" else BYTE,
        "spiking": not words,
        "leak": words,
    }


@dataclass(frozen=True)
class Twins:
    """One function twice: ``rate`` in 2^bits − 1 steps, ``word`` in ``bits`` bits.

    ``difference``: largest between their logits on held-out digits.
    """

    bits: int
    rate: nn.Module
    word: nn.Module
    difference: float


def twins(reader: Reader, most: int) -> Iterator[Twins]:
    """A perceptron with one hidden layer, as bits and as steps, for 1 to ``most`` bits.

    Raises
    ------
    ValueError : more than one hidden layer, where the two are not the same function.
    """
    hidden = reader.perceptron.shape.hidden
    if len(hidden) != 1:
        raise ValueError(f"reader: got hidden layers {hidden}; allowed is one")
    eight = reader.in_bits(BYTE)
    activations = eight.in_training()
    for bits in range(1, most + 1):
        levels = 2**bits - 1
        thresholds = best_thresholds(activations, levels)
        rate, word = (
            build(kind, eight.perceptron, thresholds, levels) for kind in ("rate", "quantised")
        )
        gap = float((rate(reader.images) - word(reader.images)).abs().max())
        yield Twins(bits, rate, word, gap)
