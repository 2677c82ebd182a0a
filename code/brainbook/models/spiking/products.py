"""The product of two rates: what happens to q·k when queries and keys are spike trains.

Each entry of a query or key is sent as a rate by two neurons, one for each sign, over T steps.
Three ways to form the product:

- ``counts``: count both trains and multiply the counts, a product of two whole numbers. The
  error is that of rounding both factors.
- ``poisson coincidences``: add one for each step in which both trains have a spike. For
  independent random trains the mean is the product; the variance is p·r·(1 − p·r)/T.
- ``regular coincidences``: the same with evenly spaced trains. Their spikes are not
  independent, so the sum need not tend to the product.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .conversion import train_of

PRODUCTS = ("counts", "poisson coincidences", "regular coincidences")


def scores(
    query: Tensor,
    key: Tensor,
    scale: tuple[float, float],
    steps: int,
    product: str,
    generator: torch.Generator,
) -> Tensor:
    """q·k by spikes, (N, N).

    Parameters
    ----------
    query, key : (N, d).
    scale : value of rate one, for queries and for keys.
    steps : T.
    product : one of ``PRODUCTS``.
    generator : of random spikes.

    Raises
    ------
    ValueError : another product, no step, or a scale that is not positive.
    """
    if product not in PRODUCTS:
        raise ValueError(f"product: got {product!r}; allowed are {PRODUCTS}")
    if steps < 1:
        raise ValueError(f"steps: got {steps}; must be at least 1")
    if min(scale) <= 0:
        raise ValueError(f"scale: got {scale}; both must be positive")
    rates = [(x.double() / s).clamp(-1, 1) for x, s in zip((query, key), scale, strict=True)]
    if product == "counts":
        left, right = (r.sign() * torch.floor(r.abs() * steps + 0.5) / steps for r in rates)
        return scale[0] * scale[1] * left @ right.t()
    coding = product.split()[0]
    left, right = (
        (train_of(r.abs(), steps, coding, generator) * r.sign()).transpose(0, 1).flatten(1)
        for r in rates
    )  # (steps, N, d) to (N, steps·d): a coincidence is a product of entries
    return scale[0] * scale[1] * left @ right.t() / steps


def expected_square(
    query: Tensor, key: Tensor, scale: tuple[float, float], steps: int, product: str
) -> Tensor:
    """Mean square error of each score (N, N) by the law; NaN where there is none.

    ``counts``: (Δ_k²·|q|² + Δ_q²·|k|²)/12 + d·Δ_q²·Δ_k²/144 with Δ = scale/T. ``poisson
    coincidences``: Σ over entries of (s_q·s_k)²·p·r·(1 − p·r)/T.

    Parameters
    ----------
    query, key, scale, steps, product : as in :func:`scores`.

    Raises
    ------
    ValueError : another product.
    """
    if product not in PRODUCTS:
        raise ValueError(f"product: got {product!r}; allowed are {PRODUCTS}")
    query, key = query.double(), key.double()
    if product == "counts":
        step_q, step_k = scale[0] / steps, scale[1] / steps
        # Δ_k²·|q|² + Δ_q²·|k|², (N, 1) with (N,) to (N, N)
        squares = step_k**2 * query.square().sum(1)[:, None] + step_q**2 * key.square().sum(1)
        return squares / 12 + query.shape[1] * (step_q * step_k) ** 2 / 144
    if product == "poisson coincidences":
        left, right = (query / scale[0]).abs().clamp(max=1), (key / scale[1]).abs().clamp(max=1)
        # Σ (s_q·s_k)²·p·r·(1 − p·r)/T
        return (scale[0] * scale[1]) ** 2 * (left @ right.t() - left**2 @ (right**2).t()) / steps
    return torch.full((len(query), len(key)), torch.nan, dtype=torch.float64)
