"""Softmax attention of a transformer's head, and the plain approximations to beat.

Everywhere: ``query`` and ``key`` are (..., N, d), ``value`` is (..., N, d_value); leading
dimensions (layers, heads, seeds) are batched. Scores are plain inner products: divide queries
and keys by d^(1/4) first, see :func:`scaled`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Problem:
    """What attention heads are given, and a circuit is to imitate.

    query, key : (..., N, d), divided by d^(1/4). value : (..., N, d_value). The leading
    dimensions are the same for all three: passages, layers, heads.
    """

    query: Tensor
    key: Tensor
    value: Tensor

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.query, self.key, self.value

    def __getitem__(self, index) -> Problem:
        """The part that ``index`` takes of the leading dimensions, as a tensor's own index."""
        return Problem(*(x[index] for x in self.tensors))

    def flatten(self, first: int, last: int) -> Problem:
        """Leading dimensions ``first`` to ``last`` joined into one."""
        return Problem(*(x.flatten(first, last) for x in self.tensors))

    def exact(self) -> tuple[Tensor, Tensor]:
        """Softmax output (..., N, d_value) and log Z (..., N)."""
        return softmax_attention(*self.tensors)


def stacked(problems: Iterable[Problem]) -> Problem:
    """Problems of one shape as one, with a new dimension in front."""
    return Problem(*map(torch.stack, zip(*(one.tensors for one in problems), strict=True)))


def check(query: Tensor, key: Tensor, value: Tensor | None = None) -> None:
    """Refuse inputs whose shapes do not belong together.

    Raises
    ------
    ValueError : fewer than two dimensions, different d, or a different number of tokens.
    """
    if query.ndim < 2 or query.shape[-1] != key.shape[-1] or query.shape[:-2] != key.shape[:-2]:
        raise ValueError(
            f"query, key: got shapes {tuple(query.shape)} and {tuple(key.shape)}; allowed are "
            "(..., N, d) with the same leading dimensions and the same d"
        )
    if value is not None and value.shape[:-1] != key.shape[:-1]:
        raise ValueError(
            f"value: got shape {tuple(value.shape)}; must be {tuple(key.shape[:-1])} + (d_value,)"
        )


def scaled(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Divide both by d^(1/4), so that q . k is the transformer's own score q . k / sqrt(d)."""
    check(query, key)
    factor = query.shape[-1] ** -0.25
    return query * factor, key * factor


def softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Attention output (..., N, d_value) and log Z (..., N), with Z_t = sum_s exp(q_t . k_s)."""
    check(query, key, value)
    scores = query @ key.mT
    log_z = scores.logsumexp(-1)
    return (scores - log_z.unsqueeze(-1)).exp() @ value, log_z


def mean_of_values(value: Tensor) -> Tensor:
    """Uniform attention: every token receives the mean of all values. (..., N, d_value)"""
    return value.mean(-2, keepdim=True).expand_as(value)


def taylor_attention(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Attention with exp(s) replaced by 1 + s + s^2/2: output and log of the normaliser.

    This is linear attention with 1 + d + d(d+1)/2 features (:func:`taylor_features`); the
    polynomial is positive everywhere. Computed from the scores, which is the same thing.
    """
    check(query, key, value)
    scores = query @ key.mT
    weights = 1 + scores + 0.5 * scores.square()
    normaliser = weights.sum(-1)
    return weights @ value / normaliser.unsqueeze(-1), normaliser.log()


def taylor_features(x: Tensor) -> Tensor:
    """Features (..., N, 1 + d + d(d+1)/2) whose inner product is 1 + x.y + (x.y)^2/2."""
    d = x.shape[-1]
    row, column = torch.triu_indices(d, d, device=x.device)
    weight = torch.where(row == column, x.new_tensor(0.5).sqrt(), x.new_tensor(1.0))
    second = x[..., row] * x[..., column] * weight
    return torch.cat([torch.ones_like(x[..., :1]), x, second], dim=-1)


def relative_error(estimate: Tensor, exact: Tensor, dims: tuple[int, ...] = (-2, -1)) -> Tensor:
    """|estimate - exact| / |exact|, L2 norms over ``dims`` (tokens, and features if there are).

    Raises
    ------
    ValueError : the shapes differ.
    """
    if estimate.shape != exact.shape:
        raise ValueError(f"estimate: got {tuple(estimate.shape)}; must be {tuple(exact.shape)}")
    return torch.linalg.vector_norm(estimate - exact, dim=dims) / torch.linalg.vector_norm(
        exact, dim=dims
    )


def relative_error_of_logs(log_estimate: Tensor, log_exact: Tensor) -> Tensor:
    """:func:`relative_error` over tokens (the last dimension) of positive traces given as logs.

    Both are scaled by the largest exact value first, which leaves the ratio as it is and
    keeps exp in range.
    """
    top = log_exact.amax(-1, keepdim=True)
    return relative_error((log_estimate - top).exp(), (log_exact - top).exp(), dims=(-1,))
