"""What T time steps of spikes can say about one number between zero and one.

Four codes, each with its error law for a value p:

- ``poisson``: a spike with probability p in each step; mean square error p(1 − p)/T.
- ``regular``: ⌊T·p + ½⌋ evenly spaced spikes; 1/(12·T²) for spread-out values.
- ``first spike``: one spike, its time is one of T; the same rounding, so the same error.
- ``binary``: a spike in step k is worth 2^−k, as in a binary word (weighted spikes, Kim et al.
  2018); 1/(12·(2^T − 1)²).
"""

from __future__ import annotations

import numpy as np

CODES = ("poisson", "regular", "first spike", "binary")


def levels(code: str, steps: int) -> int:
    """Number of the largest level that a code can send: T, or 2^T − 1 with binary words.

    Raises
    ------
    ValueError : another code, or no step.
    """
    if code not in CODES:
        raise ValueError(f"code: got {code!r}; allowed are {CODES}")
    if steps < 1:
        raise ValueError(f"steps: got {steps}; must be at least 1")
    return 2**steps - 1 if code == "binary" else steps


def sent(values: np.ndarray, code: str, steps: int, generator: np.random.Generator) -> np.ndarray:
    """Level that each of ``values`` in [0, 1] is received as, an integer array of their shape.

    Raises
    ------
    ValueError : another code, no step, or a value outside [0, 1].
    """
    largest = levels(code, steps)
    values = np.asarray(values, dtype=float)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"values: got {values.min():.3g} to {values.max():.3g}; allowed is 0 to 1")
    if code == "poisson":
        return generator.binomial(steps, values)
    return np.floor(values * largest + 0.5).astype(np.int64)


def spikes(number: np.ndarray, code: str) -> np.ndarray:
    """Spikes that each level costs: as many as it says, one, or the ones of its binary word."""
    number = np.asarray(number)
    if code == "first spike":
        return (number > 0).astype(np.int64)
    return np.bitwise_count(number) if code == "binary" else number


def expected_error(values: np.ndarray, code: str, steps: int) -> float:
    """Root mean square error by the law of the code, see the top of this module."""
    if code == "poisson":
        return float(np.sqrt(np.mean(values * (1 - values)) / steps))
    return 1 / (np.sqrt(12) * levels(code, steps))


def current_error(weight: np.ndarray, pixels: np.ndarray, steps: int) -> np.ndarray:
    """Expected mean square error of Σ_j w_ij p_j with Poisson spikes: Σ_j w_ij² p_j(1 − p_j)/T.

    ``weight`` (units, inputs), ``pixels`` (images, inputs); returns (images, units).
    """
    return (pixels * (1 - pixels)) @ (weight**2).T / steps
