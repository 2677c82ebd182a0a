"""The neuron-astrocyte circuit of one head after writing, ready to be read and disturbed.

What its divisor is made of decides how disturbances average out. With x_r = phi_r(q_t) g_r, what
hidden unit r adds to the trace p_t = sum_r x_r, the effective number of hidden units is
m_eff = (sum x)^2 / sum x^2. It is m if all add the same and 1 if a single unit carries the trace.
Where rates have either sign it can be less than 1: then the units cancel. An independent relative
error eps on each g_r is a relative error eps / sqrt(m_eff) of p_t.

Tensors: (heads, N, m) for N queries and m hidden units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from brainbook.models.attention.softmax import check
from brainbook.models.features.maps import FeatureMap, HiddenUnits


@dataclass(frozen=True)
class Cell:
    """A circuit after writing, one per head, ready to read every query.

    reading : phi(q_t), writing : phi(k_s), (heads, N, m). Each hidden unit of ``writing`` is
        divided by its largest rate, by which ``reading`` is multiplied instead, and each query of
        ``reading`` is then divided by exp(log_scale), (heads, N, 1). Writing rates are positive,
        reading rates may have either sign.
    trace : g, (heads, m), and synapses : H, (heads, d_value, m), from ``writing``.
    log_trace : log g without that division, (heads, m).
    """

    reading: Tensor
    writing: Tensor
    trace: Tensor
    synapses: Tensor
    log_trace: Tensor
    log_scale: Tensor

    @cached_property
    def drive(self) -> Tensor:
        """H phi(q_t), (heads, N, d_value)."""
        return self.reading @ self.synapses.mT

    @property
    def parts(self) -> Tensor:
        """x_r of each query, (heads, N, m)."""
        return self.reading * self.trace.unsqueeze(-2)

    @cached_property
    def relative_scale(self) -> Tensor:
        """exp(log_scale) over its largest value, (heads, N, 1), float64: compares queries."""
        return (self.log_scale - self.log_scale.amax(-2, keepdim=True)).double().exp()

    def divisor(self, factor: Tensor | float = 1.0) -> Tensor:
        """p_t, (heads, N, 1), if each trace g_r is ``factor`` (heads, m) times the cell's own."""
        return self.reading @ (self.trace * factor).unsqueeze(-1)

    def late_divisor(self, late: Tensor, factor: Tensor | float = 1.0) -> Tensor:
        """:meth:`divisor` as it follows the queries, (heads, N, 1).

        ``late`` : (N, N), what of each query's p_t has arrived, of
        :func:`brainbook.models.astrocyte.dynamics.lag`.
        """
        now, scale = self.divisor(factor), self.relative_scale
        return (late.double() @ (now * scale) / scale).to(now)

    def output(self, factor: Tensor | float = 1.0) -> Tensor:
        """The drive divided by :meth:`divisor`, (heads, N, d_value)."""
        return self.drive / self.divisor(factor)

    def leaking(self, value: Tensor, weight: Tensor) -> Cell:
        """The cell in which token s entered g and H with weight (N,); value (heads, N, d_value)."""
        weight = weight.to(value)
        synapses = (value * weight.unsqueeze(-1)).mT @ self.writing
        return replace(self, trace=weight @ self.writing, synapses=synapses)


def written(
    query: Tensor, key: Tensor, value: Tensor, feature_map: FeatureMap, units: HiddenUnits
) -> Cell:
    """Write all tokens; for maps whose writing rates are positive exponentials.

    Parameters
    ----------
    query, key : (heads, N, d), divided by d^(1/4).
    value : (heads, N, d_value).
    feature_map : how the hidden units fire.
    units : hidden units, (heads, m, d).

    Raises
    ------
    ValueError : shapes that do not fit, or a map with writing rates of both signs.
    """
    check(query, key, value)
    amplitude, into = feature_map.write(key, units)
    if amplitude is not None:
        raise ValueError(f"feature_map: got {feature_map.name!r}; needed are positive exponentials")
    top = into.amax(-2, keepdim=True)  # (heads, 1, m)
    rates = (into - top).exp()  # (heads, N, m)
    amplitude, out = feature_map.read(query, units)
    out = out + top
    scale = out.amax(-1, keepdim=True)
    reading = (out - scale).exp()
    total = rates.sum(-2)
    return Cell(
        reading if amplitude is None else reading * amplitude,
        rates,
        total,
        value.mT @ rates,
        total.log() + top.squeeze(-2),
        scale - math.log(len(units)),
    )


def effective_units(parts: Tensor) -> Tensor:
    """m_eff = (sum x)^2 / sum x^2 over the last dimension."""
    return parts.sum(-1).square() / parts.square().sum(-1)
