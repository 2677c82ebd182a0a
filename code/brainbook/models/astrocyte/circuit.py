"""The neuron-astrocyte circuit of Kozachkov, Kastanenka & Krotov (2023), one per head.

Writing phase, token s: hidden units fire at phi(k_s), the last layer at v_s. Synapses change by
the Hebbian rule, H += v_s phi(k_s)^T; the astrocyte's processes change by g += phi(k_s).
Reading phase, token t: hidden units fire at phi(q_t); the astrocyte's trace is
p_t = phi(q_t) . g and divides the synaptic drive, so that the output is H phi(q_t) / p_t.
With E[phi(x) . phi(y)] = exp(x . y), p_t estimates the softmax normaliser Z_t and the output
estimates softmax attention.

:func:`circuit` computes this block by block over hidden units, so memory does not grow with
their number, and in log space without any smoothing constant, so p_t stays absolute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from brainbook.evidence.products import product
from brainbook.models.attention.softmax import check
from brainbook.models.features.maps import FeatureMap, HiddenUnits, Positive

LONG = 1024  # hidden units held at once where heads take turns


@dataclass(frozen=True)
class Readout:
    """What the circuit gives with ``units`` hidden units.

    output : (..., N, d_value), the last layer after the astrocyte's division.
    log_p : (..., N), natural logarithm of |p_t|.
    sign : (..., N), sign of p_t; 1 everywhere for a map of positive rates.
    log_scale : (..., N), of a further read-out by which ``log_p`` is more than the astrocyte's
        own rho . g, if there is one.
    """

    units: int
    output: Tensor
    log_p: Tensor
    sign: Tensor
    log_scale: Tensor | None = None


def write(features: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Hebbian H (..., d_value, m) and astrocytic g (..., m) after all tokens are written."""
    return value.mT @ features, features.sum(-2)


def write_by_token(features: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """H (..., N, d_value, m) and g (..., N, m) after each token, from the local updates.

    Delta H_ij = v_i phi_j and Delta g_j = phi_j, summed in the order in which tokens arrive.
    """
    steps = value.unsqueeze(-1) * features.unsqueeze(-2)
    return steps.cumsum(-3), features.cumsum(-2)


def read(synapses: Tensor, astrocyte: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Output (..., N, d_value) and trace p (..., N) of the reading phase, in plain numbers."""
    trace = (features @ astrocyte.unsqueeze(-1)).squeeze(-1)
    return features @ synapses.mT / trace.unsqueeze(-1), trace


@torch.no_grad()
def circuit(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    units: int | Sequence[int],
    generator: Generator,
    feature_map: FeatureMap | None = None,
    block: int | None = None,
    heads: Sequence[int] | None = None,
) -> list[Readout]:
    """Write all tokens, then read all of them, with freshly drawn hidden units per head.

    Parameters
    ----------
    query, key : (..., N, d), divided by d^(1/4) already.
    value : (..., N, d_value).
    units : number of hidden units, or several: the first m of one draw serve each size m, so
        a whole curve costs one pass.
    generator : source of the hidden units' weights.
    feature_map : :class:`Positive` unless another is given.
    block : hidden units held at once; by default as many as make a few megabytes.
    heads : leading shape of the draw, for instance (heads, 1) for (heads, images, N, d) whose
        images share hidden units; by default every leading index has its own.

    Raises
    ------
    ValueError : shapes that do not belong together, or a size that is not positive.
    """
    check(query, key, value)
    feature_map = feature_map or Positive()
    sizes = sorted({units} if isinstance(units, int) else set(units))
    if not sizes or sizes[0] < 1:
        raise ValueError(f"units: got {units}; needed are positive numbers of hidden units")
    block = block or default_block(query)
    heads = query.shape[:-2] if heads is None else tuple(heads)
    wanted = _block_sizes(sizes, block)
    blocks = feature_map.blocks(wanted, query.shape[-1], generator, heads, query.dtype)
    if _by_head(query, feature_map):
        blocks = _joined(blocks, sizes)
    return list(run(query, key, value, blocks, sizes, feature_map))


def _by_head(query: Tensor, feature_map: FeatureMap) -> bool:
    """Whether heads take turns: one head's features of a long block fit a processor's cache."""
    return feature_map.by_head and query.ndim == 3


def _joined(blocks: Iterable[HiddenUnits], sizes: Sequence[int]) -> Iterator[HiddenUnits]:
    """The same units in blocks of about ``LONG`` that still meet every number in ``sizes``."""
    held, done = [], 0
    for units in blocks:
        held.append(units)
        done += len(units)
        if done in sizes or sum(map(len, held)) >= LONG:
            yield HiddenUnits.joined(held)
            held = []


def default_block(query: Tensor) -> int:
    """Hidden units per block such that one block of features has about 2^20 numbers."""
    per_unit = math.prod(query.shape[:-1])
    return max(16, min(4096, 2**20 // per_unit))


def _block_sizes(sizes: Sequence[int], block: int) -> Iterator[int]:
    """Block lengths that meet every number in ``sizes``."""
    done = 0
    for size in sizes:
        while done < size:
            step = min(block, size - done)
            done += step
            yield step


@torch.no_grad()
def run(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    blocks: Iterable[HiddenUnits],
    sizes: Sequence[int],
    feature_map: FeatureMap,
) -> Iterator[Readout]:
    """:func:`circuit` with hidden units that are given.

    Parameters
    ----------
    query, key, value : as in :func:`circuit`.
    blocks : hidden units, in blocks that meet every size.
    sizes : numbers of hidden units at which to read.
    feature_map : how they fire.

    Every unit r has its own offset c_r = max_s of the writing exponent, and every query a
    running offset o_t = max_r (reading exponent + c_r); the sums are rescaled when o_t grows.
    The largest term of each sum is therefore 1 and nothing overflows or vanishes.
    """
    check(query, key, value)
    with_ones = torch.cat([value, torch.ones_like(value[..., :1])], dim=-1)
    total = torch.zeros_like(query[..., :1] * with_ones[..., :1, :])  # (..., N, d_value + 1)
    offset = torch.full_like(query[..., :1], -math.inf)  # (..., N, 1)
    groups = range(len(query)) if _by_head(query, feature_map) else [...]
    wanted, done = set(sizes), 0
    for units in blocks:
        for group in groups:
            tensors = (x[group] for x in (query, key, with_ones, total, offset))
            _add(*tensors, units.of(group), feature_map)
        done += len(units)
        if done in wanted:
            yield _readout(total, offset, done)


def _add(
    query: Tensor,
    key: Tensor,
    with_ones: Tensor,
    total: Tensor,
    offset: Tensor,
    units: HiddenUnits,
    feature_map: FeatureMap,
) -> None:
    """What a block of units adds to ``total`` (..., N, d_value + 1), scaled by exp(``offset``).

    query, key : (..., N, d). with_ones : (..., N, d_value + 1), values beside a one.
    total, offset (..., N, 1) : changed in place. units, feature_map : as in :func:`run`.
    """
    amplitude, exponent = feature_map.write(key, units)
    written_offset = exponent.amax(-2, keepdim=True)  # (..., 1, m) or (..., 1, 1)
    rates = _rates(amplitude, exponent.sub_(written_offset))
    stored = product(with_ones.mT, rates)  # (..., d_value + 1, m): H above g

    amplitude, exponent = feature_map.read(query, units)
    exponent = exponent.add_(written_offset)
    highest = torch.maximum(offset, exponent.amax(-1, keepdim=True))
    rates = _rates(amplitude, exponent.sub_(highest))
    total.mul_((offset - highest).exp_()).add_(product(rates, stored.mT))
    offset.copy_(highest)


def _rates(amplitude: Tensor | None, exponent: Tensor) -> Tensor:
    rates = exponent.exp_()
    return rates if amplitude is None else amplitude.mul_(rates)


def _readout(total: Tensor, offset: Tensor, units: int) -> Readout:
    drive, trace = total[..., :-1], total[..., -1:]
    log_p = (trace.abs().log() + offset).squeeze(-1) - math.log(units)
    return Readout(units, drive / trace, log_p, trace.squeeze(-1).sign())
