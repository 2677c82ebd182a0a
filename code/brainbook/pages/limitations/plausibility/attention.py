"""Does feedback alignment train attention? Two tasks, and what to compare it with.

*Digits*: four patches of the image and a token that collects the answer. *Recall*: pairs of a
random code and a value, and one code again; the answer is its value. Codes are new in every
example, so that a network must compare tokens, and only attention compares tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from brainbook.evidence import store
from brainbook.models.learning.feedback_attention import Shape, Weights, draw, gradients, logits
from brainbook.models.learning.rules import cosine
from brainbook.models.learning.training import Adam, Examples, best_rates

from .images import open_digits

DIGITS, RECALL = "digits", "recall"
BACKPROPAGATION, ALIGNMENT, READOUT = "backpropagation", "feedback alignment", "readout only"
BACKPROPAGATION_FROZEN = "backpropagation, attention frozen"
ALIGNMENT_FROZEN = "feedback alignment, attention frozen"
PAIRS, CODE, VALUES = 4, 8, 4
BATCH, CHECK, HELD_OUT = 32, 256, 1024  # examples a step, for cosines, and for scores of recall
RATES = (0.006, 0.02, 0.06)
Batch = tuple[Tensor, Tensor]  # tokens (replicas, size, tokens, inputs), labels (replicas, size)


@dataclass(frozen=True)
class Way:
    """A way to train: whether errors come down at random, and which parameters stay frozen.

    frozen : how their names begin.
    """

    random: bool = False
    frozen: tuple[str, ...] = ()


MATCHING = ("query", "key")
BODY = ("embed", "position", "query", "key", "value", "output", "expand", "contract")
WAYS = {
    BACKPROPAGATION: Way(),
    BACKPROPAGATION_FROZEN: Way(frozen=MATCHING),
    ALIGNMENT: Way(random=True),
    ALIGNMENT_FROZEN: Way(random=True, frozen=MATCHING),
    READOUT: Way(frozen=BODY),
}


@dataclass(frozen=True)
class Task:
    """Size of the network, steps of training, and the ways that are tried."""

    shape: Shape
    steps: int
    ways: tuple[str, ...]

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1 / self.shape.classes


TASKS = {
    DIGITS: Task(
        Shape(inputs=16, tokens=5, width=24, layers=1),
        steps=220,
        ways=(BACKPROPAGATION, ALIGNMENT, READOUT),
    ),
    RECALL: Task(
        Shape(CODE + VALUES, PAIRS + 1, classes=VALUES, width=16, layers=1, heads=2),
        steps=400,
        ways=tuple(WAYS),
    ),
}


def patches(images: Tensor) -> Tensor:
    """Images (…, 64) to an empty token and four patches: (…, 5, 16)."""
    square = images.unflatten(-1, (2, 4, 2, 4)).transpose(-3, -2)  # (…, 2, 2, 4, 4)
    tokens = square.flatten(-4, -3).flatten(-2)  # (…, 4, 16)
    return torch.cat([torch.zeros_like(tokens[..., :1, :]), tokens], dim=-2)


def recall(count: int, generator: torch.Generator) -> Batch:
    """Tokens (count, pairs + 1, code + values) and answers (count,); the query comes first."""
    codes = torch.randn(count, PAIRS, CODE, generator=generator)
    codes = codes / codes.norm(dim=-1, keepdim=True) * CODE**0.5
    values = torch.randint(VALUES, (count, PAIRS), generator=generator)
    asked = torch.randint(PAIRS, (count,), generator=generator)
    rows = torch.arange(count)
    pairs = torch.cat([codes, one_hot(values, VALUES).float()], dim=-1)
    query = torch.cat([codes[rows, asked], torch.zeros(count, VALUES)], dim=-1)
    return torch.cat([query.unsqueeze(1), pairs], dim=1), values[rows, asked]


@dataclass(frozen=True)
class Source:
    """Functions from a size to a batch: to learn from, and to be scored on."""

    learn: Callable[[int], Batch]
    held_out: Callable[[int], Batch]


def recall_source(seeds: Sequence[int], part: str) -> Source:
    """New pairs whenever asked; those held out are others for "test" and for "validation"."""

    def drawn(first: int) -> Callable[[int], Batch]:
        generators = [torch.Generator().manual_seed(first + seed) for seed in seeds]

        def batch(size: int) -> Batch:
            pairs = [recall(size, generator) for generator in generators]
            tokens, answers = (torch.stack(part) for part in zip(*pairs, strict=True))
            return tokens, answers

        return batch

    return Source(drawn(1000), drawn(5000 if part == "test" else 10_000))


def digit_source(seeds: Sequence[int], digits: Examples) -> Source:
    """Training images of each replica in an order of its own; all images held out."""
    generators = [torch.Generator().manual_seed(1000 + seed) for seed in seeds]
    tokens, each = patches(digits.images), torch.arange(len(seeds)).unsqueeze(1)
    held_out = patches(digits.test_images), digits.test_labels

    def some(size: int) -> Batch:
        orders = [torch.randperm(tokens.shape[1], generator=g)[:size] for g in generators]
        chosen = torch.stack(orders)  # (replicas, size)
        return tokens[each, chosen], digits.labels[each, chosen]

    return Source(some, lambda _: held_out)


def train(
    task: Task, way: Way, source: Source, seeds: Sequence[int], rates: Sequence[float]
) -> pd.DataFrame:
    """One replica per pair of ``seeds`` and ``rates``; Adam with a rate that falls to zero.

    Parameters
    ----------
    task, way : what is learned, and how.
    source : batches of as many replicas.
    seeds : of the weights.
    rates : first learning rates.

    Columns
    -------
    seed, rate : a row for each replica.
    accuracy : on held-out data.
    cosine of each linear map : between the change that feedback alignment asks for and the
        gradient, after training.
    """
    weights, feedback = draw(seeds, task.shape)
    peak, adam = torch.tensor(rates), None
    for step in range(task.steps):
        wires = feedback if way.random else weights
        batch = source.learn(BATCH)
        changes = gradients(weights, wires, *batch, task.shape, _starting(way.frozen))
        adam = adam or Adam(list(changes.values()))
        rate = (peak * (1 - step / task.steps)).reshape(-1, 1, 1)
        moves = zip(changes, adam(list(changes.values())), strict=True)
        weights = weights | {name: weights[name] - rate * move for name, move in moves}
    tokens, labels = source.held_out(HELD_OUT)
    with torch.no_grad():
        right = logits(weights, weights, tokens, task.shape).argmax(-1) == labels
    table = pd.DataFrame({"seed": list(seeds), "rate": list(rates)})
    table["accuracy"] = right.double().mean(dim=1).numpy()
    return table.assign(**_alignment(weights, feedback, source.learn(CHECK), task.shape))


def _starting(beginnings: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: name.startswith(beginnings)


def _alignment(
    weights: Weights, feedback: Weights, batch: Batch, shape: Shape
) -> dict[str, np.ndarray]:
    """Cosine between the change by feedback alignment and the gradient, by linear map."""
    truth = gradients(weights, weights, *batch, shape)
    random = gradients(weights, feedback, *batch, shape)
    return {f"cosine {name}": cosine(random[name], truth[name]).numpy() for name in shape.maps}


def open_source(name: str, seeds: Sequence[int], part: str) -> Source:
    """Batches of a task, a replica a seed."""
    if name == RECALL:
        return recall_source(seeds, part)
    unique = sorted(set(seeds))
    return digit_source(seeds, open_digits(unique, part).replicas(map(unique.index, seeds)))


@store.kept
def measure_way(
    name: str, task: Task, way: Way, seeds: Sequence[int], rates: Sequence[float]
) -> pd.DataFrame:
    """Page limitations/plausibility: one way to train on one task, each seed at its best rate.

    ``name`` is the task's; rates are chosen on validation data. Returns the table of
    :func:`train`.
    """
    pairs = [(seed, rate) for seed in seeds for rate in rates]
    each, tried = (list(column) for column in zip(*pairs, strict=True))
    tuning = train(task, way, open_source(name, each, "validation"), each, tried)
    best = best_rates(tuning).loc[list(seeds)].tolist()
    return train(task, way, open_source(name, seeds, "test"), seeds, best)


def measure_attention(
    seeds: Sequence[int],
    tasks: Mapping[str, Task] = TASKS,
    rates: Sequence[float] = RATES,
) -> pd.DataFrame:
    """Page limitations/plausibility, figure draw_feedback_attention: a row per task, way, seed.

    The columns of :func:`train`, and way and task.
    """
    frames = []
    for name, task in tasks.items():
        for way in task.ways:
            table = measure_way(name, task, WAYS[way], seeds, rates)
            table.insert(2, "way", way)
            table.insert(3, "task", name)
            frames.append(table)
    return pd.concat(frames, ignore_index=True)
