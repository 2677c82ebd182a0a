"""How the page limitations/spike_codes holds errors to their laws, and what would refute one."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.intervals import Interval, log_slope, mean_interval

LAWS = 12  # law claims with an interval
SETTLED = 4  # time steps from which the laws for spread-out values are held to

# What would refute a law. Powers of rival laws lie one half apart; a fifth of that shows. A neuron
# that starts at rest instead of half its threshold has four times the mean square error, and p
# in place of p(1 − p) is a fifth too much and more.
SLOPE, SQUARE = 0.1, 0.1
# Rounding's law takes values as evenly spread within a level. For an exponential density with
# mean μ on [0, θ], which activations resemble, its mean square is lower by the share
# (7/240)·(θ/μT)², 0.04 at four steps for μ = θ/5. So is the mean over 4 to 64 steps by 0.01, and
# half of 0.04 at the shortest run tilts the logarithmic slope by 0.006.
SPREAD, TILT = 0.03, 0.02
# Deeper layers inherit errors of relative order 1/T from timing; half of 1/T tilts by 0.04.
DEEP_TILT = 0.05
# An entry of MiniLM's queries is much the same for all tokens, and so is its rounding error. Of
# 9 heads with 64 entries of queries and keys that leaves 576 errors; their mean square strays
# from the law by 0.9/√576 = 0.04 (0.9: spread of a squared uniform error over its mean).
SHARED = 0.05


def joint(values: pd.Series, over: str = "splits") -> Interval:
    """Interval that holds for all laws of the page at once (Bonferroni)."""
    return mean_interval(values, over=over, sentences=LAWS)


def settled(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with at least ``SETTLED`` steps."""
    return rows[rows["steps"] >= SETTLED]


def slopes(rows: pd.DataFrame) -> pd.Series:
    """Slope of the logarithmic error against logarithmic steps, by seed."""
    return pd.Series(
        {seed: log_slope(part["steps"], part["error"]) for seed, part in rows.groupby("seed")}
    )


def squares(rows: pd.DataFrame) -> pd.Series:
    """Mean square error over the law's, mean over steps, by seed."""
    return ((rows["error"] / rows["law"]) ** 2).groupby(rows["seed"]).mean()
