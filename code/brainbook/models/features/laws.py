"""Mean and variance of the feature maps' estimates of exp(q . k), in closed form.

Variances are relative, Var / exp(2 q.k), with m hidden units. Tokens are paired one by one:
``query`` and ``key`` are (..., N, d) and results (..., N), in float64. R = |q + k|^2 and
D = |q - k|^2 throughout; both follow from E[exp(w . z)] = exp(|z|^2/2) and
E[cos(w . z)] = exp(-|z|^2/2) for w ~ N(0, I).

For a map that is wrapped by an exact invariance, give the moved queries and keys.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import special
from torch import Tensor

from brainbook.models.attention.softmax import check

from .variance import pair_variance


def _norms(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """q . k, R and D in float64."""
    check(query, key)
    query, key = query.double(), key.double()
    score = (query * key).sum(-1)
    own = query.square().sum(-1) + key.square().sum(-1)
    return score, own + 2 * score, own - 2 * score


def trigonometric_variance(query: Tensor, key: Tensor, units: int = 1) -> Tensor:
    """(e^D + e^(-D)/2 - 1)/m: cosines with a random phase (Rahimi & Recht 2007)."""
    _, _, apart = _norms(query, key)
    return (apart.exp() + 0.5 * (-apart).exp() - 1) / units


def antithetic_variance(query: Tensor, key: Tensor, units: int) -> Tensor:
    """(e^R + e^(-R) - 2)/m for the positive map with m/2 pairs w, -w.

    That is 1 - e^(-R) times the variance of independent rows (Choromanski et al. 2021).
    """
    _, together, _ = _norms(query, key)
    return pair_variance(query.double(), key.double(), units) * -torch.expm1(-together)


def coupling(query: Tensor, key: Tensor, cosine: float = 0.0, nodes: int = 64) -> Tensor:
    """Relative covariance of two positive units whose directions keep an angle.

    Their lengths are independent; their directions have the given ``cosine`` and turn together
    over the whole sphere. Write the lengths as s cos t and s sin t: s^2 is chi-squared with 2d
    degrees of freedom, t has a density in proportion to (sin 2t)^(d-1), and averaging over
    directions and s leaves

        Cov = exp(-R) E_t[ 1F1(d; d/2; (1 + cosine sin 2t) R/2) ] - 1,

    computed by Gauss-Legendre quadrature over t; for orthogonal rows nothing is left to
    average. Reid et al. 2023 treat the general coupling. The covariance is the same for
    :class:`~brainbook.models.features.unbiased.Optimal` with one coefficient for all dimensions,
    since its factor exp(A |w|^2) only rescales s.
    """
    _, together, _ = _norms(query, key)
    d = query.shape[-1]
    nodes_, weights = np.polynomial.legendre.leggauss(nodes)
    angle = np.pi / 4 * (nodes_ + 1)
    density = weights * np.sin(2 * angle) ** (d - 1)
    along = 1 + cosine * np.sin(2 * angle)
    values = special.hyp1f1(d, d / 2, 0.5 * together.numpy()[..., None] * along)
    mean = (values * density).sum(-1) / density.sum()
    return (-together).exp() * torch.from_numpy(np.asarray(mean)) - 1


def orthogonal_variance(query: Tensor, key: Tensor, units: int) -> Tensor:
    """((e^R - 1) + (d - 1) c)/m for m a multiple of d, with c = e^(-R) 1F1(d; d/2; R/2) - 1 < 0."""
    return _grouped(query, key, units, 0.0)


def simplex_variance(query: Tensor, key: Tensor, units: int) -> Tensor:
    """As :func:`orthogonal_variance` with :func:`coupling` at the cosine -1/(d - 1)."""
    return _grouped(query, key, units, -1 / (query.shape[-1] - 1))


def _grouped(query: Tensor, key: Tensor, units: int, cosine: float) -> Tensor:
    """Own variance and d - 1 equal covariances per unit."""
    d = query.shape[-1]
    if units % d:
        raise ValueError(f"units: got {units}; the law is for whole groups of {d}")
    own = pair_variance(query.double(), key.double())
    return (own + (d - 1) * coupling(query, key, cosine)) / units


def optimal_variance(query: Tensor, key: Tensor, coefficient: Tensor, units: int = 1) -> Tensor:
    """[prod_l ((1+u_l)^2/4u_l)^(1/2) exp(sum_l (q+k)_l^2/u_l) - 1]/m, with u = 1 - 8A.

    The map :class:`~brainbook.models.features.unbiased.Optimal`; ``coefficient`` A is (..., d),
    or (..., 1) for one number for all dimensions, which gives the law of Likhosherstov et al.
    2022 (Theorem 3.2 with s = 1), in relative terms. A = 0 is the positive map.
    """
    check(query, key)
    u = (1 - 8 * coefficient.double()).unsqueeze(-2)
    square = (query.double() + key.double()).square()
    log_moment = ((1 + u).log() - 0.5 * (4 * u).log() + square / u).sum(-1)
    return log_moment.expm1() / units


def linear_bias(query: Tensor, key: Tensor) -> Tensor:
    """Mean of the linear map's estimate over exp(q.k), less 1.

    E[(1 + w.q - a)(1 + w.k - b)] = (1 - a)(1 - b) + q.k with a = |q|^2/2, b = |k|^2/2.
    """
    score, _, _ = _norms(query, key)
    a, b = (0.5 * x.double().square().sum(-1) for x in (query, key))
    return ((1 - a) * (1 - b) + score) / score.exp() - 1


def rectified_cosine_bias(query: Tensor, key: Tensor, terms: int = 200) -> Tensor:
    """Mean of the rectified cosine's estimate over exp(q.k), less 1.

    max(0, cos t) = 1/pi + cos(t)/2 + (2/pi) sum_n (-1)^(n+1) cos(2nt)/(4n^2 - 1). The average
    over the phase keeps products of equal frequencies, and that over w turns cos(j w.(q - k))
    into exp(-j^2 D/2).
    """
    _, _, apart = _norms(query, key)
    n = torch.arange(1, terms + 1, dtype=torch.float64)
    damped = torch.exp(-2 * n.square() * apart.unsqueeze(-1))
    rest = (damped / (4 * n.square() - 1).square()).sum(-1)
    mean = 1 / np.pi**2 + (-0.5 * apart).exp() / 8 + 2 / np.pi**2 * rest
    return 2 / np.pi * (0.5 * apart).exp() * mean - 1  # |q|^2/2 + |k|^2/2 - q.k = D/2


def truncated_bias(query: Tensor, key: Tensor, ceiling: float) -> Tensor:
    """Mean of the truncated exponential's estimate over exp(q.k), less 1.

    Each of exp(w.q), exp(w.k) is below the ceiling or at it. Where x in {0, 1} factors of
    each kind are below, the mean is a bivariate normal probability, shifted by what the
    exponential tilts: four terms.
    """
    score, _, apart = _norms(query, key)
    query, key = query.double(), key.double()
    length_q, length_k = query.norm(dim=-1), key.norm(dim=-1)
    correlation = score / (length_q * length_k)
    level = float(np.log(ceiling))
    total = torch.zeros_like(score)
    for below_q in (0, 1):
        for below_k in (0, 1):
            tilt = below_q * query + below_k * key
            h = (level - (query * tilt).sum(-1)) / length_q
            k = (level - (key * tilt).sum(-1)) / length_k
            probability = _quadrant(h, k, correlation, below_q == 1, below_k == 1)
            power = 0.5 * tilt.square().sum(-1) + (2 - below_q - below_k) * level
            total += power.exp() * probability
    return total * (-0.5 * (query + key).square().sum(-1)).exp() - 1


def _quadrant(h: Tensor, k: Tensor, rho: Tensor, below_h: bool, below_k: bool) -> Tensor:
    """P(+-X < +-h, +-Y < +-k) of a standard bivariate normal, from Owen's T function.

    P(X < h, Y < k) = (P(h) + P(k))/2 - T(h, a) - T(k, b) - [h k < 0]/2, with
    a = (k - rho h)/(h sqrt(1 - rho^2)) and b with h and k exchanged (Owen 1956).
    """
    if not below_h:
        h, rho = -h, -rho
    if not below_k:
        k, rho = -k, -rho
    root = (1 - rho.square()).sqrt()
    h, k, rho, root = (x.numpy() for x in (h, k, rho, root))
    first = special.owens_t(h, (k - rho * h) / (h * root))
    second = special.owens_t(k, (h - rho * k) / (k * root))
    both = 0.5 * (special.ndtr(h) + special.ndtr(k)) - first - second
    return torch.from_numpy(np.asarray(both - 0.5 * (h * k < 0)))


def taylor_bias(query: Tensor, key: Tensor) -> Tensor:
    """(1 + s + s^2/2) exp(-s) - 1 with s = q.k: the degree-2 Taylor map, which has no variance.

    For s > 0 that is minus the probability of more than two events at rate s.
    """
    score, _, _ = _norms(query, key)
    return (1 + score + 0.5 * score.square()) * (-score).exp() - 1
