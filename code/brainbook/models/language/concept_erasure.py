"""Erasing a concept from vectors so that no linear classifier finds it.

x (N, d) are vectors and z (N, k) the concept, one column per class or one column for two. An
eraser is affine, r(x) = x - (x - mu) M^T. LEACE (Belrose et al. 2023) is the one that makes the
cross-covariance of r(x) and z zero and changes x least in mean square:
M = S^(1/2) P S^(-1/2), with S the covariance of x and P the projection onto S^(-1/2) Cov(x, z).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

Array = np.ndarray
RANK = 1e-9  # eigenvalues of a covariance below this share of the largest count as zero
ROUNDING = 1e-6  # of the covariance with a concept: more left over than this is no rounding


@dataclass(frozen=True)
class Eraser:
    """r(x) = x - (x - mean) change^T. mean: (d,), change: (d, d)."""

    mean: Array
    change: Array

    def __call__(self, x: Array) -> Array:
        """Erased vectors, (..., d)."""
        return x - (x - self.mean) @ self.change.T

    def size(self, x: Array) -> float:
        """Mean squared change over the variance of x, both summed over features."""
        moved = np.square((x - self.mean) @ self.change.T).sum(-1).mean()
        return float(moved / np.square(x - x.mean(0)).sum(-1).mean())


def covariances(x: Array, z: Array) -> tuple[Array, Array]:
    """Covariance (d, d) of x and cross-covariance (d, k) of x and z, divided by N.

    Raises
    ------
    ValueError : another number of rows, or fewer than two.
    """
    z = np.asarray(z, float).reshape(len(z), -1)
    if len(x) != len(z) or len(x) < 2:
        raise ValueError(
            f"z: got {len(z)} rows for {len(x)} vectors; needed are as many, two or more"
        )
    centred = x - x.mean(0)
    return centred.T @ centred / len(x), centred.T @ (z - z.mean(0)) / len(x)


def leace(x: Array, z: Array, shrinkage: float = 0.0) -> Eraser:
    """Least-squares concept erasure.

    With ``shrinkage`` a, S is replaced by (1 - a) S + a tr(S)/d I, which leaves the
    cross-covariance after erasure at zero: 1 is :func:`mean_projection`, 0 changes x least.

    Raises
    ------
    ValueError : a shrinkage outside [0, 1]; ``x`` has a covariance too near singular; and as
        :func:`covariances`.
    """
    if not 0 <= shrinkage <= 1:
        raise ValueError(f"shrinkage: got {shrinkage}; must lie between 0 and 1")
    within, cross = covariances(x, z)
    level = np.trace(within) / len(within)
    within = (1 - shrinkage) * within + shrinkage * level * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)  # S = vectors diag(values) vectors^T
    kept = values > RANK * values[-1]
    root, vectors = np.sqrt(values[kept]), vectors[:, kept]
    # M = S^(1/2) P S^(-1/2), with P = basis basis^T in the coordinates of the eigenvectors
    basis = _span((vectors / root).T @ cross)  # (rank, k)
    change = (vectors * root) @ basis @ basis.T @ (vectors / root).T  # (d, d)
    left = cross - change @ cross  # zero, but for rounding: M c = c
    if np.linalg.norm(left) > ROUNDING * np.linalg.norm(cross):
        raise ValueError(
            f"x: got a covariance too near singular; {np.linalg.norm(left):.1e} of the covariance "
            f"with the concept, {np.linalg.norm(cross):.1e}, was not erased"
        )
    change += left @ np.linalg.pinv(cross)
    return Eraser(x.mean(0), change)


def mean_projection(x: Array, z: Array) -> Eraser:
    """Orthogonal projection away from the differences of class means. Raises as above."""
    basis = _span(covariances(x, z)[1])
    return Eraser(x.mean(0), basis @ basis.T)


def nullspace_rounds(x: Array, z: Array, rounds: int) -> Eraser:
    """Iterative nullspace projection (Ravfogel et al. 2020): a classifier's direction a round.

    z : (N,) labels of two classes.

    Raises
    ------
    ValueError : ``rounds`` is not positive.
    """
    if rounds < 1:
        raise ValueError(f"rounds: got {rounds}; must be at least 1")
    mean, basis = x.mean(0), np.empty((x.shape[1], 0))
    for _ in range(rounds):
        left = x - mean
        left = left - left @ basis @ basis.T
        direction = linear_probe().fit(left, z).coef_.T  # (d, 1)
        fresh = direction - basis @ basis.T @ direction
        basis = np.linalg.qr(np.hstack([basis, fresh]))[0]  # (d, rounds so far)
    return Eraser(mean, basis @ basis.T)


def nothing(x: Array) -> Eraser:
    """The eraser that leaves every vector as it is."""
    return Eraser(x.mean(0), np.zeros((x.shape[1],) * 2))


def one_direction(x: Array, generator: np.random.Generator) -> Eraser:
    """Projection away from a random direction: a control that erases nothing in particular."""
    direction = generator.standard_normal(x.shape[1])
    direction /= np.linalg.norm(direction)
    return Eraser(x.mean(0), np.outer(direction, direction))


def linear_probe(strength: float = 1.0) -> LogisticRegression:
    """Logistic regression with a ridge, as the probe of a concept."""
    return LogisticRegression(C=strength, max_iter=2000)


def least_change(x: Array, z: Array) -> float:
    """Closed form of :meth:`Eraser.size` for :func:`leace` and two classes.

    |c|^2 / (c^T S^-1 c) over the trace of S, with c = Cov(x, z).
    """
    within, cross = covariances(x, z)
    inverse = np.linalg.pinv(within, rcond=RANK, hermitian=True)
    return float((cross.T @ cross / (cross.T @ inverse @ cross)).item() / np.trace(within))


def _span(columns: Array) -> Array:
    """Orthonormal basis (d, rank) of the space of the columns."""
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, values > RANK * max(values[0], np.finfo(float).tiny)]
