"""Predictive coding: neurons that settle between what is predicted and what is shown.

Each layer l holds values x_l, predictions μ_l = f(W_l x_{l−1} + b_l) and errors ε_l = x_l − μ_l.
With inputs and targets held, the values move downhill in F = ½ Σ_l ‖ε_l‖²:

    dx_l = −ε_l + (ε_{l+1} ∘ f'_{l+1}) W_{l+1},   ∇W_l = −(ε_l ∘ f'_l)ᵀ x_{l−1}

(Whittington & Bogacz 2017; notation of Rosenbaum 2022). Where predictions and slopes are kept at
their values from before the targets came, as many steps as there are layers give the
backpropagated errors exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .rules import Activity, Net, Record, Rule, down, drive, forward, outer


class PredictiveCoding(Rule):
    """The rule.

    Parameters
    ----------
    rate, steps : size and number of the updates of the values.
    fixed : keep predictions, slopes and presynaptic values as they were before the targets came.
    precision : weight of the output's error against the others.

    Raises
    ------
    ValueError : a parameter is out of range.
    """

    def __init__(
        self, rate: float = 0.2, steps: int = 12, fixed: bool = False, precision: float = 1.0
    ) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"rate: got {rate}; must lie in (0, 1]")
        if steps < 1:
            raise ValueError(f"steps: got {steps}; must be at least 1")
        if precision <= 0:
            raise ValueError(f"precision: got {precision}; must be positive")
        self.rate, self.steps, self.fixed, self.precision = rate, steps, fixed, precision

    def wires(self, net: Net) -> list[Tensor]:
        """The weights themselves: errors go down through their transposes."""
        return net.weights

    def predictions(self, net: Net, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """μ by layer from the values below."""
        layers = len(net.weights)
        summed = {
            layer: drive(net.weights[layer - 1], values[f"x{layer - 1}"])
            for layer in range(1, layers + 1)
        }
        return {f"mu{n}": s if n == layers else torch.tanh(s) for n, s in summed.items()}

    def _errors(self, values: Mapping[str, Tensor], mu: Mapping[str, Tensor], layers: int):
        errors = {f"e{n}": values[f"x{n}"] - mu[f"mu{n}"] for n in range(1, layers + 1)}
        errors[f"e{layers}"] = self.precision * errors[f"e{layers}"]
        return errors

    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        """Predict upwards, then settle with inputs and targets held."""
        layers = len(net.weights)
        before = forward(net.weights, inputs)
        values = before | {f"x{layers}": targets}
        mu = self.predictions(net, before)
        for _ in range(self.steps):
            mu = mu if self.fixed else self.predictions(net, values)
            errors = self._errors(values, mu, layers)
            moved = {}
            for n in range(1, layers):
                slope = 1.0 if n + 1 == layers else 1 - mu[f"mu{n + 1}"] ** 2
                pull = down(wires[n], errors[f"e{n + 1}"] * slope)
                moved[f"x{n}"] = values[f"x{n}"] + self.rate * (pull - errors[f"e{n}"])
            values = values | moved
        mu = mu if self.fixed else self.predictions(net, values)
        activity = values | mu | self._errors(values, mu, layers)
        if self.fixed:
            activity |= {f"x{n}": before[f"x{n}"] for n in range(layers)}
        return Record(activity, ["predict", "settle with targets"], layers + self.steps)

    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        """−(ε_l ∘ f'_l)ᵀ x_{l−1}, over the output's precision."""
        layers = len(net.weights)
        return [
            -outer(
                activity[f"e{n}"] * (1.0 if n == layers else 1 - activity[f"mu{n}"] ** 2),
                activity[f"x{n - 1}"],
            )
            / self.precision
            for n in range(1, layers + 1)
        ]

    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        """ε_1: error neurons of their own, one for each value neuron."""
        return activity["e1"]

    def predict(self, net: Net, inputs: Tensor) -> Tensor:
        """Outputs of the upward pass."""
        return forward(net.weights, inputs)[f"x{len(net.weights)}"]
