"""Does feedback alignment train attention? Two tasks, and what to compare it with.

*Digits*: four patches of the image and a token that collects the answer. *Recall*: pairs of a
random code and a value, and one code again; the answer is its value. Codes are new in every
example, so that a network must compare tokens, and only attention compares tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from brainbook.evidence.store import made_once
from brainbook.models.learning.feedback_attention import Shape, Weights, draw, gradients, logits
from brainbook.models.learning.rules import cosine
from brainbook.models.learning.training import Adam, best_rates, stacked

PAIRS, CODE, VALUES = 4, 8, 4
SHAPES = {
    "digits": Shape(inputs=16, tokens=5, width=24, layers=1),
    "recall": Shape(
        inputs=CODE + VALUES, tokens=PAIRS + 1, classes=VALUES, width=16, layers=1, heads=2
    ),
}
STEPS = {"digits": 220, "recall": 400}
BATCH = {"digits": 32, "recall": 32}
CHECK = 256
RATES = (0.006, 0.02, 0.06)


@dataclass(frozen=True)
class Way:
    """A way to train: whether errors come down at random, and which parameters stay frozen."""

    random: bool
    frozen: Callable[[str], bool]


def _none(name: str) -> bool:
    return False


def _matching(name: str) -> bool:
    return name.startswith(("query", "key"))


def _body(name: str) -> bool:
    return name != "head"


WAYS = {
    "backpropagation": Way(False, _none),
    "backpropagation, attention frozen": Way(False, _matching),
    "feedback alignment": Way(True, _none),
    "feedback alignment, attention frozen": Way(True, _matching),
    "readout only": Way(False, _body),
}
TRIED = {"digits": ("backpropagation", "feedback alignment", "readout only"), "recall": tuple(WAYS)}
Source = Callable[[int], tuple[Tensor, Tensor]]


def patches(images: Tensor) -> Tensor:
    """Images (…, 64) to an empty token and four patches: (…, 5, 16)."""
    square = images.unflatten(-1, (2, 4, 2, 4)).transpose(-3, -2)
    tokens = square.flatten(-4, -3).flatten(-2)
    return torch.cat([torch.zeros_like(tokens[..., :1, :]), tokens], dim=-2)


def recall(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Tokens (count, pairs + 1, code + values) and answers (count,); the query comes first."""
    codes = torch.randn(count, PAIRS, CODE, generator=generator)
    codes = codes / codes.norm(dim=-1, keepdim=True) * CODE**0.5
    values = torch.randint(VALUES, (count, PAIRS), generator=generator)
    asked = torch.randint(PAIRS, (count,), generator=generator)
    rows = torch.arange(count)
    pairs = torch.cat([codes, one_hot(values, VALUES).float()], dim=-1)
    query = torch.cat([codes[rows, asked], torch.zeros(count, VALUES)], dim=-1)
    return torch.cat([query.unsqueeze(1), pairs], dim=1), values[rows, asked]


def _sources(task: str, seeds: Sequence[int], part: str) -> tuple[Source, Source]:
    """Functions that draw a batch for every replica: to learn from, and to be scored on."""
    generators = [torch.Generator().manual_seed(1000 + seed) for seed in seeds]
    if task == "recall":
        offset = 1 if part == "test" else 2
        held_out = [torch.Generator().manual_seed(5000 * offset + seed) for seed in seeds]

        def drawn(sources):
            def batch(size: int):
                pairs = [recall(size, generator) for generator in sources]
                return tuple(map(torch.stack, zip(*pairs, strict=True)))

            return batch

        return drawn(generators), drawn(held_out)
    images, labels, test_images, test_labels = stacked(seeds, part)
    mean = images.mean(dim=1, keepdim=True)
    tokens, test_tokens = patches(images - mean), patches(test_images - mean)
    each = torch.arange(len(seeds)).unsqueeze(1)

    def some(size: int) -> tuple[Tensor, Tensor]:
        chosen = torch.stack(
            [torch.randperm(images.shape[1], generator=g)[:size] for g in generators]
        )
        return tokens[each, chosen], labels[each, chosen]

    return some, lambda size: (test_tokens, test_labels)


def train(
    task: str, way: str, seeds: Sequence[int], rates: Sequence[float], part: str = "test",
    steps: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """One replica per pair of ``seeds`` and ``rates``; Adam with a rate that falls to zero.

    Columns: seed, rate, accuracy on held-out data, and for each linear map the cosine between the
    change that the rule asks for and the gradient, after training.

    Raises
    ------
    ValueError : an unknown task or way.
    """
    for name, value, known in (("task", task, SHAPES), ("way", way, WAYS)):
        if value not in known:
            raise ValueError(f"{name}: got {value!r}; allowed are {tuple(known)}")
    shape, chosen, steps = SHAPES[task], WAYS[way], steps or STEPS[task]
    weights, feedback = draw(seeds, shape)
    source, held_out = _sources(task, seeds, part)
    peak, adam = torch.tensor(rates), Adam()
    for step in range(steps):
        changes = _changes(weights, feedback, chosen, *source(BATCH[task]), shape)
        moves = dict(zip(changes, adam(list(changes.values())), strict=True))
        fall = peak * (1 - step / steps)
        weights = weights | {n: weights[n] - fall.reshape(-1, 1, 1) * m for n, m in moves.items()}
    tokens, labels = held_out(CHECK * 4)
    with torch.no_grad():
        right = logits(weights, weights, tokens, shape).argmax(-1) == labels
    table = pd.DataFrame({"seed": list(seeds), "rate": list(rates), "way": way, "task": task})
    table["accuracy"] = right.double().mean(dim=1).numpy()
    return table.assign(**_alignment(weights, feedback, *source(CHECK), shape))


def _changes(
    weights: Weights, feedback: Weights, way: Way, tokens, labels, shape: Shape
) -> Weights:
    wires = feedback if way.random else weights
    return gradients(weights, wires, tokens, labels, shape, way.frozen)


def _alignment(weights: Weights, feedback: Weights, tokens, labels, shape: Shape) -> dict:
    """Cosine between the change by feedback alignment and the gradient, by linear map."""
    truth = gradients(weights, weights, tokens, labels, shape)
    random = gradients(weights, feedback, tokens, labels, shape)
    return {f"cosine {n}": cosine(random[n], truth[n]).numpy() for n in shape.maps}


def trials(task: str, seeds: Sequence[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Validation accuracy by way, seed and rate; held-out results at each seed's best rate."""
    tables, found = [], []
    pairs = [(seed, rate) for seed in seeds for rate in RATES]
    for way in TRIED[task]:
        columns = dict(zip(("seeds", "rates"), map(tuple, zip(*pairs, strict=True)), strict=True))
        table = made_once(train, task=task, way=way, part="validation", **columns)
        rates = tuple(float(rate) for rate in best_rates(table).loc[list(seeds)])
        tables.append(table[["task", "way", "seed", "rate", "accuracy"]])
        found.append(made_once(train, task=task, way=way, seeds=tuple(seeds), rates=rates))
    return pd.concat(tables, ignore_index=True), pd.concat(found, ignore_index=True)


def chance(task: str) -> float:
    """Accuracy of a guess."""
    return 1 / SHAPES[task].classes


def frozen_share(task: str, way: str) -> float:
    """Share of the weights that stay as they were drawn."""
    sizes = {n: a * (b + 1) for n, (a, b) in SHAPES[task].maps.items()}
    frozen = sum(size for name, size in sizes.items() if WAYS[way].frozen(name))
    return float(np.divide(frozen, sum(sizes.values())))
