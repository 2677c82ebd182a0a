"""What the page on the circuit in time asserts: identities, laws, orders, and their tolerances.

Laws are compared by the ratio of measured to expected square, one mean a seed. All laws of the page
form one family: each has the Student interval over seeds at a confidence of 1 - 0.05 / laws,
so that with correct laws the chance of any failure is at most 5%.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch.nn.functional import scaled_dot_product_attention

from brainbook.evidence.claims import Claim
from brainbook.evidence.margins import half_width
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.circuit import read, write
from brainbook.models.astrocyte.dynamics import (
    Kernel,
    Timing,
    alibi_bias,
    exact_features,
    integrate,
    smear,
    token_weights,
    write_leaking,
)
from brainbook.models.attention.softmax import scaled

from . import timing as trials
from .cell import EXACT
from .measure import (
    GROUPS,
    measure_identities,
)

FAMILY = 8  # laws of the page, for the confidence of each


def identities(seed: int, tokens: int = 12, d_head: int = 3) -> dict[str, float]:
    """Largest deviations in float64, on a small random head with exact features."""
    generator = seeded(87, seed)
    query, key, value = torch.randn(
        3, tokens, d_head, generator=generator, dtype=torch.float64
    ).unbind()
    query, key = scaled(query, key)
    asked, kept = exact_features(query, key)
    dt, decay, rise = 0.2, 1.3, 0.15
    fading = token_weights(tokens, dt, decay)
    leaking = integrate(kept, value, Timing(dt, 0, decay, decay))
    output, _ = read(*leaking, asked)
    kernel = Kernel.of_scores(query @ key.mT)
    found = {
        "no-leak": _gap(integrate(kept, value, Timing(dt)), write(kept, value)),
        "filter": _gap(
            integrate(kept, value, Timing(dt, rise, decay, 2 * decay)),
            (
                value.mT @ (kept * token_weights(tokens, dt, 2 * decay).unsqueeze(-1)),
                token_weights(tokens, dt, decay, rise) @ kept,
            ),
        ),
        "gated": _gap(
            integrate(kept, value, Timing(dt, rise, gated=True)),
            (
                value.mT @ smear(tokens, dt, rise) @ kept,
                token_weights(tokens, dt, math.inf, rise) @ kept,
            ),
        ),
        "alibi": _gap((output,), (_torch_attention(query, key, value, dt / decay, False),)),
        "alibi-kernel": _gap((kernel.read(value, fading, fading).output,), (output,)),
    }
    by_token = write_leaking(kept, value, math.exp(-dt / decay))
    now = torch.einsum("tdm,tm->td", by_token[0], asked)
    now = now / (by_token[1] * asked).sum(-1, keepdim=True)
    found["alibi-causal"] = _gap((now,), (_torch_attention(query, key, value, dt / decay, True),))
    silence = torch.cat([kept, torch.zeros_like(kept)]), torch.cat([value, 0 * value])
    later, _ = read(*integrate(*silence, Timing(dt, 0, decay, decay)), asked)
    return found | {"while-reading": _gap((later,), (output,))}


def _torch_attention(query, key, value, slope: float, causal: bool) -> torch.Tensor:
    bias = alibi_bias(len(key), slope, causal).to(query)
    return scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)


def _gap(ours: tuple, theirs: tuple) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))


def exact(deviations: dict[str, float]) -> list[Claim]:
    """Identities, in float64."""
    told = {
        "no-leak": "Without leak and rise the integrated circuit stores what the algebra stores.",
        "filter": "With leaks and rise the integrated circuit stores the closed form's weights.",
        "gated": "Calcium that gates plasticity mixes the values as the closed form says.",
        "alibi": "A leak that H and g share is torch's attention with a linear position bias.",
        "alibi-kernel": "The leaking circuit with exact features is the weighted exact kernel.",
        "alibi-causal": "Reading after every token, it is causal attention with that bias (ALiBi).",
        "while-reading": "A leak that H and g share, going on while reading, changes no output.",
    }
    source = "identity: both sides"
    return [
        Claim(f"astrocyte-time-{name}", told[name], "exact", gap, 0, 1e-10, "1", source)
        for name, gap in deviations.items()
    ]


def _law(name: str, told: str, values: pd.Series, expected: float, source: str) -> Claim:
    """Holds within the interval of the mean over seeds, see the module's first lines."""
    if len(values) < 3:
        raise ValueError(f"seeds: got {len(values)}; a tolerance needs at least 3")
    quantile = stats.t.ppf(1 - 0.025 / FAMILY, len(values) - 1)
    tolerance = quantile * values.std() / math.sqrt(len(values))
    return Claim(
        f"astrocyte-time-{name}", told, "law", values.mean(), expected, tolerance, "1", source
    )


def _order(name: str, told: str, values: pd.Series, source: str) -> Claim:
    """A log ratio that the mean over seeds shows to be positive beyond its 95% interval."""
    margin = half_width(values)
    return Claim(f"astrocyte-time-{name}", told, "ordering", values.mean(), 0, margin, "1", source)


def squares(rows: pd.DataFrame) -> pd.Series:
    """Measured over expected square, mean of all rows of a seed."""
    return rows.dropna(subset="square").groupby("seed")["square"].mean()


def slope(rows: pd.DataFrame, x: pd.Series, y: str) -> pd.Series:
    """Slope of log y (median over heads) against log x, one a seed."""
    curves = rows.assign(x=x).groupby(["seed", "x"])[y].median().unstack("x")
    fitted = np.polyfit(np.log(curves.columns.to_numpy(float)), np.log(curves.T.to_numpy()), 1)
    return pd.Series(fitted[0], index=curves.index)


def laws_claims(
    noise: pd.DataFrame, levels: pd.DataFrame, coverage: pd.DataFrame, pools: pd.DataFrame
) -> list[Claim]:
    """Noise, levels, coverage and pools against their closed forms: ``FAMILY`` claims."""
    small = noise.query("place == 'each trace' and size <= 0.1")
    several = pools.query("pools > 1")
    ratio = "(ratio of squares)"
    places = {
        "token-noise": ("token, trace alone", "tokens averages as 1/sqrt(effective tokens)"),
        "unit-noise": ("each trace", "traces averages as 1/sqrt(effective units)"),
        "synapse-noise": ("each synapse", "synapses averages over a row of H"),
    }
    made = [
        _law(name, f"Noise on {told} {ratio}.", squares(noise.query("place == @place")), 1,
             "variance of a weighted sum")
        for name, (place, told) in places.items()
    ]  # fmt: skip
    return [
        *made,
        _law("noise-slope", "Small noise on traces gives an output error in proportion (slope).",
             slope(small, small["size"], "error"), 1, "first order"),
        _law("levels", f"A divisor in so many levels a decade errs as rounding does {ratio}.",
             squares(levels), 1, "sinh(h)/h - 2 sinh(h/2)/(h/2) + 1 with h = ln(10)/levels"),
        _law("unsensed", f"A trace sensed in part errs as (1/share - 1)/effective units {ratio}.",
             squares(coverage), 1, "variance of a random part of a sum"),
        _law("pools", f"A process's trace errs as a sample without replacement does {ratio}.",
             squares(several), 1, "(P - 1)/(m - 1) (m/m_eff - 1)"),
        _law("pools-slope", "The error of one process's trace grows as sqrt(P - 1) (slope).",
             slope(several, several["pools"] - 1, "trace"), 0.5, "sqrt(P - 1)"),
    ]  # fmt: skip


def memory_claims(
    leak: pd.DataFrame, needed: pd.DataFrame, uniform: pd.Series, cells: pd.Series, flattest: float
) -> list[Claim]:
    """How long the trace must last. ``leak`` and ``needed`` have their decays in seconds.

    uniform : error of uniform attention, median over heads, by seed. cells : published decays in
    seconds. flattest : the flattest slope of a published linear bias, per token, times the time
    per token: 1 over the decay in seconds.
    """
    kept = needed[needed["tokens"] == needed["tokens"].max()].groupby("seed")["seconds"].median()
    kernel = leak[leak["circuit"] == EXACT]
    both, alone = (kernel[kernel["leak"] == name] for name in ("both", "trace alone"))
    fast, slow, soma = (cells[k] for k in ("process_decay_low", "process_decay_high",
                                           "soma_decay_high"))  # fmt: skip
    least = np.log(at_decay(both, fast) / uniform)
    most = np.log(uniform / at_decay(both, soma))
    apart = np.log(at_decay(alone, soma) / at_decay(both, soma))
    source = "depitta2012computational"
    ten = "An output error of one tenth needs a slower trace than the slowest published calcium"
    return [
        _order("longer-than-process", f"{ten} decay in a process (log ratio).",
               np.log(kept / slow), source),
        _order("longer-than-soma", f"{ten} decay in a cell body (log ratio).",
               np.log(kept / soma), source),
        _order("fast-process", "With the fastest published process decay the circuit is worse "
               "than uniform attention (log ratio).", least, source),
        _order("slow-soma", "With the slowest published decay it is better than uniform attention "
               "(log ratio).", most, source),
        _order("leak-apart", "A leak of the trace alone costs more than one that H and g share "
               "(log ratio).", apart, "the error with a shared leak"),
        Claim("astrocyte-time-inside-alibi", "At reading speed the slowest published calcium decay "
              "is a steeper slope than the flattest of a published linear bias (ratio).",
              "ordering", 1 / (soma * flattest), 1, 0, "1", "press2022train"),
    ]  # fmt: skip


def at_decay(rows: pd.DataFrame, seconds: float) -> pd.Series:
    """Error at a decay time, median over heads, by seed; interpolated in logs.

    Raises
    ------
    ValueError : the decays in ``rows`` do not reach so far.
    """
    curves = rows.groupby(["seed", "seconds"])["error"].median().unstack("seconds")
    known = curves.columns.to_numpy(float)
    if not known.min() <= seconds <= known.max():
        raise ValueError(f"seconds: got {seconds}; decays run from {known.min()} to {known.max()}")
    logs = [np.interp(np.log(seconds), np.log(known), row) for row in np.log(curves.to_numpy())]
    return pd.Series(np.exp(logs), index=curves.index)


def divided(constant: pd.Series, uniform: pd.Series, together: pd.Series) -> list[Claim]:
    """Whether the division matters. Errors by seed, median over heads.

    constant : best constant divisor of each head; together : one divisor for all heads of a layer.
    """
    return [
        _order("constant", "A circuit without an astrocyte, divided by the best constant, still "
               "beats uniform attention (log ratio).", np.log(uniform / constant),
               "uniform attention's error"),
        _order("common", "One divisor for all heads of a layer beats a constant (log ratio).",
               np.log(constant / together), "the error with the best constant"),
    ]  # fmt: skip


def claims(
    memory: tuple, laws: tuple, baselines: pd.DataFrame, together: pd.DataFrame, interval: float
) -> list[Claim]:
    """Page attention/astrocytes_in_time; memory: leak, needed; laws: noise to pools, as above."""
    cells, all_heads = trials.published(), together[together["heads"] == GROUPS[-1]]
    flattest = cells["alibi_slope_flat"] / interval
    constant, uniform = baselines["constant"], baselines["uniform"]
    return [
        *exact(measure_identities(0)),
        *laws_claims(*laws),
        *memory_claims(*memory, uniform, cells, flattest),
        *divided(constant, uniform, all_heads.groupby("seed")["error"].median()),
    ]
