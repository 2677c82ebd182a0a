"""Hebbian learning alone: Oja's neuron, and a layer of them that compete."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .rules import Activity, Net, Record, Rule, drive, outer


class HebbianFeatures(Rule):
    """A hidden layer that learns from its input alone, below a readout that learns from errors.

    All units share one inhibitory partner that subtracts their mean; what remains above zero is
    their activity z. For each image the most active unit j wins and follows Oja's rule,
    ΔW_j = s (x − s W_j) with s = W_j·x, which keeps its weights near length one. A unit that wins
    more often than its share gets harder to excite, by its bias: Δb_j ∝ 1/units − won_j. The
    readout follows the delta rule. ``net.weights`` holds the hidden layer and the readout.

    Parameters
    ----------
    speed : learning rate of the hidden layer, times that of the readout.
    balance : learning rate of the biases, times that of the hidden layer.
    gain : scale of the activity that the readout sees.

    Raises
    ------
    ValueError : a parameter is not positive.
    """

    def __init__(self, speed: float = 0.3, balance: float = 10.0, gain: float = 1.0) -> None:
        for name, value in (("speed", speed), ("balance", balance), ("gain", gain)):
            if value <= 0:
                raise ValueError(f"{name}: got {value}; must be positive")
        self.speed, self.balance, self.gain = speed, balance, gain

    def wires(self, net: Net) -> list[Tensor]:
        """None lead down to the hidden layer."""
        return []

    def compete(self, net: Net, inputs: Tensor) -> dict[str, Tensor]:
        """Excitation s, activity z and the winner of each image, (replicas, batch, units)."""
        excited = _excitation(inputs, net.weights[0])
        biased = excited + net.weights[0][..., -1].unsqueeze(-2)
        won = torch.zeros_like(biased).scatter_(-1, biased.argmax(-1, keepdim=True), 1.0)
        above = torch.relu(excited - excited.mean(-1, keepdim=True))
        return {"s1": excited, "x1": self.gain * above, "won1": won}

    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        """Up, with one step of inhibition."""
        hidden = self.compete(net, inputs)
        activity = hidden | {"x0": inputs, "x2": drive(net.weights[1], hidden["x1"])}
        return Record(activity | {"target": targets}, ["up"], 2)

    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        """Minus the change of the hidden layer, and the delta rule's gradient of the readout."""
        won, excited, weights = activity["won1"], activity["s1"], net.weights[0]
        hebb = outer(won * excited, activity["x0"])[..., :-1]
        forget = (won * excited**2).mean(dim=-2).unsqueeze(-1) * weights[..., :-1]
        share = self.balance * (1 / won.shape[-1] - won.mean(dim=-2))
        change = torch.cat([hebb - forget, share.unsqueeze(-1)], dim=-1)
        error = activity["x2"] - activity["target"]
        return [-self.speed * change, outer(error, activity["x1"])]

    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        """None reaches the hidden layer."""
        return None

    def predict(self, net: Net, inputs: Tensor) -> Tensor:
        """Outputs of the upward pass."""
        return drive(net.weights[1], self.compete(net, inputs)["x1"])


def _excitation(below: Tensor, weights: Tensor) -> Tensor:
    """Summed input without the bias: (replicas, batch, out)."""
    return below @ weights[..., :-1].transpose(-1, -2)


def oja_path(covariance: Tensor, start: Tensor, rate: float, steps: int) -> Tensor:
    """Weights (steps + 1, inputs) under the mean of Oja's rule.

    w ← w + rate (C w − (wᵀ C w) w) (Oja 1982, averaged over the inputs).

    Raises
    ------
    ValueError : ``rate`` is not below 1/λ₁, beyond which the path may not converge.
    """
    largest = float(torch.linalg.eigvalsh(covariance)[-1])
    if not 0 < rate < 1 / largest:
        raise ValueError(f"rate: got {rate}; must lie between 0 and {1 / largest:g}")
    path = [start]
    for _ in range(steps):
        w = path[-1]
        pushed = covariance @ w
        path.append(w + rate * (pushed - (w @ pushed) * w))
    return torch.stack(path)
