"""Intervals of a mean: the one meaning of "beyond chance" in this book.

Student's t at 95%, over units that are independent: documents, seeds, splits; not heads of one
model. A statement that rests on several intervals asks for each at a higher confidence, so that
all hold together with 95% (Bonferroni): ``sentences=8``. Quantities that are compared on the same
repetitions are subtracted first: ``mean_interval(ours - theirs, over="documents")``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are asked for: two seconds of statistics

CONFIDENCE = 0.95
FEWEST = 3  # repetitions; from two the interval of a mean is some nine times as wide as their sd


@dataclass(frozen=True)
class Interval:
    """A mean and half the width of its confidence interval, both in the unit of the values.

    Parameters
    ----------
    mean : of the repetitions.
    half_width : the interval is ``mean - half_width`` to ``mean + half_width``.
    repetitions : how many independent values stand behind it.
    confidence : of this interval alone; above that of all together where there are several.
    unit_of_repetition : what was repeated, in the plural: ``"documents"``.

    Raises
    ------
    ValueError : a field is not finite, out of its range, or empty.
    """

    mean: float
    half_width: float
    repetitions: int
    confidence: float
    unit_of_repetition: str

    def __post_init__(self) -> None:
        if not np.isfinite(self.mean):
            raise ValueError(f"mean: got {self.mean}; must be finite")
        if not (np.isfinite(self.half_width) and self.half_width >= 0):
            raise ValueError(f"half_width: got {self.half_width}; must be finite and at least 0")
        if self.repetitions < FEWEST:
            raise ValueError(f"repetitions: got {self.repetitions}; needed are at least {FEWEST}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence: got {self.confidence}; must lie between 0 and 1")
        if not self.unit_of_repetition.strip():
            raise ValueError("unit_of_repetition: got nothing; a noun in the plural is needed")
        for name, kind in (("mean", float), ("half_width", float), ("repetitions", int)):
            object.__setattr__(self, name, kind(getattr(self, name)))

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.half_width


def mean_interval(
    values: Sequence[float], *, over: str, sentences: int = 1, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of the mean of independent values.

    Parameters
    ----------
    values : (n,), one a repetition; n at least 3.
    over : what was repeated, in the plural: ``"documents"``.
    sentences : number of intervals that hold together with ``confidence`` (Bonferroni).
    confidence : of all of them together.

    Raises
    ------
    ValueError : fewer than three values, one that is not finite, or a malformed argument.
    """
    values = _checked("values", values)
    error = values.std(ddof=1) / len(values) ** 0.5
    return error_interval(
        values.mean(), error, len(values), over=over, sentences=sentences, confidence=confidence
    )


def difference_interval(
    values: Sequence[float],
    others: Sequence[float],
    *,
    over: str,
    sentences: int = 1,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Interval of mean(values) - mean(others), two samples that share no repetition.

    Welch's t (Welch 1947): variances may differ, degrees of freedom after Satterthwaite.

    Parameters
    ----------
    values, others : (n,) and (m,), one a repetition, at least 3 each; n + m repetitions.
    over, sentences, confidence : as in :func:`mean_interval`.

    Raises
    ------
    ValueError : fewer than three values, one that is not finite, or a malformed argument.
    """
    samples = _checked("values", values), _checked("others", others)
    squares = np.array([sample.var(ddof=1) / len(sample) for sample in samples])
    least = np.array([len(sample) - 1 for sample in samples])
    total = squares.sum()
    return error_interval(
        samples[0].mean() - samples[1].mean(),
        total**0.5,
        len(samples[0]) + len(samples[1]),
        over=over,
        sentences=sentences,
        confidence=confidence,
        freedom=total**2 / (squares**2 / least).sum() if total else None,
    )


def error_interval(
    mean: float,
    error: float,
    repetitions: int,
    *,
    over: str,
    sentences: int = 1,
    confidence: float = CONFIDENCE,
    freedom: float | None = None,
) -> Interval:
    """Interval from a mean and its standard error, where the values themselves are not at hand.

    Parameters
    ----------
    mean, error : mean of the repetitions, and its standard error.
    repetitions : number of independent values behind both.
    over, sentences, confidence : as in :func:`mean_interval`.
    freedom : degrees of freedom of ``error``; ``repetitions - 1`` if not given.

    Raises
    ------
    ValueError : fewer than three repetitions, or a malformed argument.
    """
    if repetitions < FEWEST:
        raise ValueError(f"repetitions: got {repetitions}; an interval needs at least {FEWEST}")
    if sentences != int(sentences) or sentences < 1:
        raise ValueError(f"sentences: got {sentences}; must be a whole number, at least 1")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: got {confidence}; must lie between 0 and 1")
    outside = (1 - confidence) / sentences
    quantile = -scipy.special.stdtrit(repetitions - 1 if freedom is None else freedom, outside / 2)
    return Interval(mean, quantile * error, repetitions, 1 - outside, over)


def _checked(name: str, values: Sequence[float]) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) < FEWEST:
        raise ValueError(f"{name}: got shape {values.shape}; an interval needs at least {FEWEST}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: got {values}; all must be finite")
    return values


def log_slope(x: Sequence[float], y: Sequence[float]) -> float | np.ndarray:
    """Slope of log y against log x by least squares: the exponent of a power law.

    ``x`` (n,) and ``y`` (..., n), all positive; the result is a number or of shape (...).

    Raises
    ------
    ValueError : fewer than two points, or a value that is not positive and finite.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.ndim != 1 or len(x) < 2 or y.shape[-1:] != x.shape:
        raise ValueError(f"x, y: got shapes {x.shape} and {y.shape}; needed are (n,) and (..., n)")
    for name, values in (("x", x), ("y", y)):
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"{name}: got {values}; all must be positive and finite")
    centred = np.log(x) - np.log(x).mean()
    if not centred.any():
        raise ValueError(f"x: got {x}; a slope needs two different values")
    slope = np.log(y) @ centred / (centred @ centred)
    return slope if slope.ndim else float(slope)


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float | np.ndarray:
    """Spearman's correlation along the last axis; NaN where one of the two is constant.

    ``x`` and ``y`` (..., n), broadcast against each other; the result is a number or (...).
    """
    x, y = (scipy.stats.rankdata(np.asarray(side, float), axis=-1) for side in (x, y))
    x, y = (side - side.mean(-1, keepdims=True) for side in (x, y))
    size = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    product = (x * y).sum(-1)
    rho = np.divide(product, size, out=np.full(size.shape, np.nan), where=size > 0)
    return rho if rho.ndim else float(rho)
