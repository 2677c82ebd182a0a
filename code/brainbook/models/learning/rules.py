"""Learning rules for one small network, many repetitions of it side by side.

Every rule is told in two steps, so that what it needs can be measured. ``run`` lets the network
be active and records what its neurons send; ``gradients`` computes the change of each synapse
from that record. Signals travel up along the weights and down along separate ``wires``, which a
rule fills as it likes: with the weights themselves, with their signs, with random numbers.

The network has tanh units in its hidden layers and linear outputs; all rules descend on half the
squared error, averaged over a batch. Tensors have the shapes: weights (replicas, out, in + 1),
whose last column is the bias; activity (replicas, batch, units).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

WIDTHS = (64, 48, 48, 10)
Activity = Mapping[str, Tensor]


@dataclass
class Net:
    """Weights upwards, and what a rule keeps beside them to send signals downwards.

    ``weights[l]`` and ``feedback[l]`` join layer l to layer l + 1 and have the same shape, so
    that the transpose of ``feedback[l]`` leads down. ``direct[l]`` leads from the output to
    hidden layer l + 1: (replicas, outputs, units).
    """

    weights: list[Tensor]
    feedback: list[Tensor]
    direct: list[Tensor]


@dataclass
class Record:
    """What one pass left behind: ``activity`` by neuron group, phases and steps it took.

    A phase is a stretch in which the network runs under one condition, for instance with or
    without a target. A step is one transmission across one layer, or one update of all neurons
    of a network that settles; ``steps`` counts those before layer 1 can change.
    """

    activity: dict[str, Tensor]
    phases: list[str] = field(default_factory=list)
    steps: int = 0


class Rule(ABC):
    """What every learning rule offers.

    decay : share of every weight that is lost at each step.
    learns_wires : the way down gets the same changes as the way up.
    """

    decay = 0.0
    learns_wires = False

    @abstractmethod
    def wires(self, net: Net) -> list[Tensor]:
        """The weights, by layer, whose transposes carry signals down."""

    @abstractmethod
    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        """Let the network be active on inputs and targets."""

    @abstractmethod
    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        """Estimated gradient of the loss for each weight matrix."""

    @abstractmethod
    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> Tensor | None:
        """What reaches layer 1 beside its activity, or None where nothing does."""

    @abstractmethod
    def predict(self, net: Net, inputs: Tensor) -> Tensor:
        """Outputs (replicas, batch, outputs) without targets."""

    def true_gradients(self, net: Net, inputs: Tensor, targets: Tensor) -> list[Tensor]:
        """Gradient of the loss of the network that the rule trains: the chain rule's."""
        chain = Backpropagation()
        activity = chain.run(net, net.weights, inputs, targets).activity
        return chain.gradients(activity, net, net.weights)

    def neurons(self, name: str) -> str:
        """Whose activity ``name`` is: "below", "layer 1", …, or a group of its own.

        A layer's values, errors and phases are those of its neurons.
        """
        digits = [mark for mark in name.split()[0] if mark.isdigit()]
        if not digits:
            return name
        return "below" if digits[-1] == "0" else f"layer {digits[-1]}"


def draw_net(
    seeds: Sequence[int],
    widths: Sequence[int] = WIDTHS,
    gain: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Net:
    """One network per seed; entries are normal with standard deviation gain/√inputs.

    Raises
    ------
    ValueError : fewer than two layers of units, or no seed.
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths: got {tuple(widths)}; at least two layers of units are needed")
    if not len(seeds):
        raise ValueError("seeds: got none; at least one is needed")
    drawn = [_draw_one(seed, tuple(widths), gain, dtype) for seed in seeds]
    weights, feedback, direct = (
        [torch.stack(each) for each in zip(*part, strict=True)] for part in zip(*drawn, strict=True)
    )
    return Net(weights, feedback, direct)


def _draw_one(
    seed: int, widths: tuple[int, ...], gain: float, dtype: torch.dtype
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Weights, feedback and direct feedback of one network, without replicas."""
    generator = torch.Generator().manual_seed(seed)

    def normal(rows: int, columns: int, scale: float) -> Tensor:
        entries = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
        return scale * entries.to(dtype)

    def matrices() -> list[Tensor]:
        drawn = []
        for inputs, outputs in zip(widths, widths[1:], strict=False):
            matrix = normal(outputs, inputs, gain * inputs**-0.5)
            drawn.append(torch.cat([matrix, normal(outputs, 1, 0.0)], dim=1))
        return drawn

    direct = [normal(widths[-1], hidden, widths[-1] ** -0.5) for hidden in widths[1:-1]]
    return matrices(), matrices(), direct


def with_one(activity: Tensor) -> Tensor:
    """Append a unit that is always one, for the bias."""
    return torch.cat([activity, torch.ones_like(activity[..., :1])], dim=-1)


def drive(weights: Tensor, below: Tensor) -> Tensor:
    """Summed input (replicas, batch, out) that ``below`` causes through ``weights``."""
    return torch.baddbmm(weights[..., -1].unsqueeze(-2), below, weights[..., :-1].transpose(-1, -2))


def down(wires: Tensor, above: Tensor) -> Tensor:
    """Signal (replicas, batch, in) that ``above`` sends down; the bias unit gets none."""
    return above @ wires[..., :-1]


def forward(weights: Sequence[Tensor], inputs: Tensor) -> dict[str, Tensor]:
    """Activity by layer: ``x0`` is the input, the last is the output."""
    activity = {"x0": inputs}
    for layer, matrix in enumerate(weights, start=1):
        summed = drive(matrix, activity[f"x{layer - 1}"])
        activity[f"x{layer}"] = summed if layer == len(weights) else torch.tanh(summed)
    return activity


def outer(post: Tensor, pre: Tensor) -> Tensor:
    """Mean over the batch of post·preᵀ: (replicas, out, in + 1)."""
    pairs = post.transpose(-1, -2) @ pre  # (replicas, out, in)
    return torch.cat([pairs, post.sum(dim=-2).unsqueeze(-1)], dim=-1) / pre.shape[-2]


class Backpropagation(Rule):
    """The chain rule: errors go down through the transposes of the weights themselves.

    δ_L = x_L − y, δ_l = (δ_{l+1} W_{l+1}) ∘ (1 − x_l²), ∇W_l = δ_lᵀ x_{l−1}
    (Rumelhart, Hinton & Williams 1986).
    """

    def wires(self, net: Net) -> list[Tensor]:
        return net.weights

    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        activity = forward(net.weights, inputs) | {"target": targets}
        layers = len(net.weights)
        return Record(activity, ["up", "down"], layers + self._steps_down(layers))

    def _steps_down(self, layers: int) -> int:
        return layers - 1

    def errors(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        """Error signals by layer, from layer 1 up to the output."""
        layers = len(net.weights)
        deltas = [activity[f"x{layers}"] - activity["target"]]
        for layer in range(layers - 1, 0, -1):
            slope = 1 - activity[f"x{layer}"] ** 2
            deltas.append(down(wires[layer], deltas[-1]) * slope)
        return deltas[::-1]

    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        deltas = self.errors(activity, net, wires)
        return [outer(delta, activity[f"x{layer}"]) for layer, delta in enumerate(deltas)]

    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        return self.errors(activity, net, wires)[0]

    def predict(self, net: Net, inputs: Tensor) -> Tensor:
        return forward(net.weights, inputs)[f"x{len(net.weights)}"]


class FeedbackAlignment(Backpropagation):
    """Errors go down through fixed random weights (Lillicrap et al. 2016)."""

    def wires(self, net: Net) -> list[Tensor]:
        return net.feedback


class SignSymmetry(Backpropagation):
    """Errors go down through the signs of the weights, all of one size (Liao et al. 2016)."""

    def wires(self, net: Net) -> list[Tensor]:
        return [w.sign() * w.shape[-1] ** -0.5 for w in net.weights]


class KolenPollack(FeedbackAlignment):
    """Both directions get the same change and the same decay (Kolen & Pollack 1994).

    W ← (1 − λ) W − η ∇, B ← (1 − λ) B − η ∇, hence W − B shrinks by 1 − λ at every step.
    """

    learns_wires = True

    def __init__(self, decay: float = 1e-3) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay: got {decay}; must lie in [0, 1)")
        self.decay = decay


class DirectFeedbackAlignment(Backpropagation):
    """The output's error goes to each hidden layer through its own random weights (Nøkland 2016).

    δ_l = ((x_L − y) D_l) ∘ (1 − x_l²).
    """

    def wires(self, net: Net) -> list[Tensor]:
        return net.direct

    def _steps_down(self, layers: int) -> int:
        return 1

    def errors(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        layers = len(net.weights)
        error = activity[f"x{layers}"] - activity["target"]
        hidden = [
            (error @ wires[layer - 1]) * (1 - activity[f"x{layer}"] ** 2)
            for layer in range(1, layers)
        ]
        return [*hidden, error]


class ReadoutOnly(Backpropagation):
    """Hidden layers stay as they were drawn; the output alone learns, by the delta rule."""

    def wires(self, net: Net) -> list[Tensor]:
        return []

    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        activity = forward(net.weights, inputs) | {"target": targets}
        return Record(activity, ["up"], len(net.weights))

    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        layers = len(net.weights)
        error = activity[f"x{layers}"] - activity["target"]
        frozen = [torch.zeros_like(matrix) for matrix in net.weights[:-1]]
        return [*frozen, outer(error, activity[f"x{layers - 1}"])]

    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        return None


def cosine(one: Tensor, other: Tensor) -> Tensor:
    """Cosine between two tensors (replicas, …), per replica; 0 where one of them vanishes."""
    one, other = one.flatten(1), other.flatten(1)
    norms = one.norm(dim=1) * other.norm(dim=1)
    return (one * other).sum(dim=1) / norms.clamp_min(torch.finfo(one.dtype).tiny)


def relative_change(before: Tensor, after: Tensor) -> Tensor:
    """‖after − before‖ / ‖before‖ per replica, for tensors (replicas, …)."""
    return (after - before).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)
