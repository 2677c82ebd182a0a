"""What a cell's limits do to the neuron-astrocyte circuit: range, coverage, separate processes.

The laws follow from the effective number of hidden units, see
:mod:`brainbook.models.astrocyte.noise`. Tensors: (heads, N, m) for N queries and m hidden units.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from brainbook.models.attention.softmax import relative_error

from .noise import Cell, Effect, effective_units, of_divisor


def best_gain(estimate: Tensor, exact: Tensor) -> Tensor:
    """``estimate`` times the constant, one per head, that brings it nearest to ``exact``."""
    both = (estimate * exact).sum((-2, -1), keepdim=True)
    return estimate * both / estimate.square().sum((-2, -1), keepdim=True)


def constant_divisor(drive: Tensor, output: Tensor) -> Tensor:
    """Error (heads,) of a circuit with no astrocyte, divided by the best constant of each head."""
    return relative_error(best_gain(drive, output), output)


def limited_range(cell: Cell, decades: float, how: str) -> Tensor:
    """Output error (heads,) if a trace spans only so many decades, with the best gain per head.

    how : "floor", traces below the largest one over 10^decades are lifted to that level;
        "ceiling", g becomes g / (1 + g / K) with K that level (a Hill curve of exponent 1).

    Raises
    ------
    ValueError : another ``how``.
    """
    level = cell.log_trace.amax(-1, keepdim=True) - decades * math.log(10)
    above = cell.log_trace - level
    if how == "floor":
        factor = (-above).clamp(min=0).exp()
    elif how == "ceiling":
        factor = torch.sigmoid(-above)
    else:
        raise ValueError(f"how: got {how!r}; allowed are 'floor' and 'ceiling'")
    output = cell.output
    ratio = cell.divisor(cell.trace) / cell.divisor(cell.trace * factor)
    return relative_error(best_gain(output * ratio.unsqueeze(-1), output), output)


def coarse_divisor(log_p: Tensor, output: Tensor, levels: float, generator: Generator) -> Effect:
    """p_t known to ``levels`` levels per decade, evenly in logs, from a random first level.

    Law, with h = ln(10)/levels: E(ratio - 1)^2 = sinh(h)/h - 2 sinh(h/2)/(h/2) + 1, about h^2/12.

    Raises
    ------
    ValueError : ``levels`` is not positive.
    """
    if not levels > 0:
        raise ValueError(f"levels: got {levels}; must be positive")
    step = math.log(10) / levels
    phase = torch.rand(log_p.shape[:-1], generator=generator).to(log_p).unsqueeze(-1)
    known = ((log_p / step + phase).round() - phase) * step
    square = math.sinh(step) / step - 2 * math.sinh(step / 2) / (step / 2) + 1
    return of_divisor(output, (known - log_p).exp(), torch.full_like(log_p, square))


def uncovered(cell: Cell, share: float, generator: Generator) -> Effect:
    """p sensed at each hidden unit with probability ``share`` only, and scaled up by 1/share.

    Law: variance (1/share - 1) / m_eff of p_t. Where no unit that matters is sensed p_t is near
    zero and the output's error has no bound.
    """
    seen = torch.rand(cell.trace.shape, generator=generator) < share
    ratio = cell.divisor(cell.trace * seen) / share / cell.divisor(cell.trace)
    return of_divisor(cell.output, ratio, (1 / share - 1) / effective_units(cell.parts))


def undivided(cell: Cell, share: float, generator: Generator) -> Tensor:
    """A random ``share`` of synapses is divided by p_t, the others by a constant: output error."""
    under = torch.rand(cell.synapses.shape, generator=generator) < share
    p, output, drive = cell.divisor(cell.trace).unsqueeze(-1), cell.output, cell.drive
    constant = drive.square().sum((-2, -1), keepdim=True) / (drive * output).sum(
        (-2, -1), keepdim=True
    )
    covered = cell.reading @ (cell.synapses * under).mT
    return relative_error(covered / p + (drive - covered) / constant, output)


def local_pools(cell: Cell, pools: int, generator: Generator) -> Effect:
    """Hidden units split at random into equal processes that each divide by their own sum.

    ``trace``: a process's sum times the number of processes P against the whole cell's, root mean
    square over processes. Its law is that of sampling without replacement,
    (P - 1)/(m - 1) (m/m_eff - 1). ``output``: of all processes together; the law is for one
    process alone, so it bounds what averaging can leave.

    Raises
    ------
    ValueError : the number of hidden units is no multiple of ``pools``.
    """
    units = cell.trace.shape[-1]
    if pools < 1 or units % pools:
        raise ValueError(f"pools: got {pools}; must divide the number of hidden units, {units}")
    order = torch.randperm(units, generator=generator)
    split = (pools, units // pools)
    parts = cell.parts[..., order].unflatten(-1, split).sum(-1)  # (heads, N, P)
    reading = cell.reading[..., order].unflatten(-1, split)
    synapses = cell.synapses[..., order].unflatten(-1, split)
    whole = parts.sum(-1, keepdim=True)
    local = torch.einsum("hnpu,hdpu->hnpd", reading, synapses) / (pools * parts).unsqueeze(-1)
    square = (pools - 1) / (units - 1) * (units / effective_units(cell.parts) - 1)
    return Effect(
        relative_error(local.sum(-2), cell.output),
        square.mean(-1).sqrt(),
        (pools * parts / whole - 1).square().mean((-2, -1)).sqrt(),
        square.mean(-1).sqrt(),
    )


def common_divisor(drive: Tensor, trace: Tensor, heads: int) -> Tensor:
    """Error (all heads,) if groups of ``heads`` heads are divided by one trace, their mean.

    drive (H, N, d_value) and trace (H, N) as the heads have them alone; each trace enters relative
    to its own root mean square, and each head has the best constant gain.

    Raises
    ------
    ValueError : the number of heads is no multiple of ``heads``.
    """
    if heads < 1 or len(drive) % heads:
        raise ValueError(f"heads: got {heads}; must divide the number of heads, {len(drive)}")
    output = drive / trace.unsqueeze(-1)
    relative = trace / trace.square().mean(-1, keepdim=True).sqrt()
    common = relative.unflatten(0, (-1, heads)).mean(1).repeat_interleave(heads, 0)
    return relative_error(best_gain(drive / common.unsqueeze(-1), output), output)
