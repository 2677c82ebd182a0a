"""How far positive random features scatter: closed forms, without drawing a hidden unit.

All follow from the Gaussian moment E[exp(w . u)] = exp(|u|^2 / 2). With the positive map, for
one hidden unit and keys k, k' that share it,

    Cov[est(q, k), est(q, k')] / (exp(q.k) exp(q.k')) = exp((q + k).(q + k')) - 1.

For k = k' this is the law e^R - 1 with R = |q + k|^2 (Choromanski et al. 2021). Summed over
keys it gives the variance of the trace p_t, and to first order that of the output. Shapes as
in :mod:`brainbook.models.attention.softmax`; computed in float64 and in logs, N^2 memory per head.
"""

from __future__ import annotations

import torch
from torch import Tensor

from brainbook.models.attention.softmax import check


def pair_variance(query: Tensor, key: Tensor, units: int = 1) -> Tensor:
    """Relative variance (e^R - 1)/m of the estimate of exp(q . k), R = |q + k|^2. (..., N, d)

    ``query`` and ``key`` are paired token by token: result (..., N).
    """
    check(query, key)
    return (query + key).square().sum(-1).expm1() / units


def mean_log_scatter(query: Tensor, key: Tensor) -> Tensor:
    """Mean of R = |q_t + k_s|^2 over all pairs of tokens, (...)."""
    check(query, key)
    own = query.square().sum(-1).mean(-1) + key.square().sum(-1).mean(-1)
    return own + 2 * (query.mean(-2) * key.mean(-2)).sum(-1)


def trace_log_moment(query: Tensor, key: Tensor) -> Tensor:
    """log of 1 + m Var[p_t] / Z_t^2 for each token, (..., N): exact for every m.

    That is log sum_{s,s'} a_s a_s' exp((q + k_s).(q + k_s')), a the attention weights.
    """
    log_share, kernel = _shares(query, key)
    top = log_share.amax(-1, keepdim=True)
    share = (log_share - top).exp()
    quadratic = ((share @ kernel) * share).sum(-1)
    return quadratic.log() + 2 * top.squeeze(-1) + query.double().square().sum(-1)


def output_log_moment(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """log of m E|output - exact|^2 for each token, (..., N), to first order in 1/m.

    The output is a ratio. To first order its error is the weighted sum of the kernel's errors
    times v_s - o_t, so the sum of :func:`trace_log_moment` gains the factor
    (v_s - o_t).(v_s' - o_t). Higher orders matter where the trace itself scatters.
    """
    check(query, key, value)
    query, key, value = query.double(), key.double(), value.double()
    log_share, kernel = _shares(query, key)
    top = log_share.amax(-1, keepdim=True)
    share = (log_share - top).exp()
    output = (query @ key.mT).softmax(-1) @ value
    plain = ((share @ (kernel * (value @ value.mT))) * share).sum(-1)
    smoothed = share @ kernel * share  # row sums over s'
    crossed = (smoothed * (output @ value.mT)).sum(-1)
    square = smoothed.sum(-1) * output.square().sum(-1)
    quadratic = (plain - 2 * crossed + square).clamp_min(torch.finfo(torch.float64).tiny)
    return quadratic.log() + 2 * top.squeeze(-1) + query.square().sum(-1)


def _shares(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """log(a_s exp(q.k_s + |k_s|^2/2)) and exp(k_s.k_s' - |k_s|^2/2 - |k_s'|^2/2), (..., N, N)."""
    check(query, key)
    query, key = query.double(), key.double()
    half = 0.5 * key.square().sum(-1)
    scores = query @ key.mT
    log_share = scores.log_softmax(-1) + scores + half.unsqueeze(-2)
    kernel = (key @ key.mT - half.unsqueeze(-1) - half.unsqueeze(-2)).exp()
    return log_share, kernel


def predicted_trace_error(query: Tensor, key: Tensor) -> Tensor:
    """log c such that the trace's root-mean-square relative error is c / sqrt(m), (...).

    Relative to the L2 norm of Z over tokens, as
    :func:`brainbook.models.attention.softmax.relative_error`.
    """
    log_z = (query.double() @ key.double().mT).logsumexp(-1)
    moment = trace_log_moment(query, key)
    log_variance = moment + torch.log(-torch.expm1(-moment.clamp_min(1e-12)))  # log(e^x - 1)
    return 0.5 * ((2 * log_z + log_variance).logsumexp(-1) - (2 * log_z).logsumexp(-1))


def predicted_output_error(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """log c such that the output's root-mean-square relative error is c / sqrt(m) for large m."""
    output = (query.double() @ key.double().mT).softmax(-1) @ value.double()
    size = output.square().sum((-2, -1)).log()
    return 0.5 * (output_log_moment(query, key, value).logsumexp(-1) - size)
