"""Train one small network by each learning rule, each at its own best learning rate.

Repetitions with different seeds, and the learning rates tried, run side by side. Each seed picks
its rate on validation images, a part of its own training images; the test images are scored once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from brainbook.evidence.store import made_once
from brainbook.models.digits.training import examples

from .eligibility import BackpropagationThroughTime, Eprop, SymmetricEprop
from .equilibrium_propagation import EquilibriumPropagation
from .hebbian import HebbianFeatures
from .predictive_coding import PredictiveCoding
from .rules import (
    WIDTHS,
    Backpropagation,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    KolenPollack,
    Net,
    ReadoutOnly,
    Rule,
    SignSymmetry,
    cosine,
    draw_net,
)

CLASSES = 10
CHECK_IMAGES = 256
WATCH_EVERY = 3


@dataclass(frozen=True)
class Setting:
    """How a rule is tried: how it is made, its layers, its learning rates, its epochs."""

    make: Callable[[], Rule]
    rates: tuple[float, ...]
    widths: tuple[int, ...] = WIDTHS
    epochs: int = 24
    gain: float = 1.0
    adam: bool = False
    batch: int = 32


SETTINGS = {
    "backpropagation": Setting(Backpropagation, (0.3, 0.6, 1.2)),
    "sign symmetry": Setting(SignSymmetry, (0.3, 0.6, 1.2)),
    "Kolen-Pollack": Setting(KolenPollack, (0.4, 0.8, 1.6)),
    "feedback alignment": Setting(FeedbackAlignment, (0.2, 0.4, 0.8)),
    "direct feedback alignment": Setting(DirectFeedbackAlignment, (0.05, 0.1, 0.2)),
    "predictive coding": Setting(partial(PredictiveCoding, precision=0.1), (0.4, 0.8, 1.6)),
    "equilibrium, two-sided": Setting(EquilibriumPropagation, (0.15, 0.3, 0.6), gain=0.3),
    "equilibrium, one-sided": Setting(
        partial(EquilibriumPropagation, symmetric=False), (0.04, 0.08, 0.16), gain=0.3
    ),
    "one-sided, patient": Setting(
        partial(EquilibriumPropagation, symmetric=False, free=40), (0.16,), gain=0.3
    ),
    "Hebbian features": Setting(HebbianFeatures, (0.2, 0.4, 0.8), (64, 48, 10)),
    "random features": Setting(ReadoutOnly, (0.6, 1.2, 2.4)),
    "no hidden layer": Setting(ReadoutOnly, (0.06, 0.12, 0.24), (64, 10)),
    "through time": Setting(BackpropagationThroughTime, (0.004, 0.008, 0.016), adam=True, batch=64),
    "e-prop, transposes": Setting(SymmetricEprop, (0.008, 0.016, 0.032), adam=True, batch=64),
    "e-prop, random": Setting(Eprop, (0.016, 0.032, 0.064), adam=True, batch=64),
}


@dataclass
class Trained:
    """Replicas in the order of ``seeds``: nets, accuracy in [0, 1], and the way there.

    ``history`` has a row per seed, epoch and layer: ``cosine`` between the rule's change and the
    gradient of the loss on training images, ``asymmetry`` ‖W − B‖/‖W‖ of the way down.
    """

    net: Net
    accuracy: np.ndarray
    history: pd.DataFrame


def stacked(seeds: Sequence[int], part: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images (replicas, count, 64) and labels (replicas, count), to learn from and to score."""
    splits = [examples(seed, part) for seed in seeds]

    def images(name: str) -> Tensor:
        return torch.stack([torch.as_tensor(getattr(s, name)).flatten(1) for s in splits])

    def labels(name: str) -> Tensor:
        return torch.stack([torch.as_tensor(getattr(s, name)) for s in splits])

    return (images("train_images"), labels("train_labels"),
            images("test_images"), labels("test_labels"))  # fmt: skip


def fresh(name: str, seeds: Sequence[int], dtype: torch.dtype = torch.float32) -> Net:
    """Untrained networks for a rule, one per seed."""
    setting = SETTINGS[name]
    rule = setting.make()
    if hasattr(rule, "draw"):
        return rule.draw(seeds, dtype)
    return draw_net(seeds, setting.widths, setting.gain, dtype)


def score(rule: Rule, net: Net, images: Tensor, labels: Tensor) -> np.ndarray:
    """Share of images read correctly, per replica."""
    return (rule.predict(net, images).argmax(-1) == labels).double().mean(-1).numpy()


class Adam:
    """Adam's scaled steps (Kingma & Ba 2015), each synapse with its own two running means."""

    def __init__(self, first: float = 0.9, second: float = 0.999, least: float = 1e-8) -> None:
        self.first, self.second, self.least = first, second, least
        self.step, self.means, self.squares = 0, [], []

    def __call__(self, gradients: list[Tensor]) -> list[Tensor]:
        """Steps to take in place of the gradients."""
        if not self.step:
            self.means = [torch.zeros_like(g) for g in gradients]
            self.squares = [torch.zeros_like(g) for g in gradients]
        self.step += 1
        for mean, square, gradient in zip(self.means, self.squares, gradients, strict=True):
            mean.lerp_(gradient, 1 - self.first)
            square.lerp_(gradient**2, 1 - self.second)
        unbias, unsquare = 1 - self.first**self.step, 1 - self.second**self.step
        return [
            (mean / unbias) / ((square / unsquare).sqrt() + self.least)
            for mean, square in zip(self.means, self.squares, strict=True)
        ]


def learn(
    net: Net, rule: Rule, inputs: Tensor, targets: Tensor, rate: Tensor, scale: Callable = list
) -> None:
    """One step of descent in place; ``rate`` is (replicas, 1, 1), ``scale`` turns it into steps."""
    wires = rule.wires(net)
    activity = rule.run(net, wires, inputs, targets).activity
    changes = scale(rule.gradients(activity, net, wires))
    keep = 1 - rule.decay
    net.weights = [keep * w - rate * g for w, g in zip(net.weights, changes, strict=True)]
    if getattr(rule, "learns_wires", False):
        net.feedback = [keep * b - rate * g for b, g in zip(net.feedback, changes, strict=True)]


def reference(rule: Rule, net: Net, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    """Gradient of the loss of the network that the rule trains."""
    if hasattr(rule, "true_gradients"):
        return rule.true_gradients(net, inputs, targets)
    chain = Backpropagation()
    activity = chain.run(net, net.weights, inputs, targets).activity
    return chain.gradients(activity, net, net.weights)


def _watch(rule: Rule, net: Net, inputs: Tensor, targets: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Per layer and replica: cosine to the gradient, and asymmetry of the way down."""
    wires = rule.wires(net)
    changes = rule.gradients(rule.run(net, wires, inputs, targets).activity, net, wires)
    truth = reference(rule, net, inputs, targets)
    found = []
    for layer, (change, gradient) in enumerate(zip(changes, truth, strict=True)):
        weights, back = net.weights[layer], net.feedback[layer]
        gap = (weights - back).flatten(1).norm(dim=1) / weights.flatten(1).norm(dim=1)
        found.append((cosine(change, gradient), gap))
    return found


def train(
    name: str, seeds: Sequence[int], rates: Sequence[float], part: str = "test",
    epochs: int | None = None, watch: bool = False,
) -> Trained:  # fmt: skip
    """Train one replica per pair of ``seeds`` and ``rates`` by the rule ``name``.

    The rate falls linearly to zero. The seed determines weights and the order of the images.

    Raises
    ------
    ValueError : an unknown rule, or seeds and rates that do not pair up.
    """
    if name not in SETTINGS:
        raise ValueError(f"name: got {name!r}; allowed are {tuple(SETTINGS)}")
    if len(seeds) != len(rates):
        raise ValueError(f"rates: got {len(rates)} for {len(seeds)} seeds; must be as many")
    setting = SETTINGS[name]
    rule, epochs = setting.make(), epochs or setting.epochs
    net = fresh(name, seeds)
    images, labels, test_images, test_labels = stacked(seeds, part)
    if not getattr(rule, "raw_inputs", False):
        mean = images.mean(dim=1, keepdim=True)
        images, test_images = images - mean, test_images - mean
    targets = one_hot(labels, CLASSES).to(images.dtype)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    peak = torch.tensor(rates, dtype=images.dtype).reshape(-1, 1, 1)
    each = torch.arange(len(seeds)).unsqueeze(1)
    check, count, rows = slice(0, CHECK_IMAGES), images.shape[1], []
    batch = setting.batch
    steps, scale = epochs * (count // batch), Adam() if setting.adam else list
    for epoch in range(epochs + 1):
        if watch and epoch % WATCH_EVERY == 0:
            seen = _watch(rule, net, images[:, check], targets[:, check])
            rows += [(s, epoch, n + 1, float(c[i]), float(g[i])) for n, (c, g) in enumerate(seen)
                     for i, s in enumerate(seeds)]  # fmt: skip
        if epoch == epochs:
            break
        order = torch.stack([torch.randperm(count, generator=g) for g in generators])
        for index in range(count // batch):
            chosen = order[:, index * batch : (index + 1) * batch]
            fall = 1 - (epoch * (count // batch) + index) / steps
            learn(net, rule, images[each, chosen], targets[each, chosen], fall * peak, scale)
    columns = ["seed", "epoch", "layer", "cosine", "asymmetry"]
    history = pd.DataFrame(rows, columns=columns)
    return Trained(net, score(rule, net, test_images, test_labels), history)


def tuned(name: str, seeds: Sequence[int]) -> pd.DataFrame:
    """Validation accuracy for each seed and each rate of the rule's grid."""
    rates = SETTINGS[name].rates
    pairs = [(seed, rate) for seed in seeds for rate in rates]
    found = train(name, *map(list, zip(*pairs, strict=True)), part="validation")
    table = pd.DataFrame(pairs, columns=["seed", "rate"])
    return table.assign(rule=name, accuracy=found.accuracy)


def best_rates(table: pd.DataFrame) -> pd.Series:
    """The rate with the highest validation accuracy, by seed; the smaller one of two equals."""
    ordered = table.sort_values(["accuracy", "rate"], ascending=[False, True])
    return ordered.groupby("seed")["rate"].first()


def _untuned(name: str, seeds: Sequence[int]) -> pd.DataFrame:
    """The table of ``tuned`` for a rule whose only rate was fixed beforehand."""
    rate = SETTINGS[name].rates[0]
    return pd.DataFrame({"seed": seeds, "rate": rate, "rule": name, "accuracy": float("nan")})


def trial(name: str, seeds: Sequence[int]) -> tuple[pd.DataFrame, Trained]:
    """Choose each seed's rate, then train on all training images and score the test images.

    A rule with a single rate is not tuned; its validation accuracy is NaN.
    Both are read from the store where they have been made before.
    """
    seeds = tuple(seeds)
    table = _untuned(name, seeds)
    if len(SETTINGS[name].rates) > 1:
        table = made_once(tuned, name=name, seeds=seeds)
    rates = tuple(float(rate) for rate in best_rates(table).loc[list(seeds)])
    return table, made_once(train, name=name, seeds=seeds, rates=rates, watch=True)
