"""What a cell's limits do to the neuron-astrocyte circuit: noise, range, coverage, processes.

Most of them change the trace g of each hidden unit by a factor, (heads, m), which
:meth:`brainbook.models.astrocyte.cell.Cell.output` takes. For a factor of mean 1 and variance v,
independent between units, p_t errs by v / m_eff (relative variance): a law that holds at any
size. For the output, which is divided by p_t, it is the first order.

Tensors: (heads, N, m) for N queries and m hidden units; ``generator`` is the source of chance.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Generator, Tensor

from brainbook.models.attention.softmax import relative_error

from .cell import Cell


def best_gain(estimate: Tensor, exact: Tensor) -> Tensor:
    """``estimate`` times the constant, one per head, that brings it nearest to ``exact``."""
    both = (estimate * exact).sum((-2, -1), keepdim=True)
    return estimate * both / estimate.square().sum((-2, -1), keepdim=True)


def constant_divisor(drive: Tensor, output: Tensor) -> Tensor:
    """Error (heads,) of a circuit with no astrocyte, divided by the best constant of each head."""
    return relative_error(best_gain(drive, output), output)


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


def noisy_traces(cell: Cell, size: float, generator: Generator) -> Tensor:
    """Factors on g: every trace times its own, of coefficient of variation ``size``."""
    return factors(tuple(cell.trace.shape), size, generator).to(cell.trace)


def noisy_rates(cell: Cell, size: float, generator: Generator) -> Cell:
    """Every reading rate of every query times its own factor, which drive and trace share."""
    noise = factors(tuple(cell.reading.shape), size, generator).to(cell.reading)
    return replace(cell, reading=cell.reading * noise)


def limited(cell: Cell, decades: float, how: str) -> Tensor:
    """Factors on g if traces span only so many decades.

    how : "floor", traces below the largest one over 10^decades are lifted to that level;
        "ceiling", g becomes g / (1 + g / K) with K that level (a Hill curve of exponent 1).

    Raises
    ------
    ValueError : another ``how``.
    """
    level = cell.log_trace.amax(-1, keepdim=True) - decades * math.log(10)
    above = cell.log_trace - level
    if how == "floor":
        return (-above).clamp(min=0).exp()
    if how == "ceiling":
        return torch.sigmoid(-above)
    raise ValueError(f"how: got {how!r}; allowed are 'floor' and 'ceiling'")


def rounded(cell: Cell, levels: float, generator: Generator) -> Tensor:
    """Factors on g if each is known to ``levels`` levels a decade, from a random first level.

    Their logs err evenly within half a step of h = ln(10)/levels, about h^2/12 in variance.

    Raises
    ------
    ValueError : ``levels`` is not positive.
    """
    if not levels > 0:
        raise ValueError(f"levels: got {levels}; must be positive")
    step = math.log(10) / levels
    phase = torch.rand(cell.log_trace.shape, generator=generator).to(cell.log_trace)
    known = ((cell.log_trace / step + phase).round() - phase) * step
    return (known - cell.log_trace).exp()


def sensed_units(cell: Cell, share: float, generator: Generator) -> Tensor:
    """Factors on g if it is sensed at each hidden unit with probability ``share``, or not at all.

    Scaled up by 1/share; variance 1/share - 1. Where no unit that matters is sensed p_t is near
    zero and the output's error has no bound.
    """
    return _covered(cell.trace.shape, share, generator).to(cell.trace) / share


def covered_contacts(cell: Cell, share: float, generator: Generator) -> Tensor:
    """Which synapses of H have an astrocyte beside them: (heads, d_value, m), ones and zeros."""
    return _covered(cell.synapses.shape, share, generator).to(cell.synapses)


def sensed_contacts(covered: Tensor, share: float) -> Tensor:
    """Factors on g if a hidden unit is sensed at those of its d_value contacts that are covered.

    ``covered`` : of :func:`covered_contacts`. Variance (1/share - 1) / d_value.
    """
    return covered.mean(-2) / share


def _covered(shape: torch.Size, share: float, generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator) < share


def undivided(cell: Cell, covered: Tensor, exact: Tensor, divisor: Tensor | None = None) -> Tensor:
    """Output if covered synapses are divided by p_t, and the others by one constant a head.

    Parameters
    ----------
    covered : of :func:`covered_contacts`.
    exact : what the output should be; the constant is the best for it, in hindsight.
    divisor : p_t, (heads, N, 1), where it is not the cell's own.
    """
    divided = cell.reading @ (cell.synapses * covered).mT
    rest, drive = (x * cell.relative_scale for x in (cell.drive - divided, cell.drive))
    constant = (drive * exact).sum((-2, -1), keepdim=True) / drive.square().sum(
        (-2, -1), keepdim=True
    )
    return divided / (cell.divisor() if divisor is None else divisor) + rest * constant


def only_covered_units(cell: Cell, share: float, generator: Generator) -> Cell:
    """The cell without a random part of its hidden units, in H and in g alike."""
    taking_part = _covered(cell.trace.shape, share, generator).to(cell.reading)
    return replace(cell, reading=cell.reading * taking_part.unsqueeze(-2))


def positive_rates(cell: Cell) -> Cell:
    """The cell whose reading rates are cut off at zero, as neurons' are."""
    return replace(cell, reading=cell.reading.clamp_min(0))


def local_pools(cell: Cell, pools: int, generator: Generator) -> Tensor:
    """Output if hidden units are split at random into equal processes that divide on their own.

    A process whose sum is zero delivers nothing.

    Raises
    ------
    ValueError : the number of hidden units is no multiple of ``pools``.
    """
    units = cell.trace.shape[-1]
    if pools < 1 or units % pools:
        raise ValueError(f"pools: got {pools}; must divide the number of hidden units, {units}")
    order = torch.randperm(units, generator=generator)
    total = torch.zeros_like(cell.drive)
    for part in order.view(pools, -1):
        reading = cell.reading[..., part]
        own = reading @ cell.trace[..., part].unsqueeze(-1)
        total += torch.where(own == 0, 0, reading @ cell.synapses[..., part].mT / own)
    return total / pools
