"""How many patterns a dense associative memory stores: sampled exactly, and in closed form.

The memory has the energy E(s) = -sum over patterns of F(xi . s) (Krotov and Hopfield 2016).
Start at a stored pattern xi. Flipping neuron i costs

    dE = F(N) - F(N - 2) + sum over the other patterns of u [F(w + 1) - F(w - 1)],

where u = +-1 says whether the other pattern agrees with xi at i, and w is the inner product
over the other N - 1 neurons. The bit is unstable where dE < 0. For random patterns u and w are
independent, w + N - 1 is twice a binomial number, and patterns are independent of each other.
So the numbers of patterns with each |w| are multinomial and their signs binomial: one draw
costs of the order of sqrt(N), whatever the number of patterns, and nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import factorial2
from scipy.stats import binom, norm

OFTEN = 0.05  # share of failing bits from which the search for a capacity comes down
CUT = 9.0  # standard deviations; the mass beyond is below 1e-18 and is put into the last cell


def gap_and_kick(neurons: int, degree: int) -> tuple[float, Callable[[np.ndarray], np.ndarray]]:
    """F(N) - F(N - 2) and w -> |F(w + 1) - F(w - 1)| for F(x) = x^degree; degree 0 is exp.

    For exp both are divided by e^(N-1) (e - 1/e), so that the gap is one.

    Raises
    ------
    ValueError : a degree of one or below zero.
    """
    if degree == 0:
        return 1.0, lambda w: np.exp(w - (neurons - 1))
    if degree < 2:
        raise ValueError(f"degree: got {degree}; allowed are 0 (exp), 2, 3, ...")
    gap = float(neurons) ** degree - float(neurons - 2) ** degree
    return gap, lambda w: (w + 1.0) ** degree - (w - 1.0) ** degree


def overlap_cells(neurons: int, fold: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values of w and their probabilities; with ``fold``, values of |w|, the far tail in one."""
    w = np.arange(-(neurons - 1), neurons, 2)
    mass = binom.pmf((w + neurons - 1) // 2, neurons - 1, 0.5)
    if not fold:
        return w.astype(float), mass
    half = w >= 0
    w, mass = w[half].astype(float), mass[half] * np.where(w[half] == 0, 1, 2)
    far = np.flatnonzero(w > CUT * np.sqrt(neurons))
    if len(far):
        first = far[0]
        w, mass = w[: first + 1], np.append(mass[:first], mass[first:].sum())
    return w, mass


def bit_error(
    neurons: int, degree: int, patterns: int, draws: int, rng: np.random.Generator
) -> float:
    """Share of ``draws`` in which a bit of a stored pattern is unstable.

    Raises
    ------
    ValueError : fewer than two patterns or one draw.
    """
    if patterns < 2 or draws < 1:
        raise ValueError(f"patterns, draws: got {patterns}, {draws}; allowed are >= 2 and >= 1")
    gap, kick = gap_and_kick(neurons, degree)
    w, mass = overlap_cells(neurons, fold=degree > 0)
    counts = rng.multinomial(patterns - 1, mass, size=draws)
    signs = 2.0 * rng.binomial(counts, 0.5) - counts
    return float((gap + signs @ kick(w) < 0).mean())


def gaussian_capacity(neurons: int, degree: int, error: float) -> float:
    """Patterns at which a bit fails with probability ``error`` if the noise were Gaussian.

    Uses the exact gap and the exact variance at this N.
    """
    gap, kick = gap_and_kick(neurons, degree)
    w, mass = overlap_cells(neurons, fold=True)
    return 1 + gap**2 / (norm.isf(error) ** 2 * (mass @ kick(w) ** 2))


def law_capacity(neurons: np.ndarray | float, degree: int, error: float):
    """Krotov and Hopfield's K = alpha_n N^(n-1), with alpha_n = 1 / ((2n-3)!! z^2).

    z is the Gaussian quantile of ``error``: their equation for the error probability, solved.
    """
    quantile = norm.isf(error)
    return np.asarray(neurons, float) ** (degree - 1) / (factorial2(2 * degree - 3) * quantile**2)


def perfect_law(neurons: np.ndarray | float, degree: int):
    """Krotov and Hopfield's capacity without errors, N^(n-1) / (2 (2n-3)!! ln N)."""
    neurons = np.asarray(neurons, float)
    return neurons ** (degree - 1) / (2 * factorial2(2 * degree - 3) * np.log(neurons))


def perfect_table(degrees: Sequence[int], neurons: Sequence[int]) -> pd.DataFrame:
    """Patterns at which one bit in N fails, Gaussian noise, over :func:`perfect_law`.

    Columns neurons, degree, patterns, law, ratio.
    """
    rows = [(n, d, gaussian_capacity(n, d, 1 / n)) for n in neurons for d in degrees]
    table = pd.DataFrame(rows, columns=["neurons", "degree", "patterns"])
    law = [float(perfect_law(row.neurons, row.degree)) for row in table.itertuples()]
    return table.assign(law=law, ratio=table["patterns"] / law)


def capacity_table(
    degrees: Sequence[int],
    neurons: Sequence[int],
    seeds: Sequence[int],
    draws: int,
    error: float,
) -> pd.DataFrame:
    """Measured capacity: patterns at which a bit fails with probability ``error``.

    The search knows no law: it starts at :func:`overloaded`, moves along K proportional to
    1 / z^2 to ``stored`` patterns, z the normal quantile of the share measured, draws there, and
    moves once more in the same way.
    Columns degree, neurons, seed, stored (patterns in the draw), error, capacity, law, ratio.
    """
    rows = []
    for seed in seeds:
        for degree in degrees:
            for count in neurons:
                rng = np.random.default_rng([seed, degree, count])
                many, share = overloaded(count, degree, rng)
                stored = max(2, round(many * (norm.isf(share) / norm.isf(error)) ** 2))
                found = bit_error(count, degree, stored, draws, rng)
                capacity = stored * (norm.isf(max(found, 0.5 / draws)) / norm.isf(error)) ** 2
                law = float(law_capacity(count, degree, error))
                rows.append((degree, count, seed, stored, found, capacity, law, capacity / law))
    names = ["degree", "neurons", "seed", "stored", "error", "capacity", "law", "ratio"]
    return pd.DataFrame(rows, columns=names)


def overloaded(
    neurons: int, degree: int, rng: np.random.Generator, draws: int = 500
) -> tuple[int, float]:
    """Patterns with which bits fail often, and in what share of ``draws``.

    As many patterns as neurons, and four times as many until more than one bit in twenty fails.
    """
    patterns = neurons
    while (share := bit_error(neurons, degree, patterns, draws, rng)) < OFTEN:
        patterns *= 4
    return patterns, share


def capacity_slopes(table: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """Slope of log capacity against log N per seed (rows) and degree (columns), N >= smallest."""
    rows = table[table["neurons"] >= smallest]
    fits = rows.groupby(["seed", "degree"])[["neurons", "capacity"]].apply(
        lambda part: np.polyfit(np.log(part["neurons"]), np.log(part["capacity"]), 1)[0]
    )
    return fits.unstack("degree")


def flip_costs(patterns: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What ``others`` add to dE of every bit of ``patterns`` for F = exp, in units of the gap.

    Both (K, N) and (L, N); the result is (K, N). The sum over others of u exp(w - N + 1).
    """
    neurons = patterns.shape[1]
    near = np.exp(patterns @ others.T - neurons)  # exp(x - N), and w = x - u
    alike = near @ others * patterns
    return np.e * (np.cosh(1) * alike - np.sinh(1) * near.sum(1, keepdims=True))


def first_failure(
    neurons: int, rng: np.random.Generator, block: int, most: int, patience: int = 1
) -> int:
    """Number of stored patterns at which, for F = exp, some bit of some pattern first fails.

    Random patterns are added ``block`` by ``block``; after each, every bit of every stored
    pattern is checked. Returns ``most`` where none failed. The contribution of a pattern to
    itself is the gap and comes out of :func:`flip_costs` as one.

    Raises
    ------
    ValueError : a block or a limit below one.
    """
    if block < 1 or most < block:
        raise ValueError(f"block, most: got {block}, {most}; allowed are 1 <= block <= most")
    stored = np.empty((0, neurons))
    costs = np.empty((0, neurons))
    while len(stored) < most:
        new = rng.choice([-1.0, 1.0], (block, neurons))
        costs = costs + flip_costs(stored, new) if len(stored) else costs
        stored = np.concatenate([stored, new])
        costs = np.concatenate([costs, flip_costs(new, stored)])
        if (costs < 0).any():
            return len(stored)
    return most


def all_stable_law(neurons: np.ndarray | float):
    """Patterns at which all are stable with probability one half: sqrt(2 ln 2 2^N / N).

    A bit fails where two patterns differ in that bit alone. K patterns hold K^2 / 2 pairs, each
    such with probability N / 2^N; the number of such pairs is Poisson for large N.
    """
    neurons = np.asarray(neurons, float)
    return np.sqrt(2 * np.log(2) * 2**neurons / neurons)


def failure_table(
    neurons: Sequence[int], seeds: Sequence[int], trials: int, resolution: int = 24
) -> pd.DataFrame:
    """Median over ``trials`` of :func:`first_failure`; columns neurons, seed, patterns, law.

    Patterns come in blocks of the law's value over ``resolution``; half a block is taken off.
    """
    rows = []
    for seed in seeds:
        for count in neurons:
            rng = np.random.default_rng([seed, count])
            law = float(all_stable_law(count))
            block = max(1, round(law / resolution))
            found = [first_failure(count, rng, block, int(8 * law)) for _ in range(trials)]
            rows.append((count, seed, np.median(found) - (block - 1) / 2, law))
    return pd.DataFrame(rows, columns=["neurons", "seed", "patterns", "law"])
