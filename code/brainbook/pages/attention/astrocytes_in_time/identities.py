"""The integrated circuit against its closed forms, in float64."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import scaled_dot_product_attention

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


def identities(seed: int, tokens: int = 12, d_head: int = 3) -> dict[str, float]:
    """Largest deviations in float64, on a small random head with exact features.

    integrated : what is stored, against the closed forms: no leak and no rise; leaks and rise;
    calcium that gates the Hebbian rule. alibi : outputs with a shared leak against torch's
    attention with a linear bias: read at the end, as a weighted kernel, after a silence, and
    after every token (causal).
    """
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
    integrated = (
        (integrate(kept, value, Timing(dt)), write(kept, value)),
        (
            integrate(kept, value, Timing(dt, rise, decay, 2 * decay)),
            (
                value.mT @ (kept * token_weights(tokens, dt, 2 * decay).unsqueeze(-1)),
                token_weights(tokens, dt, decay, rise) @ kept,
            ),
        ),
        (
            integrate(kept, value, Timing(dt, rise, gated=True)),
            (
                value.mT @ smear(tokens, dt, rise) @ kept,
                token_weights(tokens, dt, math.inf, rise) @ kept,
            ),
        ),
    )
    by_token = write_leaking(kept, value, math.exp(-dt / decay))
    now = torch.einsum("tdm,tm->td", by_token[0], asked)
    now = now / (by_token[1] * asked).sum(-1, keepdim=True)
    silence = torch.cat([kept, torch.zeros_like(kept)]), torch.cat([value, 0 * value])
    later, _ = read(*integrate(*silence, Timing(dt, 0, decay, decay)), asked)
    biased = {
        causal: (_torch_attention(query, key, value, dt / decay, causal),)
        for causal in (False, True)
    }
    alibi = (
        ((output,), biased[False]),
        ((kernel.read(value, fading, fading).output,), biased[False]),
        ((later,), biased[False]),
        ((now,), biased[True]),
    )
    return {
        "integrated": max(_gap(*pair) for pair in integrated),
        "alibi": max(_gap(*pair) for pair in alibi),
    }


def _torch_attention(query, key, value, slope: float, causal: bool) -> torch.Tensor:
    bias = alibi_bias(len(key), slope, causal).to(query)
    return scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)


def _gap(ours: tuple, theirs: tuple) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
