"""Laws that learning rules obey, measured in double precision on the digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from brainbook.models.learning.eligibility import ROWS, BackpropagationThroughTime, SymmetricEprop
from brainbook.models.learning.equilibrium_propagation import EquilibriumPropagation
from brainbook.models.learning.hebbian import oja_path
from brainbook.models.learning.predictive_coding import PredictiveCoding
from brainbook.models.learning.rules import (
    Backpropagation,
    FeedbackAlignment,
    KolenPollack,
    Net,
    cosine,
    draw_net,
)
from brainbook.models.learning.training import CLASSES, learn, stacked

IMAGES = 64
SETTLING = 150
SETTLED_SWEEPS = 60


def batch(seeds: Sequence[int], count: int = IMAGES) -> tuple[Tensor, Tensor]:
    """Centred training images (replicas, count, 64) and targets, in double precision."""
    images, labels, _, _ = stacked(seeds, "test")
    images = (images - images.mean(dim=1, keepdim=True))[:, :count].double()
    return images, one_hot(labels[:, :count], CLASSES).double()


def _gap(one: list[Tensor], other: list[Tensor]) -> np.ndarray:
    """‖one − other‖ / ‖other‖ over all layers, per replica."""
    difference = sum(((a - b) ** 2).flatten(1).sum(dim=1) for a, b in zip(one, other, strict=True))
    size = sum((b**2).flatten(1).sum(dim=1) for b in other)
    return (difference / size).sqrt().numpy()


def kolen_pollack_decay(seeds: Sequence[int], steps: int, decay: float = 0.02) -> pd.DataFrame:
    """How fast the way down becomes the transpose of the way up.

    Columns: seed, step, gap (‖W − B‖ over its first value, layer 2), law ((1 − λ)^step).
    """
    rule = KolenPollack()
    rule.decay = decay
    inputs, targets = batch(seeds)
    net = draw_net(seeds, dtype=torch.float64)
    rate = torch.full((len(seeds), 1, 1), 0.1, dtype=torch.float64)
    rows, first = [], None
    for step in range(steps + 1):
        gap = (net.weights[1] - net.feedback[1]).flatten(1).norm(dim=1)
        first = gap if first is None else first
        ratio = (gap / first).numpy()
        rows += [(s, step, ratio[i], (1 - decay) ** step) for i, s in enumerate(seeds)]
        learn(net, rule, inputs, targets, rate)
    return pd.DataFrame(rows, columns=["seed", "step", "gap", "law"])


def nudging_bias(seeds: Sequence[int], betas: Sequence[float]) -> pd.DataFrame:
    """Relative error of equilibrium propagation's gradient: seed, beta, symmetric, error."""
    inputs, targets = batch(seeds)
    net = draw_net(seeds, gain=0.3, dtype=torch.float64)
    truth = EquilibriumPropagation().true_gradients(net, inputs, targets, SETTLING)
    rows = []
    for beta in betas:
        for symmetric in (False, True):
            rule = EquilibriumPropagation(beta, symmetric, SETTLING, SETTLING)
            wires = rule.wires(net)
            activity = rule.run(net, wires, inputs, targets).activity
            error = _gap(rule.gradients(activity, net, wires), truth)
            rows += [(s, beta, symmetric, error[i]) for i, s in enumerate(seeds)]
    return pd.DataFrame(rows, columns=["seed", "beta", "symmetric", "error"])


def prediction_gap(seeds: Sequence[int], precisions: Sequence[float]) -> pd.DataFrame:
    """Relative difference of predictive coding's change from the gradient: seed, precision, error.

    The precision is the weight of the output's error against the errors of the hidden layers.
    """
    inputs, targets = batch(seeds)
    net = draw_net(seeds, gain=0.5, dtype=torch.float64)
    truth = _backpropagated(net, inputs, targets)
    rows = []
    for precision in precisions:
        rule = PredictiveCoding(0.2, SETTLING, precision=precision)
        activity = rule.run(net, net.weights, inputs, targets).activity
        error = _gap(rule.gradients(activity, net, net.weights), truth)
        rows += [(s, precision, error[i]) for i, s in enumerate(seeds)]
    return pd.DataFrame(rows, columns=["seed", "precision", "error"])


def _backpropagated(net: Net, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    chain = Backpropagation()
    activity = chain.run(net, net.weights, inputs, targets).activity
    return chain.gradients(activity, net, net.weights)


def fixed_prediction_gap(seeds: Sequence[int]) -> float:
    """Largest relative difference from backpropagation with predictions held fixed."""
    inputs, targets = batch(seeds)
    net = draw_net(seeds, dtype=torch.float64)
    rule = PredictiveCoding(rate=1.0, steps=len(net.weights), fixed=True)
    activity = rule.run(net, net.weights, inputs, targets).activity
    found = rule.gradients(activity, net, net.weights)
    return float(_gap(found, _backpropagated(net, inputs, targets)).max())


def eprop_gaps(seeds: Sequence[int]) -> dict[str, float]:
    """Largest relative differences between ways to the gradient of the spiking network.

    ``order``: e-prop's sum, step by step against all at once. ``feedforward``: e-prop with the
    transposes against the gradient through time, where no neuron acts on another. ``recurrent``:
    the same with recurrent weights, the mean cosine.
    """
    inputs, targets = batch(seeds)
    rule, whole = SymmetricEprop(), BackpropagationThroughTime()
    found = {}
    for name in ("recurrent", "feedforward"):
        net = rule.draw(seeds, torch.float64)
        if name == "feedforward":
            net.weights[0][..., ROWS:-1] = 0.0
        activity = rule.run(net, rule.wires(net), inputs, targets).activity
        by_trace = rule.gradients(activity, net, rule.wires(net))[:1]
        truth = whole.gradients(activity, net, net.weights)[:1]
        if name == "feedforward":
            found[name] = float(_gap(by_trace, truth).max())
        else:
            stepwise = [rule.contributions(activity, net, rule.wires(net)).sum(dim=0)]
            found["order"] = float(_gap(stepwise, by_trace).max())
            found[name] = float(cosine(by_trace[0], truth[0]).mean())
    return found


def settled_cosine(
    net: Net, seeds: Sequence[int], beta: float = 0.02, sweeps: int = SETTLED_SWEEPS
) -> float:
    """Mean cosine of equilibrium propagation's layer 1 to the gradient, given time to settle."""
    exact = Net([w.double() for w in net.weights], net.feedback, net.direct)
    inputs, targets = batch(seeds)
    rule = EquilibriumPropagation(beta, True, sweeps, sweeps)
    activity = rule.run(exact, exact.weights, inputs, targets).activity
    found = rule.gradients(activity, exact, exact.weights)[0]
    truth = rule.true_gradients(exact, inputs, targets, 4 * sweeps)[0]
    return float(cosine(found, truth).mean())


def first_cosines(seeds: Sequence[int]) -> np.ndarray:
    """Cosine between feedback alignment's change of layer 1 and the gradient, before training."""
    inputs, targets = batch(seeds)
    net, rule = draw_net(seeds, dtype=torch.float64), FeedbackAlignment()
    activity = rule.run(net, net.feedback, inputs, targets).activity
    random = rule.gradients(activity, net, net.feedback)[0]
    return cosine(random, _backpropagated(net, inputs, targets)[0]).numpy()


def slope(table: pd.DataFrame, x: str, y: str = "error") -> pd.Series:
    """Slope of log y against log x, by seed."""
    logs = table.assign(lx=np.log(table[x]), ly=np.log(table[y]))
    return logs.groupby("seed").apply(
        lambda rows: np.polyfit(rows["lx"], rows["ly"], 1)[0], include_groups=False
    )


@dataclass(frozen=True)
class OjaRun:
    """Where Oja's rule ended on the digits, per seed, and the laws it should obey there.

    ``norm``: length of the weights. ``overlap``: |cosine| to the first principal component.
    ``shrink``: factor by which the second component fell against the first in the last step that
    still had one to show, and ``law`` 1 − η (λ₁ − λ₂).
    """

    norm: np.ndarray
    overlap: np.ndarray
    shrink: np.ndarray
    law: np.ndarray


def oja_run(seeds: Sequence[int], steps: int = 1500) -> OjaRun:
    """Oja's neuron on the covariance of each seed's training images."""
    norms, overlaps, shrinks, laws = [], [], [], []
    for seed in seeds:
        images = stacked([seed], "test")[0][0].double()
        covariance = torch.cov(images.T)
        values, vectors = torch.linalg.eigh(covariance)
        start = torch.randn(
            len(values), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        rate = float(0.3 / values[-1])
        path = oja_path(covariance, start / start.norm(), rate, steps)
        parts = path @ vectors
        ratio = (parts[:, -2] / parts[:, -1]).abs()
        late = int((ratio > 1e-6).nonzero()[-1]) - 1
        norms.append(float(path[-1].norm()))
        overlaps.append(float(abs(parts[-1, -1]) / path[-1].norm()))
        shrinks.append(float(ratio[late + 1] / ratio[late]))
        laws.append(1 - rate * float(values[-1] - values[-2]))
    return OjaRun(*map(np.array, (norms, overlaps, shrinks, laws)))
