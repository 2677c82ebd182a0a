"""Laws that learning rules obey, measured in double precision on the digits.

Batches are (inputs, targets): images (replicas, count, 64) and targets (replicas, count, 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import store
from brainbook.evidence.intervals import log_slope
from brainbook.models.learning.eligibility import (
    ROWS,
    BackpropagationThroughTime,
    SymmetricEprop,
    draw_spiking_net,
)
from brainbook.models.learning.equilibrium_propagation import EquilibriumPropagation
from brainbook.models.learning.hebbian import oja_path
from brainbook.models.learning.predictive_coding import PredictiveCoding
from brainbook.models.learning.rules import (
    Backpropagation,
    FeedbackAlignment,
    KolenPollack,
    Rule,
    cosine,
    draw_net,
)
from brainbook.models.learning.training import learn

from .images import first_images, open_digits

SETTLING = 150  # sweeps or steps: the networks come to rest
STEPS = 200  # of Kolen-Pollack's decay
BETAS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
PRECISIONS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SMALL_BETA, SMALL_PRECISION = 0.02, 0.01  # up to which slopes are taken
DRAWS = 40  # networks whose first cosine is measured
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class OjaRun:
    """Where Oja's rule ended on the digits, per seed, and the laws it should obey there.

    norm : length of the weights.
    overlap : |cosine| to the first principal component.
    shrink : factor by which the second component fell against the first in the last step that
        still had one to show.
    law : 1 − η (λ₁ − λ₂).
    """

    norm: np.ndarray
    overlap: np.ndarray
    shrink: np.ndarray
    law: np.ndarray


@dataclass(frozen=True)
class Laws:
    """What :func:`measure_laws` finds.

    decay : columns seed, step, gap (‖W − B‖ over its first value, layer 2), law ((1 − λ)^step).
    bias : columns seed, beta, symmetric, error of equilibrium propagation.
    gap : columns seed, precision, error of predictive coding.
    lines : columns law_of, symmetric, x, error: powers through the first mean error.
    oja : run of Oja's rule.
    gaps : largest relative differences from identities; "recurrent" is a mean cosine.
    first : cosines of feedback alignment to the gradient before training, (draws,).
    slopes : by law, the slope of log error by seed.
    """

    decay: pd.DataFrame
    bias: pd.DataFrame
    gap: pd.DataFrame
    lines: pd.DataFrame
    oja: OjaRun
    gaps: dict[str, float]
    first: np.ndarray
    slopes: dict[str, pd.Series]

    @property
    def frame(self) -> pd.DataFrame:
        """The data of the figure."""
        parts = {"decay": self.decay, "bias": self.bias, "gap": self.gap}
        return pd.concat([table.assign(law_of=name) for name, table in parts.items()])


@store.kept
def measure_laws(seeds: Sequence[int], settling: int = SETTLING, draws: int = DRAWS) -> Laws:
    """Page limitations/plausibility, figure draw_learning_laws.

    ``settling`` sweeps bring a network to rest; the first cosine is of ``draws`` networks.
    """
    digits, many = open_digits(seeds), range(draws)
    batch = first_images(digits)
    bias = nudging_bias(seeds, batch, BETAS, settling)
    gap = prediction_gap(seeds, batch, PRECISIONS, settling)
    small = bias[bias["beta"] <= SMALL_BETA]
    one_sided, two_sided = small[~small["symmetric"]], small[small["symmetric"]]
    return Laws(
        decay=kolen_pollack_decay(seeds, batch, STEPS),
        bias=bias,
        gap=gap,
        lines=power_lines(bias, gap),
        oja=oja_run(seeds, digits.images.double()),
        gaps=eprop_gaps(seeds, batch) | {"fixed": fixed_prediction_gap(seeds, batch)},
        first=first_cosines(many, first_images(open_digits(many))),
        slopes={
            "one-sided": slope(one_sided, "beta"),
            "two-sided": slope(two_sided, "beta"),
            "precision": slope(gap[gap["precision"] <= SMALL_PRECISION], "precision"),
        },
    )


def _changes(rule: Rule, net, wires, batch: Batch) -> list[Tensor]:
    """The rule's estimate of the gradient on a batch."""
    return rule.gradients(rule.run(net, wires, *batch).activity, net, wires)


def _gap(one: list[Tensor], other: list[Tensor]) -> np.ndarray:
    """‖one − other‖ / ‖other‖ over all layers, per replica."""
    difference = sum(((a - b) ** 2).flatten(1).sum(dim=1) for a, b in zip(one, other, strict=True))
    size = sum((b**2).flatten(1).sum(dim=1) for b in other)
    return (difference / size).sqrt().numpy()


def kolen_pollack_decay(
    seeds: Sequence[int], batch: Batch, steps: int, decay: float = 0.02
) -> pd.DataFrame:
    """How fast the way down becomes the transpose of the way up: table ``decay`` of `Laws`."""
    rule, net = KolenPollack(decay), draw_net(seeds, dtype=torch.float64)
    rate = torch.full((len(seeds), 1, 1), 0.1, dtype=torch.float64)
    gaps = []
    for _ in range(steps + 1):
        gaps.append((net.weights[1] - net.feedback[1]).flatten(1).norm(dim=1))
        learn(net, rule, *batch, rate)
    ratio = (torch.stack(gaps) / gaps[0]).numpy()  # (steps + 1, seeds)
    rows = [
        (seed, step, ratio[step, i], (1 - decay) ** step)
        for step in range(steps + 1)
        for i, seed in enumerate(seeds)
    ]
    return pd.DataFrame(rows, columns=["seed", "step", "gap", "law"])


def nudging_bias(
    seeds: Sequence[int], batch: Batch, betas: Sequence[float], settling: int
) -> pd.DataFrame:
    """Relative error of equilibrium propagation's gradient: table ``bias`` of `Laws`."""
    net = draw_net(seeds, gain=0.3, dtype=torch.float64)
    truth = EquilibriumPropagation().true_gradients(net, *batch, settling)
    rows = []
    for beta in betas:
        for symmetric in (False, True):
            rule = EquilibriumPropagation(beta, symmetric, settling, settling)
            error = _gap(_changes(rule, net, rule.wires(net), batch), truth)
            rows += [(s, beta, symmetric, error[i]) for i, s in enumerate(seeds)]
    return pd.DataFrame(rows, columns=["seed", "beta", "symmetric", "error"])


def prediction_gap(
    seeds: Sequence[int], batch: Batch, precisions: Sequence[float], settling: int
) -> pd.DataFrame:
    """Relative difference of predictive coding's change from the gradient: table ``gap`` of `Laws`.

    The precision is the weight of the output's error against the errors of the hidden layers.
    """
    net = draw_net(seeds, gain=0.5, dtype=torch.float64)
    truth = Backpropagation().true_gradients(net, *batch)
    rows = []
    for precision in precisions:
        rule = PredictiveCoding(0.2, settling, precision=precision)
        error = _gap(_changes(rule, net, net.weights, batch), truth)
        rows += [(s, precision, error[i]) for i, s in enumerate(seeds)]
    return pd.DataFrame(rows, columns=["seed", "precision", "error"])


def fixed_prediction_gap(seeds: Sequence[int], batch: Batch) -> float:
    """Largest relative difference from backpropagation with predictions held fixed."""
    net = draw_net(seeds, dtype=torch.float64)
    rule = PredictiveCoding(rate=1.0, steps=len(net.weights), fixed=True)
    truth = Backpropagation().true_gradients(net, *batch)
    return float(_gap(_changes(rule, net, net.weights, batch), truth).max())


def eprop_gaps(seeds: Sequence[int], batch: Batch) -> dict[str, float]:
    """Differences between ways to the gradient of the spiking network's first layer.

    feedforward : largest, of e-prop with the transposes from the gradient through time, where no
        neuron acts on another.
    recurrent : mean cosine of the two with recurrent weights.
    """
    rule, through_time = SymmetricEprop(), BackpropagationThroughTime()

    def both(net) -> tuple[list[Tensor], list[Tensor]]:
        wires = rule.wires(net)
        activity = rule.run(net, wires, *batch).activity
        by_trace = rule.gradients(activity, net, wires)[:1]
        return by_trace, through_time.gradients(activity, net, net.weights)[:1]

    net = draw_spiking_net(seeds, dtype=torch.float64)
    by_trace, truth = both(net)
    net.weights[0][..., ROWS:-1] = 0.0
    return {
        "recurrent": float(cosine(by_trace[0], truth[0]).mean()),
        "feedforward": float(_gap(*both(net)).max()),
    }


def first_cosines(seeds: Sequence[int], batch: Batch) -> np.ndarray:
    """Cosine between feedback alignment's change of layer 1 and the gradient, before training."""
    net, rule = draw_net(seeds, dtype=torch.float64), FeedbackAlignment()
    random = _changes(rule, net, net.feedback, batch)[0]
    return cosine(random, rule.true_gradients(net, *batch)[0]).numpy()


def slope(table: pd.DataFrame, x: str) -> pd.Series:
    """Slope of log error against log ``x``, by seed."""
    wide = table.pivot(index="seed", columns=x, values="error")
    return pd.Series(log_slope(wide.columns, wide), index=wide.index)


def power_lines(bias: pd.DataFrame, gap: pd.DataFrame) -> pd.DataFrame:
    """First and second powers through the first mean error: table ``lines`` of `Laws`."""
    two_sided = bias["symmetric"]
    frames = []
    for law_of, symmetric, order, errors in (
        ("bias", False, 1, bias[~two_sided].groupby("beta")["error"].mean()),
        ("bias", True, 2, bias[two_sided].groupby("beta")["error"].mean()),
        ("gap", False, 1, gap.groupby("precision")["error"].mean()),
    ):
        x = errors.index.to_numpy()
        power = errors.iloc[0] * (x / x[0]) ** order
        frame = pd.DataFrame({"law_of": law_of, "symmetric": symmetric, "x": x, "error": power})
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def oja_run(seeds: Sequence[int], images: Tensor, steps: int = 1500) -> OjaRun:
    """Oja's neuron on the covariance of each seed's images (seeds, count, pixels), float64."""
    rows = []
    for seed, shown in zip(seeds, images, strict=True):
        covariance = torch.cov(shown.T)  # (pixels, pixels)
        values, vectors = torch.linalg.eigh(covariance)
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(len(values), generator=generator, dtype=torch.float64)
        rate = float(0.3 / values[-1])
        parts = oja_path(covariance, start / start.norm(), rate, steps) @ vectors
        ratio = (parts[:, -2] / parts[:, -1]).abs()  # (steps + 1,)
        late = int((ratio > 1e-6).nonzero()[-1]) - 1
        end = parts[-1]
        rows.append(
            [
                float(end.norm()),
                float(abs(end[-1]) / end.norm()),
                float(ratio[late + 1] / ratio[late]),
                1 - rate * float(values[-1] - values[-2]),
            ]
        )
    return OjaRun(*np.array(rows).T)
