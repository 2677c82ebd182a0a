"""What noise in an astrocyte's traces and in synapses does to the neuron-astrocyte circuit.

Everything rests on one quantity. With x_r = phi_r(q_t) g_r, what hidden unit r adds to the trace
p_t = sum_r x_r, the effective number of hidden units is m_eff = (sum x)^2 / sum x^2. It is m if
all add the same and 1 if a single unit carries the trace. An independent relative error eps on
each g_r is an error eps / sqrt(m_eff) of p_t, and the output is divided by p_t. The laws below
are this argument for each imperfection. For a divisor that is linear in the noise they hold at
any size; for the output, which is divided by it, they are the first order.

Tensors: (heads, N, m) for N queries and m hidden units; ``generator`` is the source of noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from brainbook.models.attention.softmax import check, relative_error
from brainbook.models.features.maps import FeatureMap, HiddenUnits

from .dynamics import Kernel


@dataclass(frozen=True)
class Cell:
    """A circuit after writing, one per head, ready to read every query.

    reading : phi(q_t), writing : phi(k_s), (heads, N, m). Each hidden unit of ``writing`` is
        divided by its largest rate, by which ``reading`` is multiplied instead, and each query of
        ``reading`` is then divided by exp(log_scale), (heads, N, 1).
    trace : g, (heads, m), and synapses : H, (heads, d_value, m), from ``writing``.
    log_trace : log g without that division, (heads, m).
    """

    reading: Tensor
    writing: Tensor
    trace: Tensor
    synapses: Tensor
    log_trace: Tensor
    log_scale: Tensor

    @property
    def drive(self) -> Tensor:
        """H phi(q_t), (heads, N, d_value)."""
        return self.reading @ self.synapses.mT

    @property
    def parts(self) -> Tensor:
        """x_r of each query, (heads, N, m)."""
        return self.reading * self.trace.unsqueeze(-2)

    @property
    def kernel(self) -> Kernel:
        """Weights that the circuit puts on its tokens."""
        return Kernel(self.reading @ self.writing.mT, self.log_scale)

    def divisor(self, trace: Tensor) -> Tensor:
        """p_t, (heads, N), for another g (heads, m) than the cell's own."""
        return (self.reading @ trace.unsqueeze(-1)).squeeze(-1)

    @property
    def output(self) -> Tensor:
        return self.drive / self.divisor(self.trace).unsqueeze(-1)


def written(
    query: Tensor, key: Tensor, value: Tensor, feature_map: FeatureMap, units: HiddenUnits
) -> Cell:
    """Write all tokens; for maps whose rates are positive exponentials.

    Parameters
    ----------
    query, key : (heads, N, d), divided by d^(1/4).
    value : (heads, N, d_value).
    feature_map : how the hidden units fire.
    units : hidden units, (heads, m, d).

    Raises
    ------
    ValueError : shapes that do not fit, or a map with rates of both signs.
    """
    check(query, key, value)
    amplitude, into = feature_map.write(key, units)
    if amplitude is not None:
        raise ValueError(f"feature_map: got {feature_map.name!r}; needed are positive exponentials")
    top = into.amax(-2, keepdim=True)  # (heads, 1, m)
    rates = (into - top).exp()  # (heads, N, m)
    _, out = feature_map.read(query, units)
    out = out + top
    scale = out.amax(-1, keepdim=True)
    total = rates.sum(-2)
    return Cell(
        (out - scale).exp(),
        rates,
        total,
        value.mT @ rates,
        total.log() + top.squeeze(-2),
        scale - math.log(len(units)),
    )


def effective_units(parts: Tensor) -> Tensor:
    """m_eff = (sum x)^2 / sum x^2 over the last dimension."""
    return parts.sum(-1).square() / parts.square().sum(-1)


class Effect(NamedTuple):
    """Relative errors (heads,) of one imperfection, and what the laws say.

    output, trace : measured, root mean square over tokens; the output's relative to its size.
    output_law : first order, unless told otherwise. trace_law : root of the expected square.
    """

    output: Tensor
    output_law: Tensor
    trace: Tensor
    trace_law: Tensor


def of_divisor(output: Tensor, ratio: Tensor, square: Tensor) -> Effect:
    """Dividing by ratio * p_t instead of p_t, (heads, N); square is the expected (ratio - 1)^2."""
    size = output.square().sum(-1)
    return Effect(
        relative_error(output / ratio.unsqueeze(-1), output),
        ((square * size).sum(-1) / size.sum(-1)).sqrt(),
        (ratio - 1).square().mean(-1).sqrt(),
        square.mean(-1).sqrt(),
    )


def factors(shape: tuple[int, ...], size: float, generator: Generator) -> Tensor:
    """Log-normal factors with mean 1 and coefficient of variation ``size``.

    Raises
    ------
    ValueError : ``size`` is negative.
    """
    if size < 0:
        raise ValueError(f"size: got {size}; a coefficient of variation is at least 0")
    spread = math.sqrt(math.log1p(size**2))
    return (spread * torch.randn(shape, generator=generator) - spread**2 / 2).exp()


def unit_noise(cell: Cell, size: float, generator: Generator) -> Effect:
    """Every g_r times its own factor. Law: variance size^2 / m_eff of p_t."""
    noise = factors(tuple(cell.trace.shape), size, generator).to(cell.trace)
    ratio = cell.divisor(cell.trace * noise) / cell.divisor(cell.trace)
    return of_divisor(cell.output, ratio, size**2 / effective_units(cell.parts))


def offset_noise(cell: Cell, size: float, generator: Generator) -> Effect:
    """``size`` times the root mean square of g, times a normal number, added to every g_r.

    The same for units of small and of large trace. Law: size^2 <g^2> sum_r phi_r(q_t)^2 / p_t^2.
    Where p_t comes near zero or turns negative the output's error has no bound.
    """
    relative = (cell.log_trace - cell.log_trace.amax(-1, keepdim=True)).exp()
    level = relative.square().mean(-1, keepdim=True).sqrt() / relative * cell.trace
    noise = size * level * torch.randn(cell.trace.shape, generator=generator).to(cell.trace)
    p = cell.divisor(cell.trace)
    square = (size * cell.reading * level.unsqueeze(-2)).square().sum(-1) / p.square()
    return of_divisor(cell.output, cell.divisor(cell.trace + noise) / p, square)


def synapse_noise(cell: Cell, size: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Every synapse of H times its own factor: output error and its law, (heads,).

    Law, at any size: variance size^2 sum_r (phi_r(q_t) H_ir)^2 / p_t^2 of output i.
    """
    noise = factors(tuple(cell.synapses.shape), size, generator).to(cell.synapses)
    p, output = cell.divisor(cell.trace).unsqueeze(-1), cell.output
    noisy = cell.reading @ (cell.synapses * noise).mT / p
    square = cell.reading.square() @ cell.synapses.square().mT / p.square()
    law = size * (square.sum((-2, -1)) / output.square().sum((-2, -1))).sqrt()
    return relative_error(noisy, output), law


def token_noise(weight: Tensor, value: Tensor, size: float, generator: Generator) -> Effect:
    """Every token enters g with its own factor. ``weight`` (heads, N, N) before division.

    Law: variance size^2 sum_s a_ts^2 of p_t, with a_ts = weight / p_t the attention weights.
    """
    share = weight / weight.sum(-1, keepdim=True)
    noise = factors((len(share), share.shape[-1], 1), size, generator).to(share)
    return of_divisor(share @ value, (share @ noise)[..., 0], size**2 * share.square().sum(-1))


def shared_token_noise(
    weight: Tensor, value: Tensor, size: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """The same factor on a token in g and in H: output error and its first-order law, (heads,).

    Law: variance size^2 sum_s a_ts^2 |v_s - o_t|^2 of output o_t.
    """
    share = weight / weight.sum(-1, keepdim=True)
    output, square = share @ value, share.square()
    noise = factors((len(share), share.shape[-1], 1), size, generator).to(share)
    noisy = share @ (noise * value) / (share @ noise)
    gap = (
        square @ value.square().sum(-1, keepdim=True)
        - 2 * (output * (square @ value)).sum(-1, keepdim=True)
        + square.sum(-1, keepdim=True) * output.square().sum(-1, keepdim=True)
    )
    law = size * (gap.sum((-2, -1)).clamp(min=0) / output.square().sum((-2, -1))).sqrt()
    return relative_error(noisy, output), law
