"""Train one small network by a learning rule, many repetitions of it side by side.

Repetitions with different seeds, and the learning rates tried, are replicas of one network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from brainbook.evidence.datasets import Split

from .rules import Net, Rule, cosine, draw_net

CLASSES = 10
CHECK_IMAGES = 256  # on which a rule's change is compared with the gradient
WATCH_EVERY = 3  # epochs


@dataclass(frozen=True)
class Examples:
    """Images (replicas, count, pixels) and labels (replicas, count), to learn from and to score."""

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def replicas(self, index: Sequence[int]) -> Examples:
        """Those of the replicas ``index``, each as often as it is named."""
        chosen = list(index)
        return Examples(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def stacked(splits: Sequence[Split]) -> Examples:
    """A replica a split; the mean of its training images is taken from all its images."""

    def joined(name: str) -> Tensor:
        return torch.stack([torch.as_tensor(getattr(split, name)) for split in splits])

    images, test_images = joined("train_images").flatten(2), joined("test_images").flatten(2)
    mean = images.mean(dim=1, keepdim=True)  # (replicas, 1, pixels)
    return Examples(
        images - mean, joined("train_labels"), test_images - mean, joined("test_labels")
    )


@dataclass(frozen=True)
class Setting:
    """How a rule is tried.

    Parameters
    ----------
    rule : the learning rule.
    rates : learning rates to choose from.
    draw : untrained networks, from seeds and ``dtype``.
    epochs : passes over the images.
    batch : images a step.
    adam : Adam's steps in place of plain descent.
    """

    rule: Rule
    rates: tuple[float, ...]
    draw: Callable[..., Net] = draw_net
    epochs: int = 24
    batch: int = 32
    adam: bool = False


@dataclass
class Trained:
    """Replicas in the order of the seeds: nets, accuracy in [0, 1], and the way there.

    history : columns
        seed, epoch, layer : a row for each.
        cosine : between the rule's change and the gradient of the loss on training images.
        asymmetry : ‖W − B‖/‖W‖ of the way down.
    """

    net: Net
    accuracy: np.ndarray
    history: pd.DataFrame


class Adam:
    """Adam's scaled steps (Kingma & Ba 2015), each synapse with its own two running means.

    torch's optimiser has one learning rate for all replicas; here each replica has its own.
    """

    def __init__(
        self,
        gradients: Sequence[Tensor],
        first: float = 0.9,
        second: float = 0.999,
        least: float = 1e-8,
    ) -> None:
        self.first, self.second, self.least, self.step = first, second, least, 0
        self.means = [torch.zeros_like(gradient) for gradient in gradients]
        self.squares = [torch.zeros_like(gradient) for gradient in gradients]

    def __call__(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Steps to take in place of the gradients, each of the shape of its gradient."""
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
    net: Net,
    rule: Rule,
    inputs: Tensor,
    targets: Tensor,
    rate: Tensor,
    scale: Callable[[list[Tensor]], list[Tensor]] = list,
) -> None:
    """One step of descent in place.

    Parameters
    ----------
    net, rule : what learns, and how.
    inputs, targets : (replicas, batch, units) of the first and of the last layer.
    rate : learning rate, (replicas, 1, 1).
    scale : turns the gradients into the steps to take.
    """
    wires = rule.wires(net)
    activity = rule.run(net, wires, inputs, targets).activity
    changes = scale(rule.gradients(activity, net, wires))
    keep = 1 - rule.decay
    net.weights = [keep * w - rate * g for w, g in zip(net.weights, changes, strict=True)]
    if rule.learns_wires:
        net.feedback = [keep * b - rate * g for b, g in zip(net.feedback, changes, strict=True)]


def score(rule: Rule, net: Net, images: Tensor, labels: Tensor) -> np.ndarray:
    """Share of images read correctly, per replica."""
    return (rule.predict(net, images).argmax(-1) == labels).double().mean(-1).numpy()


def train(
    setting: Setting,
    examples: Examples,
    seeds: Sequence[int],
    rates: Sequence[float],
    watch: bool = False,
) -> Trained:
    """Train one replica per pair of ``seeds`` and ``rates``; the rate falls linearly to zero.

    Parameters
    ----------
    setting : the rule, and how it is tried.
    examples : of as many replicas.
    seeds : of the weights and of the order of the images.
    rates : first learning rates.
    watch : keep a history of the way there; without it, of the end only.

    Raises
    ------
    ValueError : seeds, rates and replicas do not pair up.
    """
    if not len(seeds) == len(rates) == len(examples.images):
        got = f"{len(rates)} for {len(seeds)} seeds and {len(examples.images)} replicas"
        raise ValueError(f"rates: got {got}; must be as many")
    net, rule, inputs = setting.draw(seeds), setting.rule, examples.images
    targets = one_hot(examples.labels, CLASSES).to(inputs.dtype)
    checked = inputs[:, :CHECK_IMAGES], targets[:, :CHECK_IMAGES]
    each, peak = torch.arange(len(seeds)).unsqueeze(1), torch.tensor(rates, dtype=inputs.dtype)
    scale, history = Adam(net.weights) if setting.adam else list, []
    an_epoch = inputs.shape[1] // setting.batch
    steps = setting.epochs * an_epoch
    for step, chosen in enumerate(_batches(seeds, inputs.shape[1], setting)):
        if watch and step % (WATCH_EVERY * an_epoch) == 0:
            history.append(_watched(rule, net, *checked, seeds).assign(epoch=step // an_epoch))
        rate = (1 - step / steps) * peak.reshape(-1, 1, 1)
        learn(net, rule, inputs[each, chosen], targets[each, chosen], rate, scale)
    history.append(_watched(rule, net, *checked, seeds).assign(epoch=setting.epochs))
    columns = ["seed", "epoch", "layer", "cosine", "asymmetry"]
    return Trained(
        net,
        score(rule, net, examples.test_images, examples.test_labels),
        pd.concat(history, ignore_index=True)[columns],
    )


def _batches(seeds: Sequence[int], count: int, setting: Setting) -> Iterator[Tensor]:
    """Numbers of images (replicas, batch), step by step; each replica has an order of its own."""
    generators, whole = [torch.Generator().manual_seed(seed) for seed in seeds], setting.batch
    for _ in range(setting.epochs):
        order = torch.stack([torch.randperm(count, generator=g) for g in generators])
        yield from order[:, : count // whole * whole].split(whole, dim=1)


def _watched(
    rule: Rule, net: Net, inputs: Tensor, targets: Tensor, seeds: Sequence[int]
) -> pd.DataFrame:
    """Columns seed, layer, cosine to the gradient, asymmetry of the way down."""
    wires = rule.wires(net)
    changes = rule.gradients(rule.run(net, wires, inputs, targets).activity, net, wires)
    truth, frames = rule.true_gradients(net, inputs, targets), []
    for layer, (change, gradient) in enumerate(zip(changes, truth, strict=True)):
        weights, back = net.weights[layer], net.feedback[layer]
        gap = (weights - back).flatten(1).norm(dim=1) / weights.flatten(1).norm(dim=1)
        alike = cosine(change, gradient)
        columns = {"cosine": alike.double().numpy(), "asymmetry": gap.double().numpy()}
        frames.append(pd.DataFrame({"seed": seeds, "layer": layer + 1, **columns}))
    return pd.concat(frames, ignore_index=True)


def tuned(setting: Setting, examples: Examples, seeds: Sequence[int]) -> pd.DataFrame:
    """Accuracy on held-out images for each seed and each rate: columns seed, rate, accuracy.

    ``examples`` has a replica a seed. A single rate is not tried; its accuracy is NaN.
    """
    pairs = [(seed, rate) for seed in seeds for rate in setting.rates]
    table = pd.DataFrame(pairs, columns=["seed", "rate"])
    if len(setting.rates) == 1:
        return table.assign(accuracy=float("nan"))
    replicas = examples.replicas(np.repeat(np.arange(len(seeds)), len(setting.rates)))
    trained = train(setting, replicas, table["seed"].tolist(), table["rate"].tolist())
    return table.assign(accuracy=trained.accuracy)


def best_rates(table: pd.DataFrame) -> pd.Series:
    """The rate with the highest accuracy, by seed; the smaller one of two equals."""
    ordered = table.sort_values(["accuracy", "rate"], ascending=[False, True])
    return ordered.groupby("seed")["rate"].first()
