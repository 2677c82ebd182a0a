"""Tuned units whose synapses are divided one unit at a time, in place of all at the end.

The published circuit stores H = sum_s v_s f(k_s)^T and g = sum_s f(k_s), reads H rho, and lets
the astrocyte divide by its pooled trace rho . g (Kozachkov et al. 2023, doi:
10.1073/pnas.2219150120). Here the astrocyte divides earlier and apart: the process at unit r
holds g_r and divides the synapses of that unit,

    o_r = H_r / g_r = sum_s softmax_s(c_r . k_s) v_s,

which is what attention would answer to the landmark c_r itself. A query mixes these answers,

    o(q) = sum_r rho_r(q) o_r / sum_r rho_r(q),    (K + ridge I) rho = kappa(q),

with the rates of :class:`brainbook.models.features.landmarks.Landmarks`. The last factor of the
Nyströmformer, softmax(landmarks K^T) V, is divided the same way (Xiong et al. 2021,
arXiv:2102.03902), with landmarks from the text that is read. What a unit usually writes, n_r,
cancels.

Rates of either sign need two cells a unit, one for what is above zero and one for what is below;
:func:`on_off` is the network of both, and all its rates are positive or zero. The division by
sum_r rho_r does not depend on the text, so it needs no astrocyte.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from brainbook.models.attention.softmax import Problem, check
from brainbook.models.features.landmarks import Landmarks


def answers(landmark: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """o_r, what each unit's divided synapses hold: (..., m, d_value).

    Parameters
    ----------
    landmark : (..., m, d).
    key, value : (..., N, d) and (..., N, d_value), with the same leading dimensions.
    """
    return (landmark @ key.mT).softmax(-1) @ value


def causal_answers(landmark: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """:func:`answers` after each token, from the tokens up to it: (..., N, m, d_value)."""
    score = (key @ landmark.mT).double()  # (..., N, m)
    written = (score - score.amax(-2, keepdim=True)).exp()
    trace = written.cumsum(-2).clamp_min(torch.finfo(torch.float64).tiny)
    held = (written.unsqueeze(-1) * value.double().unsqueeze(-2)).cumsum(-3)
    return (held / trace.unsqueeze(-1)).to(value.dtype)


def mixed(rates: Tensor, answer: Tensor, summed: bool = True) -> Tensor:
    """o(q), (..., N, d_value), for rates (..., N, m) and answers (..., m, d_value).

    ``summed`` : whether it is divided by the sum of the rates.
    """
    total = rates @ answer.to(rates.dtype)
    return (total / rates.sum(-1, keepdim=True) if summed else total).to(answer.dtype)


@torch.no_grad()
def read_divided(tuned: Landmarks, problems: Sequence[Problem], every: int = 1) -> list[Tensor]:
    """Outputs (heads, N, d_value) for several passages (heads, N, d).

    Of every ``every``-th query only, where that is not 1.

    As :func:`brainbook.models.astrocyte.tuned.read_each`, the lateral network settles once for
    every stored number instead of once for every query: K is symmetric.
    """
    for problem in problems:
        check(*problem.tensors)
    stored = [answers(tuned.tuning.landmark, problem.key, problem.value) for problem in problems]
    ones = torch.ones_like(stored[0][..., :1])
    # (heads, m, passages x d_value + 1)
    settled = tuned.settled(torch.cat([*stored, ones], -1))
    *parts, total = settled.split([*(one.shape[-1] for one in stored), 1], -1)
    outputs = []
    for problem, part in zip(problems, parts, strict=True):
        read = tuned.tuning_curves(problem.query[..., ::every, :]) @ torch.cat([part, total], -1)
        outputs.append((read[..., :-1] / read[..., -1:]).to(problem.value.dtype))
    return outputs


def on_off(overlap: Tensor, drive: Tensor, ridge: float, steps: int) -> tuple[Tensor, Tensor]:
    """Rates of the cells above and below zero, (n, m) each, both non-negative.

    Each unit has two cells that fire max(u, 0) and max(-u, 0), from membranes u and -u, or from
    one that they share. Every cell pushes every membrane by its rate times K, with opposite
    signs, its own as well:

        tau du/dt = kappa - ridge (on - off) - K (on - off),    on - off = u.

    Euler steps of the largest stable size, from rest; at rest again on - off is the signed rate
    (K + ridge I)^(-1) kappa.

    Parameters
    ----------
    overlap : K, (m, m), symmetric, no entry below zero. drive : kappa, (n, m).
    ridge : leak of the lateral network. steps : of integration.
    """
    step = 1 / (overlap.sum(-1).max() + ridge)  # K >= 0: no eigenvalue exceeds a row's sum
    membrane = torch.zeros_like(drive)
    for _ in range(steps):
        on, off = membrane.clamp_min(0), (-membrane).clamp_min(0)
        push = on @ overlap - off @ overlap + ridge * (on - off)
        membrane = membrane + step * (drive - push)
    return membrane.clamp_min(0), (-membrane).clamp_min(0)


def rectified(overlap: Tensor, drive: Tensor, ridge: float, steps: int = 100) -> Tensor:
    """Rates of one cell a unit that settles without going below zero, (n, m).

    The least of rho^T (K + ridge I) rho / 2 - kappa . rho over rho >= 0, where the network

        tau d rho/dt = -rho + max(0, rho + kappa - (K + ridge I) rho)

    rests (Rozell et al. 2008 with a threshold of zero). Found by projected gradients with
    Nesterov's momentum, restarted where it points uphill.

    Parameters
    ----------
    overlap, drive, ridge : as in :func:`on_off`.
    steps : of the projected gradient.
    """
    step = 1 / (overlap.sum(-1).max() + ridge)  # K >= 0: no eigenvalue exceeds a row's sum
    rates = ahead = torch.zeros_like(drive)
    weight = torch.ones(len(drive), 1, dtype=drive.dtype)
    for _ in range(steps):
        moved = (ahead + step * (drive - ahead @ overlap - ridge * ahead)).clamp_min(0)
        uphill = ((ahead - moved) * (moved - rates)).sum(-1, keepdim=True) > 0
        weight = torch.where(uphill, torch.ones_like(weight), weight)
        grown = (1 + (1 + 4 * weight.square()).sqrt()) / 2
        ahead = moved + (weight - 1) / grown * (moved - rates)
        rates, weight = moved, grown
    return rates


def through_interneurons(overlap: Tensor, drive: Tensor, ridge: float, rank: int) -> Tensor:
    """Rates where all that units tell each other goes through ``rank`` interneurons, (n, m).

    Each interneuron carries one eigenvector of K, those of the largest eigenvalues; what none
    carries is lost.

    Raises
    ------
    ValueError : ``rank`` is not between 1 and the number of units.
    """
    if not 1 <= rank <= len(overlap):
        raise ValueError(f"rank: got {rank}; allowed are 1 to {len(overlap)}, the units")
    values, vectors = torch.linalg.eigh(overlap)
    carried = vectors[:, -rank:]  # (m, rank)
    return (drive @ carried / (values[-rank:] + ridge)) @ carried.mT
