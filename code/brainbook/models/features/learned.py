"""Hidden units that know something about the text: centred, or learned on calibration passages.

The allowed class: what is fitted here may depend on calibration passages, never on the passage
under test. Per head; tensors are (heads, N, d) or (passages, heads, N, d).

Centring uses an identity that holds for any a, b,

    exp(q.k) = exp((q - a).(k - b)) exp(a.k) exp(q.b) exp(-a.b),

so it changes the scatter of the estimate and nothing else. More such moves, and the hidden
units that go with them: :mod:`brainbook.models.features.unbiased`.

Learning follows a gradient: of the cross-entropy between attention's weights and the circuit's,
or of the error of the head's output. It starts from random centred units, or from landmarks that
:class:`brainbook.models.features.landmarks.Gated` found without any gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from brainbook.models.attention.softmax import check

from .landmarks import Gated
from .maps import FeatureMap, HiddenUnits, Positive
from .unbiased import Transformed

LOSSES = ("cross-entropy", "output error")
LEAST = 1e-30  # of a kernel whose logarithm is taken


class Centred(Transformed):
    """The positive map on q - a and k - b, with the factors that make up for it.

    a, b : (heads, d), for instance the mean query and the mean key of calibration passages.
    """

    def __init__(self, a: Tensor, b: Tensor) -> None:
        super().__init__(a, b, base=Positive())

    @classmethod
    def fitted(cls, query: Tensor, key: Tensor) -> Centred:
        """a = mean query, b = mean key over passages and tokens: least mean of R = |q + k|^2."""
        check(query, key)
        return cls(query.mean((0, -2)), key.mean((0, -2)))


class Learned(FeatureMap):
    """exp(W x + bias) with separate learned W for writing and for reading. Not unbiased."""

    name = "learned exponential"
    unbiased = False

    def __init__(self, writing: HiddenUnits, reading: HiddenUnits) -> None:
        self.writing, self.reading = writing, reading

    def write(self, key: Tensor, units: HiddenUnits | None = None) -> tuple[None, Tensor]:
        return None, key @ self.writing.weight.mT + self.writing.bias.unsqueeze(-2)

    def read(self, query: Tensor, units: HiddenUnits | None = None) -> tuple[None, Tensor]:
        return None, query @ self.reading.weight.mT + self.reading.bias.unsqueeze(-2)

    def gradients(
        self, query: Tensor, key: Tensor, target: Tensor, value: Tensor | None, loss: str
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Derivatives of a loss by weight and bias of writing, then of reading, all (heads, ...).

        By hand and in place: autograd takes half as long again. K = phi psi^T is the kernel,
        P = K / sum_s K are the circuit's attention weights, T the head's.

        Parameters
        ----------
        query, key, value : (heads, N, d). The cross-entropy needs no values.
        target : T, (heads, N, N).
        loss : one of ``LOSSES``, each head's own.
        """
        reading, writing = self.read(query)[1], self.write(key)[1]
        shift = writing.amax(-2, keepdim=True)  # of a unit, as much for reading as against writing
        reading = reading.add_(shift)
        # phi, but for a factor a query, which P does not see, and psi: (heads, N, m)
        phi = reading.sub_(reading.amax(-1, keepdim=True)).exp_()
        psi = writing.sub_(shift).exp_()
        kernel = phi @ psi.mT  # (heads, N, N)
        unseen, kernel = kernel < LEAST, kernel.clamp_min_(LEAST)
        total = kernel.sum(-1, keepdim=True)
        if loss == LOSSES[0]:
            # -mean_t sum_s T log P, by K: (1 / sum_s K - T / K) / N
            slope = torch.div(target, kernel, out=kernel).neg_().add_(1 / total)
            slope = slope.div_(len(target[0]))
        else:
            # |(P - T) V|^2 / |T V|^2, by P and then by K
            weights, exact = kernel.div_(total), target @ value
            by_weight = 2 * ((weights - target) @ value) @ value.mT
            by_weight.div_(exact.square().sum((-2, -1), keepdim=True))
            along = (by_weight * weights).sum(-1, keepdim=True)
            slope = by_weight.sub_(along).div_(total)
        slope = slope.masked_fill_(unseen, 0)
        writes, reads = (slope.mT @ phi).mul_(psi), (slope @ psi).mul_(phi)  # (heads, N, m)
        return writes.mT @ key, writes.sum(-2), reads.mT @ query, reads.sum(-2)


def unfolded(gated: Gated) -> Learned:
    """The gated map with weights and biases of its own, from which learning can go on.

    Output: that of ``gated``. Its rates are softmax_r(width (q.c_r - |c_r|^2/2)) times a factor
    of the query. Softmax's denominator and that factor are the same for all units, so they drop
    out of the output, and exp(W q + bias) remains, with W_r = width c_r. Trace: another one,
    since those factors do not drop out of it.
    """
    landmark, width = gated.tuning.landmark, gated.width.to(gated.tuning.landmark.dtype)
    bias = -width.unsqueeze(-1) * landmark.square().sum(-1) / 2
    return Learned(
        HiddenUnits(landmark.clone(), -gated.tuning.log_scale),
        HiddenUnits(width.view(-1, 1, 1) * landmark, bias),
    )


@dataclass(frozen=True)
class Recipe:
    """How :func:`learn` trains: Adam on one passage a step, rate falling to zero.

    ``loss``: "cross-entropy" of the attention weights, summed over keys, mean over queries; or
    "output error", the square of the head's relative error, which needs the values.
    """

    steps: int = 200
    learning_rate: float = 0.05
    loss: str = LOSSES[0]

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss: got {self.loss!r}; allowed are {LOSSES}")


def learn(
    query: Tensor,
    key: Tensor,
    units: int,
    generator: Generator,
    recipe: Recipe | None = None,
    value: Tensor | None = None,
    start: Learned | None = None,
) -> Learned:
    """Fit hidden units to attention on calibration passages.

    Parameters
    ----------
    query, key : (passages, heads, N, d), divided by d^(1/4).
    units : hidden units a head.
    generator : draws the start and the order of passages.
    recipe : how to train. The default loss is that of Zhang et al. 2024 (arXiv:2402.04347).
    value : (passages, heads, N, d_value), where the loss needs them.
    start : where to begin, by default random centred features. It is left as it is.

    Raises
    ------
    ValueError : shapes that do not fit, a start of another size, or no values for a loss that
        needs them.
    """
    check(query, key, value)
    recipe = recipe or Recipe()
    if recipe.loss == LOSSES[1] and value is None:
        raise ValueError(f"value: got None; the loss {recipe.loss!r} needs the values")
    start = start or _random_start(query, key, units, generator)
    if len(start.writing) != units:
        raise ValueError(f"start: got {len(start.writing)} units; must be {units}")
    parameters = [
        part.clone() for side in (start.writing, start.reading) for part in (side.weight, side.bias)
    ]
    model = Learned(HiddenUnits(*parameters[:2]), HiddenUnits(*parameters[2:]))
    optimiser = torch.optim.Adam(parameters, lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.steps)
    target = (query @ key.mT).softmax(-1)  # (passages, heads, N, N)
    for _ in range(recipe.steps):
        chosen = int(torch.randint(len(query), (), generator=generator))
        passage = (None if x is None else x[chosen] for x in (query, key, target, value))
        slopes = model.gradients(*passage, recipe.loss)
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter.grad = slope
        optimiser.step()
        schedule.step()
    return model


def _random_start(query: Tensor, key: Tensor, units: int, generator: Generator) -> Learned:
    """The same random weights on both sides, with biases that centre queries and keys."""
    heads, d_head = query.shape[1], query.shape[-1]
    weight = Positive().draw(units, d_head, generator, (heads,), query.dtype).weight
    write_bias, read_bias = (
        -(weight @ x.mean((0, -2)).unsqueeze(-1)).squeeze(-1) for x in (key, query)
    )
    return Learned(HiddenUnits(weight, write_bias), HiddenUnits(weight, read_bias))
