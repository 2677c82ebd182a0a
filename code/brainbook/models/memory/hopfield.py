"""The classical Hopfield network: storage, retrieval, and the mean-field theory of its collapse.

Patterns are (K, N) arrays of -1 and +1: K memories of N neurons. The load is K / N.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf

LARGEST_FIELD = 20.0  # y beyond which erf(y) is one in float64


def random_patterns(count: int, neurons: int, rng: np.random.Generator) -> np.ndarray:
    """Independent fair signs, (count, neurons), float32: exact for sums below 2^24.

    Raises
    ------
    ValueError : fewer than one pattern or two neurons.
    """
    if count < 1 or neurons < 2:
        raise ValueError(f"count, neurons: got {count}, {neurons}; at least 1 and 2 are needed")
    return rng.choice(np.float32([-1, 1]), (count, neurons))


def hebbian_weights(patterns: np.ndarray) -> np.ndarray:
    """J = sum over patterns of xi xi^T / N with zero diagonal, (N, N) (Hopfield 1982)."""
    weights = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(weights, 0)
    return weights


def network_energy(weights: np.ndarray, states: np.ndarray) -> np.ndarray:
    """E = -s J s / 2 of each state (B, N), in the units of J; (B,)."""
    return -0.5 * np.einsum("bi,bi->b", states @ weights, states)


def settle(weights: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Flip one neuron at a time until every neuron agrees with its input; (B, N).

    In each step every state that is not yet stable flips the neuron that disagrees most. Each
    flip lowers the energy, so the loop ends. A neuron whose input is zero stays as it is.
    """
    states = states.copy()
    fields = states @ weights
    active = np.arange(len(states))
    while True:
        agreement = states[active] * fields[active]
        worst = agreement.argmin(1)
        unstable = agreement[np.arange(len(active)), worst] < 0
        active, worst = active[unstable], worst[unstable]
        if not len(active):
            return states
        fields[active] -= 2 * states[active, worst, None] * weights[worst]
        states[active, worst] *= -1


def overlap_table(
    neurons: Sequence[int], loads: Sequence[float], seeds: Sequence[int], starts: int
) -> pd.DataFrame:
    """Overlap that is left after settling from a stored pattern.

    Columns neurons, load, seed, overlap (mean over ``starts`` of the stored patterns, or all
    where there are fewer), kept (share of starts that end above an overlap of 0.7, which lies
    between the retrieval branch and what is left after the collapse).
    """
    rows = []
    for seed in seeds:
        for count in neurons:
            for load in loads:
                rng = np.random.default_rng([seed, count, round(1000 * load)])
                patterns = random_patterns(round(load * count), count, rng)
                begin = patterns[:starts]
                end = settle(hebbian_weights(patterns), begin)
                overlap = (end * begin).mean(1)
                rows.append((count, load, seed, overlap.mean(), (overlap > 0.7).mean()))
    return pd.DataFrame(rows, columns=["neurons", "load", "seed", "overlap", "kept"])


def load_of(y: np.ndarray | float) -> np.ndarray | float:
    """Load alpha at which the mean-field equations have the solution m = erf(y).

    Amit, Gutfreund and Sompolinsky (1987) at zero temperature, replica-symmetric::

        m = erf(m / sqrt(2 alpha r)),  C = sqrt(2 / (pi alpha r)) exp(-m^2 / (2 alpha r)),
        r = (1 - C)^(-2)

    With y = m / sqrt(2 alpha r) they give sqrt(2 alpha) y = erf(y) - 2 y exp(-y^2) / sqrt(pi).
    """
    y = np.asarray(y, dtype=float)
    return (erf(y) - 2 * y * np.exp(-(y**2)) / np.sqrt(np.pi)) ** 2 / (2 * y**2)


def critical_field() -> float:
    """The y at which the load of :func:`load_of` is largest: the end of retrieval."""
    found = minimize_scalar(
        lambda y: -load_of(y), bounds=(1, 3), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)


def critical_load() -> float:
    """The largest load with a retrieval solution, alpha_c."""
    return float(load_of(critical_field()))


def mean_field_overlap(load: float) -> float:
    """Overlap m(alpha) on the retrieval branch; NaN above the critical load.

    Raises
    ------
    ValueError : the load is not positive.
    """
    if load <= 0:
        raise ValueError(f"load: got {load}; must be positive")
    field = critical_field()
    if load > load_of(field):
        return float("nan")
    if load <= load_of(LARGEST_FIELD):
        return 1.0
    return float(erf(brentq(lambda y: load_of(y) - load, field, LARGEST_FIELD, xtol=1e-14)))


def collapse_load(table: pd.DataFrame) -> pd.Series:
    """Load at which half the starts are kept, interpolated; by neurons and seed.

    NaN where the share does not cross one half within the loads measured.
    """

    def crossing(rows: pd.DataFrame) -> float:
        rows = rows.sort_values("load")
        load, kept = rows["load"].to_numpy(), np.minimum.accumulate(rows["kept"].to_numpy())
        after = int(np.argmax(kept < 0.5))
        if kept[after] >= 0.5 or after == 0:
            return float("nan")
        step = (kept[after - 1] - 0.5) / (kept[after - 1] - kept[after])
        return float(load[after - 1] + step * (load[after] - load[after - 1]))

    return table.groupby(["neurons", "seed"])[["load", "kept"]].apply(crossing)
