"""How every network of the book learns the handwritten digits: one recipe for all.

The recipe is AdamW with a linear warm-up and a cosine decay, and cross-entropy; some of the
training images are shifted by a pixel. Only the learning rate, the weight decay and the number
of epochs differ between networks. They are chosen on a validation part of the training images,
never on the test images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy, pad

from brainbook.evidence.datasets import Split, digits

from .stacked import StackedLayers, stacked, unstack

PARTS = ("test", "validation")
ALIGNED = 16  # numbers of 4 bytes in a cache line

Shape = TypeVar("Shape")
Objective = Callable[[nn.Module, Tensor, Tensor], Tensor]
Rates = Callable[[nn.Module, np.ndarray], Sequence[float]]


@dataclass(frozen=True)
class Recipe:
    """What a training run is free to choose.

    Parameters
    ----------
    epochs : passes over the training images.
    learning_rate : peak of the schedule.
    weight_decay : of AdamW, on weight matrices only.
    batch_size : images a step.
    shift : a shifted training image moves by up to this many pixels each way.
    shifted_fraction : share of the training images that are shifted, in [0, 1].
    warm_up : fraction of the steps in which the learning rate rises.

    Raises
    ------
    ValueError : a value that no training run could use.
    """

    epochs: int = 24
    learning_rate: float = 1e-2
    weight_decay: float = 0.1
    batch_size: int = 128
    shift: int = 1
    shifted_fraction: float = 0.3
    warm_up: float = 0.1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: got {getattr(self, name)}; must be at least 1")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate: got {self.learning_rate}; must be positive")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay: got {self.weight_decay}; must be at least 0")
        if not 0 <= self.shift <= 3:
            raise ValueError(f"shift: got {self.shift}; allowed are 0 to 3 pixels")
        if not 0 <= self.shifted_fraction <= 1:
            raise ValueError(f"shifted_fraction: got {self.shifted_fraction}; must lie in [0, 1]")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"warm_up: got {self.warm_up}; must lie in [0, 1)")


def examples(seed: int, part: str = "test") -> Split:
    """Images to learn from and images to be scored on.

    ``test``: the split ``digits(seed)``. ``validation``: its training images alone, split
    again, so that settings can be chosen without a look at the test images.

    Raises
    ------
    ValueError : another part.
    """
    if part not in PARTS:
        raise ValueError(f"part: got {part!r}; allowed are {PARTS}")
    split = digits(seed)
    if part == "test":
        return split
    train_images, images, train_labels, labels = train_test_split(
        split.train_images,
        split.train_labels,
        test_size=0.25,
        random_state=seed,
        stratify=split.train_labels,
    )
    return Split(train_images, train_labels, images, labels)


def seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network with the weights that ``seed`` determines; other random state stays."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def shifted(images: Tensor, shift: int, fraction: float, generator: torch.Generator) -> Tensor:
    """Move a ``fraction`` of the images (batch, 8, 8), each by its own offset.

    Offsets are at most ``shift`` pixels each way. What leaves the frame is lost, and zeros
    enter on the other side.
    """
    return moved(images, shift, offsets(len(images), shift, fraction, generator))


def offsets(batch: int, shift: int, fraction: float, generator: torch.Generator) -> Tensor:
    """Where :func:`moved` begins to read padded images, (2, batch, 1); ``shift`` is no move."""
    offset = torch.randint(0, 2 * shift + 1, (2, batch, 1), generator=generator)
    stays = torch.rand(batch, 1, generator=generator) >= fraction
    return torch.where(stays, shift, offset)


def moved(images: Tensor, shift: int, offset: Tensor) -> Tensor:
    """Images (batch, 8, 8), padded by ``shift`` zeros all round, read from their offsets on."""
    batch, height, width = images.shape
    padded = pad(images, (shift,) * 4)
    rows = offset[0] + torch.arange(height)
    columns = offset[1] + torch.arange(width)
    return padded[torch.arange(batch)[:, None, None], rows[:, :, None], columns[:, None, :]]


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay for matrices; none for biases, gains, thresholds and leaks."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]


def joined_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """:func:`parameter_groups` as one long tensor each: one update in place of one a parameter.

    Gradients must be set to zero, never to None, or the parameters lose sight of theirs.
    """
    groups = [group for group in parameter_groups(model, weight_decay) if group["params"]]
    return [group | {"params": [joined(group["params"])]} for group in groups]


def joined(parameters: list[nn.Parameter]) -> nn.Parameter:
    """One tensor (count,) that holds all ``parameters``; they and their gradients become views.

    Every part starts at a multiple of ``ALIGNED`` numbers, as a tensor of its own would, so that
    sums come out the same; what lies between stays zero.
    """
    sizes = [-(-p.numel() // ALIGNED) * ALIGNED for p in parameters]
    whole = nn.Parameter(torch.zeros(sum(sizes)))
    whole.grad = torch.zeros_like(whole)
    parts = zip(parameters, whole.data.split(sizes), whole.grad.split(sizes), strict=True)
    for parameter, values, gradient in parts:
        own = values[: parameter.numel()].view_as(parameter).copy_(parameter.data)
        parameter.data = own
        parameter.grad = gradient[: parameter.numel()].view_as(parameter)
    return whole


def classify(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the model's logits, mean over images."""
    return mean_cross_entropy(model(images), labels)


def mean_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over the images of a batch: logits (..., batch, classes), labels (..., batch).

    A sum over leading dimensions, those of networks that learn side by side.
    """
    whole = cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="sum")
    return whole / labels.shape[-1]


def learning_rates(recipe: Recipe, images: int) -> Iterator[float]:
    """A rate a step: linear warm-up, then cosine decay to zero."""
    steps = recipe.epochs * math.ceil(images / recipe.batch_size)
    warm = max(1, round(recipe.warm_up * steps))
    for step in range(steps):
        decay = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
        yield recipe.learning_rate * ((step + 1) / warm if step < warm else decay)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
    """One step down the gradient of the loss."""
    optimiser.zero_grad(set_to_none=False)
    loss.backward()
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()


def fit(
    model: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seed: int,
    objective: Objective = classify,
) -> nn.Module:
    """Train ``model`` in place, and return it in evaluation mode.

    Parameters
    ----------
    model : maps images (batch, 8, 8) to logits (batch, classes).
    images, labels : (count, 8, 8) and (count,).
    recipe : epochs, learning rate and the like.
    seed : determines the order of the images and their shifts.
    objective : the loss, ``objective(model, images, labels)``.
    """
    generator = torch.Generator().manual_seed(seed)
    images, labels = torch.as_tensor(images), torch.as_tensor(labels)
    optimiser = torch.optim.AdamW(joined_groups(model, recipe.weight_decay))
    rates = learning_rates(recipe, len(images))
    model.train()
    for _ in range(recipe.epochs):
        order = torch.randperm(len(images), generator=generator)
        for batch, rate in zip(order.split(recipe.batch_size), rates, strict=False):
            seen = shifted(images[batch], recipe.shift, recipe.shifted_fraction, generator)
            descend(optimiser, objective(model, seen, labels[batch]), rate)
    return model.eval()


class _Objective(nn.Module):
    """An objective as a module, so that its network can be run with other parameters."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return self.objective(self.model, images, labels)


def fit_together(
    models: Sequence[nn.Module],
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seeds: Sequence[int],
    objective: Objective = classify,
) -> None:
    """:func:`fit` for several networks of one shape, an operation for all at once.

    Parameters
    ----------
    models : their ``forward`` takes images (networks, batch, 8, 8) with stacked parameters.
    images, labels : (networks, count, 8, 8) and (networks, count).
    recipe, objective : as in :func:`fit`; the objective is a sum over networks.
    seeds : of each network's order of images, and their shifts.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    images, labels = torch.as_tensor(images), torch.as_tensor(labels)
    values, count = stacked(models), images.shape[1]
    matrices = [value for value in values.values() if value.ndim > 2]
    vectors = [value for value in values.values() if value.ndim <= 2]
    groups = [
        {"params": [joined(matrices)], "weight_decay": recipe.weight_decay},
        {"params": [joined(vectors)], "weight_decay": 0.0},
    ]
    optimiser, rates = torch.optim.AdamW(groups), learning_rates(recipe, count)
    run = _Objective(models[0].train(), objective)
    given = {f"model.{name}": value for name, value in values.items()}
    each, shifts = torch.arange(len(models))[:, None], (recipe.shift, recipe.shifted_fraction)
    for _ in range(recipe.epochs):
        order = torch.stack([torch.randperm(count, generator=g) for g in generators])
        for batch, rate in zip(order.split(recipe.batch_size, dim=1), rates, strict=False):
            drawn = [offsets(batch.shape[1], *shifts, generator) for generator in generators]
            chosen = images[each, batch].flatten(0, 1)  # (networks x batch, 8, 8)
            seen = moved(chosen, recipe.shift, torch.cat(drawn, 1)).unflatten(0, batch.shape)
            with StackedLayers():
                loss = functional_call(run, given, (seen, labels[each, batch]))
            descend(optimiser, loss, rate)
    unstack(values, models)
    for model in models:
        model.eval()


@torch.no_grad()
def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of ``images`` (count, 8, 8) whose largest logit is at the label."""
    logits = model(torch.as_tensor(images))
    return float((logits.argmax(dim=1) == torch.as_tensor(labels)).double().mean())


@dataclass(frozen=True)
class Trained(Generic[Shape]):
    """A trained network's weights, with what it did on digits it had not seen.

    Parameters
    ----------
    build : makes the network of a shape.
    shape : its sizes.
    seed : of the split and of the weights.
    state_dict : the weights.
    test_accuracy, train_accuracy : share of images read correctly.
    rates : spikes per neuron and time step of each hidden layer, where neurons spike.
    """

    build: Callable[[Shape], nn.Module]
    shape: Shape
    seed: int
    state_dict: dict[str, Tensor]
    test_accuracy: float
    train_accuracy: float
    rates: tuple[float, ...] = ()

    def model(self, dtype: torch.dtype = torch.float32) -> nn.Module:
        """The network in evaluation mode, its weights frozen."""
        model = self.build(self.shape)
        model.load_state_dict(self.state_dict)
        return model.to(dtype).eval().requires_grad_(False)


def train(
    build: Callable[[Shape], nn.Module],
    shape: Shape,
    recipe: Recipe,
    seed: int | Sequence[int],
    part: str = "test",
    objective: Objective = classify,
    rates: Rates | None = None,
    seed_name: str | None = None,
) -> Trained[Shape] | list[Trained[Shape]]:
    """Train a network on ``examples(seed, part)``; that part is scored once, at the end.

    Parameters
    ----------
    build : makes the network of a shape; a named function or class, so that it can be stored.
        Networks whose ``stackable`` is true learn side by side.
    shape : sizes.
    recipe : epochs, learning rate and the like.
    seed : of the split, the weights, and the order of the images; several for a list of networks.
    part : ``test``, or ``validation`` to choose settings by.
    objective : the loss, ``objective(model, images, labels)``.
    rates : ``rates(model, images)``, spikes per neuron and time step of each hidden layer.
    seed_name : under which ``build`` takes the seed as well, where it does.

    Raises
    ------
    ValueError : another part.
    """
    seeds = (seed,) if isinstance(seed, int) else tuple(seed)
    splits = [examples(one, part) for one in seeds]
    builds = [partial(build, **{seed_name: one}) if seed_name else build for one in seeds]
    models = [seeded(partial(make, shape), one) for make, one in zip(builds, seeds, strict=True)]
    if len(models) > 1 and getattr(models[0], "stackable", False):
        images, labels = (
            np.stack([getattr(split, name) for split in splits])
            for name in ("train_images", "train_labels")
        )
        fit_together(models, images, labels, recipe, seeds, objective)
    else:
        for model, split, one in zip(models, splits, seeds, strict=True):
            fit(model, split.train_images, split.train_labels, recipe, one, objective)
    trained = [
        Trained(
            build=make,
            shape=shape,
            seed=one,
            state_dict={name: value.detach().clone() for name, value in model.state_dict().items()},
            test_accuracy=accuracy(model, split.test_images, split.test_labels),
            train_accuracy=accuracy(model, split.train_images, split.train_labels),
            rates=tuple(rates(model, split.test_images)) if rates else (),
        )
        for make, model, split, one in zip(builds, models, splits, seeds, strict=True)
    ]
    return trained[0] if isinstance(seed, int) else trained
