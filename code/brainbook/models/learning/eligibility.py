"""A recurrent network of spiking neurons, taught through time or by eligibility traces.

Leaky integrate-and-fire neurons read an image row by row. With inputs u_t = (pixels of the row,
spikes z_{t−1}, 1),

    v_t = α v_{t−1} + W u_t − θ z_{t−1},          z_t = [v_t > θ],
    y_t = κ y_{t−1} + (1 − κ) W_out (z_t, 1),     loss = ½ Σ_t ‖y_t − y*‖² / T.

The slope of a spike is replaced by ψ = (γ/θ) max(0, 1 − |v − θ|/θ); the reset carries none, as in
Bellec et al. 2020, whose notation this is. Their e-prop writes the gradient as a sum over time of
a learning signal and an eligibility trace, and leaves out how a spike acts on other neurons.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .rules import Activity, Net, Record, Rule, draw_net, drive, with_one

ROWS, CLASSES, UNITS = 8, 10, 48


def draw_spiking_net(
    seeds: Sequence[int], units: int = UNITS, dtype: torch.dtype = torch.float32
) -> Net:
    """A network per seed: weights (units, 8 + units + 1) and readout (10, units + 1).

    The weights of a neuron's pixels have a summed variance of one, however many spikes arrive.

    Raises
    ------
    ValueError : no units.
    """
    if units < 1:
        raise ValueError(f"units: got {units}; must be at least 1")
    net = draw_net(seeds, (ROWS + units, units, CLASSES), dtype=dtype)
    net.weights[0][..., :ROWS] *= (1 + units / ROWS) ** 0.5
    return net


class BackpropagationThroughTime(Rule):
    """The whole gradient, carried back through outputs, recurrent weights and membranes.

    Parameters
    ----------
    hold : time steps for which each of the eight rows is shown.
    alpha, kappa : what membranes and outputs keep from one step to the next, in [0, 1).
    threshold, slope : θ and γ.

    Raises
    ------
    ValueError : a parameter is out of range.
    """

    across_neurons = True

    def __init__(
        self,
        hold: int = 1,
        alpha: float = 0.8,
        kappa: float = 0.8,
        threshold: float = 0.5,
        slope: float = 0.5,
    ) -> None:
        if hold < 1:
            raise ValueError(f"hold: got {hold}; must be at least 1")
        for name, value in (("alpha", alpha), ("kappa", kappa)):
            if not 0 <= value < 1:
                raise ValueError(f"{name}: got {value}; must lie in [0, 1)")
        if min(threshold, slope) <= 0:
            raise ValueError(f"threshold, slope: got {threshold}, {slope}; must be positive")
        self.hold, self.alpha, self.kappa = hold, alpha, kappa
        self.threshold, self.slope = threshold, slope

    def wires(self, net: Net) -> list[Tensor]:
        """Recurrent weights and readout: their transposes carry the errors."""
        return net.weights

    def spikes(self, membrane: Tensor) -> Tensor:
        """One where the membrane is above threshold."""
        return (membrane > self.threshold).to(membrane.dtype)

    def pseudo_derivative(self, membrane: Tensor) -> Tensor:
        """ψ, the stand-in for the slope of a spike."""
        distance = (membrane - self.threshold).abs() / self.threshold
        return self.slope / self.threshold * torch.relu(1 - distance)

    def run(self, net: Net, wires: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Record:
        """Run over the rows; activity is (replicas, batch, time, units)."""
        rows = inputs.unflatten(-1, (ROWS, ROWS)).repeat_interleave(self.hold, dim=-2)
        membrane = rows.new_zeros(*rows.shape[:2], net.weights[0].shape[-2])
        spikes, output = membrane, rows.new_zeros(*rows.shape[:2], CLASSES)
        kept: dict[str, list[Tensor]] = {"u": [], "v": [], "y": []}
        for row in rows.unbind(dim=-2):
            inputs_now = torch.cat([row, spikes], dim=-1)
            reset = self.threshold * spikes
            membrane = self.alpha * membrane + drive(net.weights[0], inputs_now) - reset
            spikes = self.spikes(membrane)
            output = self.kappa * output + (1 - self.kappa) * drive(net.weights[1], spikes)
            for name, value in zip(kept, (inputs_now, membrane, output), strict=True):
                kept[name].append(value)
        # (replicas, batch, time, units) each
        activity = {name: torch.stack(values, dim=-2) for name, values in kept.items()}
        steps = rows.shape[-2]
        return Record(activity | {"target": targets}, *self._cost(steps))

    def _cost(self, steps: int) -> tuple[list[str], int]:
        return ["forward in time", "back in time"], 2 * steps

    def learning_signals(self, activity: Activity, wires: Sequence[Tensor]) -> Tensor:
        """L_t = (y_t − y*) sent to the neurons: (replicas, batch, time, units)."""
        error = activity["y"] - activity["target"].unsqueeze(-2)
        units = activity["v"].shape[-1]
        return error @ wires[-1][..., :units].unsqueeze(1)

    def contributions(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> Tensor:
        """What each time step adds to the gradient: (time, replicas, units, 8 + units + 1).

        Step t adds λ_tᵀ u_t, with λ_t = α λ_{t+1} + ψ_t (Λ_t + λ_{t+1} W_rec) and
        Λ_t = (1 − κ) L_t + κ Λ_{t+1}.
        """
        adjoints = self._adjoints(activity, wires)
        pre = with_one(activity["u"])
        scale = 1 / (pre.shape[1] * pre.shape[2])
        return scale * torch.einsum("rbtj,rbti->trji", adjoints, pre)

    def _adjoints(self, activity: Activity, wires: Sequence[Tensor]) -> Tensor:
        signals = self.learning_signals(activity, wires)
        slopes = self.pseudo_derivative(activity["v"])
        ahead, adjoint = torch.zeros_like(signals[:, :, 0]), torch.zeros_like(signals[:, :, 0])
        recurrent = wires[0][..., ROWS:-1] if self.across_neurons else None
        adjoints = []
        for t in range(signals.shape[2] - 1, -1, -1):
            ahead = (1 - self.kappa) * signals[:, :, t] + self.kappa * ahead
            arriving = ahead + adjoint @ recurrent if self.across_neurons else ahead
            adjoint = self.alpha * adjoint + slopes[:, :, t] * arriving
            adjoints.append(adjoint)
        return torch.stack(adjoints[::-1], dim=2)  # (replicas, batch, time, units)

    def gradients(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> list[Tensor]:
        """For the spiking layer and the readout."""
        adjoints, pre = self._adjoints(activity, wires), with_one(activity["u"])
        batch, steps = pre.shape[1:3]
        error = activity["y"] - activity["target"].unsqueeze(-2)
        spikes = with_one(self.spikes(activity["v"]))
        traces = (1 - self.kappa) * low_pass(spikes, self.kappa)
        pairs = ((adjoints, pre), (error, traces))
        return [
            a.flatten(1, 2).transpose(-1, -2) @ b.flatten(1, 2) / (batch * steps) for a, b in pairs
        ]

    def error_signal(self, activity: Activity, net: Net, wires: Sequence[Tensor]):
        """The learning signals L."""
        return self.learning_signals(activity, wires)

    def neurons(self, name: str) -> str:
        """Pixels and spikes are below the membranes."""
        return {"u": "below", "v": "layer 1"}.get(name, name)

    def predict(self, net: Net, inputs: Tensor) -> Tensor:
        """Outputs at the last time step."""
        targets = inputs.new_zeros(*inputs.shape[:-1], CLASSES)
        return self.run(net, self.wires(net), inputs, targets).activity["y"][:, :, -1]

    def true_gradients(self, net: Net, inputs: Tensor, targets: Tensor) -> list[Tensor]:
        """The gradient through time, which e-prop approximates."""
        whole = BackpropagationThroughTime(
            self.hold, self.alpha, self.kappa, self.threshold, self.slope
        )
        activity = whole.run(net, net.weights, inputs, targets).activity
        return whole.gradients(activity, net, net.weights)


class Eprop(BackpropagationThroughTime):
    """e-prop with random feedback: learning signals times eligibility traces (Bellec et al. 2020).

    ∇W = Σ_t L_t ∘ F_κ(ψ_t F_α(u_t)), with F_κ(s)_t = κ F_κ(s)_{t−1} + (1 − κ) s_t
    and F_α(s)_t = α F_α(s)_{t−1} + s_t. ``gradients`` sums the same
    products in another order, which is faster on a computer; ``contributions`` is the sum as a
    synapse would form it, step by step and forward in time. Both agree to rounding.
    """

    across_neurons = False

    def wires(self, net: Net) -> list[Tensor]:
        """Fixed random weights from the outputs to the neurons."""
        return net.direct

    def _cost(self, steps: int) -> tuple[list[str], int]:
        return ["forward in time"], 2

    def contributions(self, activity: Activity, net: Net, wires: Sequence[Tensor]) -> Tensor:
        """L_t ∘ F_κ(ψ_t F_α(u_t)), averaged over the batch, for each time step."""
        signals = self.learning_signals(activity, wires)
        slopes = self.pseudo_derivative(activity["v"])
        pre = low_pass(with_one(activity["u"]), self.alpha)
        trace: Tensor | float = 0.0
        changes = []
        for t in range(signals.shape[2]):
            product = slopes[:, :, t, :, None] * pre[:, :, t, None, :]  # (..., units, inputs)
            trace = self.kappa * trace + (1 - self.kappa) * product
            changes.append((signals[:, :, t, :, None] * trace).mean(dim=1))
        return torch.stack(changes) / signals.shape[2]


class SymmetricEprop(Eprop):
    """e-prop whose learning signals come through the transpose of the readout."""

    def wires(self, net: Net) -> list[Tensor]:
        """The readout's own weights."""
        return net.weights[1:]


def low_pass(signal: Tensor, keep: float) -> Tensor:
    """F(s)_t = s_t + keep · F(s)_{t−1} along the third axis."""
    state, states = torch.zeros_like(signal[:, :, 0]), []
    for value in signal.unbind(dim=2):
        state = value + keep * state
        states.append(state)
    return torch.stack(states, dim=2)
