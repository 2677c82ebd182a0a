"""Equilibrium propagation: a network that settles twice and compares (Scellier & Bengio 2017).

The state s minimises the energy

    E = Σ_l G(x_l) + ½‖x_L‖² − Σ_l x_l·(W_l x_{l−1} + b_l) + β ½‖x_L − y‖²,   G' = artanh,

so that x_l = tanh(W_l x_{l−1} + b_l + x_{l+1} W_{l+1}) for hidden layers and
x_L = (W_L x_{L−1} + b_L + β y) / (1 + β) at the output. Even and odd layers take turns; each turn
minimises E exactly for its layers, so E never rises. The gradient of the loss at the free state is
the limit of (∂E/∂W at β − ∂E/∂W at 0) / β.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .rules import Activity, Net, Record, Rule, down, drive, forward, outer


class EquilibriumPropagation(Rule):
    """The rule; ``symmetric`` nudges once each way and halves the difference (Laborieux 2021).

    Parameters
    ----------
    beta : strength β of the pull on the outputs, positive and below 1.
    symmetric : compare +β with −β, and not +β with the free state.
    free, nudged : sweeps over the layers in the first and in each further phase.

    Raises
    ------
    ValueError : ``beta`` or the sweeps are out of range.
    """

    def __init__(
        self, beta: float = 0.3, symmetric: bool = True, free: int = 10, nudged: int = 4
    ) -> None:
        if not 0 < beta < 1:
            raise ValueError(f"beta: got {beta}; must lie between 0 and 1")
        if min(free, nudged) < 1:
            raise ValueError(f"free, nudged: got {free}, {nudged}; each needs at least 1 sweep")
        self.beta, self.symmetric, self.free, self.nudged = beta, symmetric, free, nudged

    def wires(self, net: Net) -> list[Tensor]:
        """The weights themselves: one symmetric connection serves both directions."""
        return net.weights

    def settle(
        self,
        net: Net,
        wires: Sequence[Tensor],
        state: Mapping[str, Tensor],
        targets: Tensor,
        beta: float,
        sweeps: int,
    ) -> dict[str, Tensor]:
        """Let the hidden layers and the output settle, ``sweeps`` times, from ``state``."""
        state, layers = dict(state), len(net.weights)
        held = drive(net.weights[0], state["x0"])  # the input does not move
        for _ in range(sweeps):
            for layer in [*range(layers, 0, -2), *range(layers - 1, 0, -2)]:
                below = state[f"x{layer - 1}"]
                summed = held if layer == 1 else drive(net.weights[layer - 1], below)
                if layer == layers:
                    state[f"x{layer}"] = (summed + beta * targets) / (1 + beta)
                else:
                    above = down(wires[layer], state[f"x{layer + 1}"])
                    state[f"x{layer}"] = torch.tanh(summed + above)
        return state

    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        """Settle freely, then nudged by +β, and by −β where symmetric."""
        free = self.settle(net, wires, forward(net.weights, inputs), targets, 0.0, self.free)
        plus = self.settle(net, wires, free, targets, self.beta, self.nudged)
        base, phases = free, ["free", "nudged"]
        if self.symmetric:
            base = self.settle(net, wires, free, targets, -self.beta, self.nudged)
            phases.append("nudged back")
        activity = {f"{name} plus": value for name, value in plus.items() if name != "x0"}
        activity |= {f"{name} base": value for name, value in base.items() if name != "x0"}
        steps = self.free + self.nudged * (len(phases) - 1)
        return Record(activity | {"x0": inputs}, phases, steps)

    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        """−(x_l⁺ x_{l−1}⁺ − x_l⁻ x_{l−1}⁻) / span: what two neurons did, in two phases."""
        span = self.beta * (2 if self.symmetric else 1)

        def layer_at(layer: int, phase: str) -> Tensor:
            return activity[f"x{layer} {phase}" if layer else "x0"]

        return [
            (
                outer(layer_at(layer, "base"), layer_at(layer - 1, "base"))
                - outer(layer_at(layer, "plus"), layer_at(layer - 1, "plus"))
            )
            / span
            for layer in range(1, len(net.weights) + 1)
        ]

    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        """None: the error travels as a change of the activity itself."""
        return None

    def predict(self, net: Net, inputs: Tensor) -> Tensor:
        """Outputs of the free state."""
        start = forward(net.weights, inputs)
        outputs = torch.zeros_like(start[f"x{len(net.weights)}"])
        settled = self.settle(net, self.wires(net), start, outputs, 0.0, self.free)
        return settled[f"x{len(net.weights)}"]

    def true_gradients(
        self, net: Net, inputs: Tensor, targets: Tensor, sweeps: int = 60
    ) -> list[Tensor]:
        """∂½‖x_L − y‖²/∂W at the free state, by automatic differentiation of the settling."""
        tracked = [matrix.detach().clone().requires_grad_() for matrix in net.weights]
        copy = Net(tracked, net.feedback, net.direct)
        start = forward(tracked, inputs)
        settled = self.settle(copy, tracked, start, targets, 0.0, sweeps)
        loss = 0.5 * ((settled[f"x{len(tracked)}"] - targets) ** 2).sum() / inputs.shape[-2]
        return list(torch.autograd.grad(loss, tracked))
