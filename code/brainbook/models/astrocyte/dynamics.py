"""The neuron-astrocyte circuit of Kozachkov, Kastanenka & Krotov (2023) as a system in time.

Writing. Token s = 0 ... N-1 is present from s dt to (s+1) dt. Meanwhile the hidden layer fires at
h(t) = phi(k_s) and the last layer at v(t) = v_s. With ' for the derivative in time,

    rise c' = h - c                   calcium that the hidden layer's activity lets in
    g' = c / dt - g / decay_g         the astrocyte's trace, one per hidden unit
    H' = v y^T / dt - H / decay_h     Hebbian synapses; y = h, or y = c where calcium gates them

Reading. At T = N dt the hidden layer fires at phi(q_t), the synapses deliver H phi(q_t), and the
astrocyte divides by p_t = phi(q_t) . g.

The equations are linear, so each token enters g and H with a weight that depends on its age:
:func:`token_weights`. Without leak and without rise all weights are 1 and the circuit is the
algebraic one. With leak alone they are a constant times exp(-(T - t_s) / decay), so that
decay / dt is a slope in attention with a bias that is linear in position (Press et al. 2022,
"ALiBi"): :func:`alibi_bias`. :func:`integrate` solves the same equations step by step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from brainbook.models.attention.softmax import check

from .circuit import Readout


@dataclass(frozen=True)
class Timing:
    """Time constants in seconds.

    interval : dt, from one token to the next.
    rise : of the calcium that enters a process; 0 for at once.
    decay_g, decay_h : of the astrocyte's trace and of the synapses; infinite for no leak.
    gated : whether the Hebbian rule sees the calcium instead of the hidden layer.

    Raises
    ------
    ValueError : a time constant is out of range, or rise and a decay are equal.
    """

    interval: float = 1.0
    rise: float = 0.0
    decay_g: float = math.inf
    decay_h: float = math.inf
    gated: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.interval < math.inf:
            raise ValueError(f"interval: got {self.interval}; must be positive and finite")
        if not 0 <= self.rise < math.inf:
            raise ValueError(f"rise: got {self.rise}; must be at least 0 and finite")
        for name in ("decay_g", "decay_h"):
            if not getattr(self, name) > 0 or getattr(self, name) == self.rise:
                raise ValueError(
                    f"{name}: got {getattr(self, name)}; must be positive and differ from rise"
                )


def _held(tokens: int, interval: float, decay: float) -> np.ndarray:
    """Mean over each token's stay of exp(-age at T / decay): (N,). 1 for no decay, 0 for 0."""
    if decay == 0 or math.isinf(decay):
        return np.full(tokens, float(decay > 0))
    age_at_end = np.arange(tokens - 1, -1, -1.0) * interval
    return -np.exp(-age_at_end / decay) * decay / interval * np.expm1(-interval / decay)


def token_weights(tokens: int, interval: float, decay: float, rise: float = 0.0) -> Tensor:
    """Weight of each token in g, or in ungated H, when writing ends: (N,), float64.

    The response to a brief pulse is decay/(decay - rise) (exp(-u/decay) - exp(-u/rise)) at age u;
    a token's weight is its mean over the token's stay.
    """
    timing = Timing(interval, rise, decay)
    fall, climb = (_held(tokens, interval, tau) for tau in (timing.decay_g, timing.rise))
    scale = 1.0 if math.isinf(decay) else decay / (decay - rise)
    return torch.from_numpy(scale * (fall - climb))


def smear(tokens: int, interval: float, rise: float) -> Tensor:
    """Mean calcium during token t caused by token s: (N, N) indexed [t, s], float64.

    The identity for rise 0. Where calcium gates the Hebbian rule, H = sum_t v_t c_t^T with
    c_t = sum_s smear[t, s] phi(k_s): each token is stored with the values of later ones.
    """
    if rise == 0:
        return torch.eye(tokens, dtype=torch.float64)
    gone = -math.expm1(-interval / rise)  # share of a step that is covered within one interval
    delay = torch.arange(tokens, dtype=torch.float64)
    delay = delay.unsqueeze(1) - delay
    later = rise / interval * gone**2 * torch.exp(-(delay - 1) * interval / rise)
    same = (1 - rise / interval * gone) * torch.eye(tokens, dtype=torch.float64)
    return torch.where(delay > 0, later, same)


def lag(tokens: int, interval: float, rise: float) -> Tensor:
    """What a response with time constant ``rise`` has reached at each token's end: (N, N).

    Row t weighs what was asked for at tokens s <= t; it starts settled on the first. Rows sum to 1.
    """
    if rise == 0:
        return torch.eye(tokens, dtype=torch.float64)
    delay = torch.arange(tokens, dtype=torch.float64)
    delay = delay.unsqueeze(1) - delay
    weight = -math.expm1(-interval / rise) * torch.exp(-delay * interval / rise)
    weight = torch.where(delay >= 0, weight, 0.0)
    weight[:, 0] += torch.exp(-(delay[:, 0] + 1) * interval / rise)
    return weight


@dataclass(frozen=True)
class Kernel:
    """Weights that a circuit puts on its tokens before division: exp(log_scale) * weight.

    weight : (..., N, N), query t and key s. log_scale : (..., N, 1).
    """

    weight: Tensor
    log_scale: Tensor

    @classmethod
    def of_scores(cls, scores: Tensor) -> Kernel:
        """exp(scores): with scores = q . k, the circuit with infinitely many hidden units."""
        top = scores.amax(-1, keepdim=True)
        return cls((scores - top).exp(), top)

    def read(
        self, value: Tensor, in_synapses: Tensor | None = None, in_astrocyte: Tensor | None = None
    ) -> Readout:
        """Output and trace with each key's weight (N,) in the synapses and in the astrocyte.

        ``value`` (..., N, d_value). None stands for weights of 1.
        """
        ones = value.new_ones(value.shape[-2])
        synaptic = (ones if in_synapses is None else in_synapses.to(value)).unsqueeze(-1)
        astrocytic = (ones if in_astrocyte is None else in_astrocyte.to(value)).unsqueeze(-1)
        stored = torch.cat([value * synaptic, astrocytic.expand_as(value[..., :1])], -1)
        total = self.weight @ stored
        drive, trace = total[..., :-1], total[..., -1:]
        log_p = (trace.log() + self.log_scale).squeeze(-1)
        return Readout(0, drive / trace, log_p, torch.ones_like(log_p))


def alibi_bias(tokens: int, slope: float, causal: bool) -> Tensor:
    """slope * s for key s, or -slope * (t - s) with later keys shut out: (N, N), float64.

    Softmax ignores what is the same for all keys of a query, so both are the published bias.
    """
    place = torch.arange(tokens, dtype=torch.float64)
    if not causal:
        return (slope * place).expand(tokens, tokens)
    delay = place.unsqueeze(1) - place
    return torch.where(delay >= 0, -slope * delay, -math.inf)


def write_leaking(features: Tensor, value: Tensor, keep: float) -> tuple[Tensor, Tensor]:
    """H (..., N, d_value, m) and g (..., N, m) after each token, as the tokens come in.

    Before token t is added all that is stored shrinks by the factor ``keep``. Written as a sum
    of the updates, each divided by what it will have lost by the first token's age.
    """
    steps = value.unsqueeze(-1) * features.unsqueeze(-2)
    lost = keep ** torch.arange(features.shape[-2], dtype=features.dtype)
    synapses = (steps / lost[:, None, None]).cumsum(-3) * lost[:, None, None]
    return synapses, (features / lost[:, None]).cumsum(-2) * lost[:, None]


def exact_features(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """2 N hidden units whose inner products are exp(q . k) for these tokens, float64.

    exp(x . y) is a positive definite kernel, so the matrix over all queries and keys has a square
    root. It knows the tokens, so it proves identities and nothing about brains.
    """
    check(query, key)
    both = torch.cat([query, key], -2).double()
    level, direction = torch.linalg.eigh((both @ both.mT).exp())
    root = direction * level.clamp(min=0).sqrt().unsqueeze(-2)
    return root[..., : query.shape[-2], :], root[..., query.shape[-2] :, :]


def integrate(
    features: Tensor, value: Tensor, timing: Timing, tolerance: float = 1e-12
) -> tuple[Tensor, Tensor]:
    """H (d_value, m) and g (m,) when writing ends, by integrating the equations. Small cases.

    An independent check of :func:`token_weights` and :func:`smear`, with an explicit eighth-order
    Runge-Kutta method; features (N, m), value (N, d_value).
    """
    rates, values = features.double().numpy(), value.double().numpy()
    units, width = rates.shape[1], values.shape[1]
    state = np.zeros(2 * units + width * units)
    for rate, output in zip(rates, values, strict=True):

        def flow(_time, now, rate=rate, output=output):
            calcium, trace, synapses = np.split(now, [units, 2 * units])
            calcium = calcium if timing.rise else rate
            seen = calcium if timing.gated else rate
            entering = (rate - calcium) / timing.rise if timing.rise else np.zeros(units)
            growing = np.outer(output, seen).ravel() / timing.interval
            return np.concatenate(
                [
                    entering,
                    calcium / timing.interval - trace / timing.decay_g,
                    growing - synapses / timing.decay_h,
                ]
            )

        span = (0, timing.interval)
        solved = solve_ivp(flow, span, state, "DOP853", rtol=tolerance, atol=tolerance / 100)
        state = solved.y[:, -1]
    _, trace, synapses = np.split(state, [units, 2 * units])
    return torch.from_numpy(synapses.reshape(width, units)), torch.from_numpy(trace)
