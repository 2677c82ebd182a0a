"""Unbiased positive features that are fitted to calibration text: moved, balanced, reshaped.

Whatever is fitted here changes the scatter of the estimate and never its mean:

- exp(q.k) = exp((q - a).(k - b)) exp(a.k) exp(q.b) exp(-a.b), and q -> M^T q, k -> M^(-1) k:
  exact for any a, b and invertible M (:class:`Transformed`).
- Hidden units may be drawn from any density p instead of N(0, I) if every unit's feature is
  multiplied by the root of N(0, I)/p: :class:`Optimal` takes a narrower or wider Gaussian,
  :class:`Mixture` many small ones around sums q + k that were seen.

The hidden unit that a pair needs lies around w = q + k: the integrand
N(w; 0, I) exp(w.q - |q|^2/2) exp(w.k - |k|^2/2) is exp(q.k) N(w; q + k, I). All that is done
here brings p nearer to that. Variances: :mod:`brainbook.models.features.laws`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from brainbook.models.attention.softmax import check

from .maps import FeatureMap, HiddenUnits, Positive


def optimal_coefficient(together: Tensor) -> Tensor:
    """A of least second moment for a mean square ``together`` of one dimension of q + k.

    A = (1 - 2r - sqrt((2r + 1)^2 + 8r))/16, where r = R/d if all dimensions share one A
    (Likhosherstov et al. 2022). It sets to zero the derivative of
    log(1 + u) - log(4u)/2 + r/u at u = 1 - 8A.
    """
    return (1 - 2 * together - ((2 * together + 1).square() + 8 * together).sqrt()) / 16


class Optimal(Positive):
    """(1-4A)^(d/4) exp(A|w|^2 + sqrt(1-4A) w.x - |x|^2/2)/sqrt(m), A < 1/8: bounded for A < 0.

    The features of FAVOR++ (Likhosherstov et al. 2022, arXiv:2205.15317). With v = sqrt(1-4A) w
    this is the positive map on v ~ N(0, (1-4A) I) and the gain that makes up for it. An A of
    its own for every dimension: the dense features of Likhosherstov et al. 2023
    (arXiv:2302.00787) in the basis where their matrix is diagonal.

    Relative variance, with u = 1 - 8A and R = |q + k|^2:
    [((1+u)^2/4u)^(d/2) e^(R/u) - 1]/m, see ``laws.optimal_variance``.
    """

    name = "optimal positive"

    def __init__(self, coefficient: Tensor) -> None:
        """``coefficient`` A: (heads, d), or (heads, 1) for one number for all dimensions."""
        if not (coefficient < 1 / 8).all():
            raise ValueError(f"coefficient: got {coefficient.max():.3g}; must be below 1/8")
        self.coefficient = coefficient

    @classmethod
    def fitted(cls, query: Tensor, key: Tensor, per_dimension: bool = False) -> Optimal:
        """A for the mean of (q + k)^2 over all pairs: query, key (passages, heads, N, d)."""
        check(query, key)
        query, key = query.double(), key.double()
        own = query.square().mean((0, -2)) + key.square().mean((0, -2))
        square = own + 2 * (query.mean(-2) * key.mean(-2)).mean(0)
        return cls(optimal_coefficient(square if per_dimension else square.mean(-1, keepdim=True)))

    def units(self, weight: Tensor, generator: Generator) -> HiddenUnits:
        a = self.coefficient.to(weight).expand(*self.coefficient.shape[:-1], weight.shape[-1])
        variance = (1 - 4 * a).unsqueeze(-2)
        gain = (a.unsqueeze(-2) * weight.square() + 0.25 * variance.log()).sum(-1)
        return HiddenUnits(weight * variance.sqrt(), log_gain=gain)


class Mixture(Positive):
    """The positive map with hidden units drawn around ``centres`` c_j: w = c_j + width e.

    p(w) = mean_j N(w; c_j, width^2 I), every unit with the gain sqrt(N(w; 0, I)/p(w)). With
    c_j = q + k of calibration pairs, units lie where similar pairs will need them. Relative
    variance [int N(w; q + k, I)^2 / p(w) dw - 1]/m; with one centre and width 1 that is
    (exp|q + k - c|^2 - 1)/m, and zero for the pair at the centre. What the best p is for any
    random features: Sernau, Bonacina & Saurous 2024 (arXiv:2406.18802).
    """

    name = "mixture"

    def __init__(self, centres: Tensor, width: float = 1.0) -> None:
        """``centres``: (heads, count, d). ``width`` above sqrt(1/2) keeps the variance finite."""
        if not width**2 > 0.5:
            raise ValueError(f"width: got {width}; must be above sqrt(1/2)")
        self.centres, self.width = centres, width

    def units(self, weight: Tensor, generator: Generator) -> HiddenUnits:
        centres = self.centres.to(weight)
        count, d = centres.shape[-2:]
        chosen = torch.randint(count, weight.shape[:-1], generator=generator)
        around = centres.expand(*weight.shape[:-2], count, d)
        weight = self.width * weight + around.gather(-2, chosen.unsqueeze(-1).expand_as(weight))
        return HiddenUnits(weight, log_gain=0.5 * self.log_ratio(weight))

    def log_ratio(self, weight: Tensor) -> Tensor:
        """log of N(w; 0, I)/p(w) for rows of ``weight``, (..., m)."""
        centres = self.centres.to(weight)
        count, d = centres.shape[-2:]
        precision = self.width**-2
        # -|w - c|^2/2 without |w|^2/2, which is the same for every centre
        near = weight @ centres.mT - 0.5 * centres.square().sum(-1).unsqueeze(-2)
        log_p = (precision * near).logsumexp(-1) - math.log(count) - d * math.log(self.width)
        return 0.5 * (precision - 1) * weight.square().sum(-1) - log_p


class Transformed(FeatureMap):
    """Any map on M^T (q - a) and M^(-1) (k - b), with the factors that make up for a and b.

    Exact for every a, b (heads, d) and invertible M (heads, d, d), so an unbiased ``base``
    stays unbiased, with its own variance at the moved queries and keys.
    """

    def __init__(
        self,
        a: Tensor,
        b: Tensor,
        matrix: Tensor | None = None,
        base: FeatureMap | None = None,
        name: str | None = None,
    ) -> None:
        """As the class says.

        Parameters
        ----------
        a, b : (heads, d), by which queries and keys are moved.
        matrix : M, (heads, d, d); the identity if not given.
        base : the map on what was moved; :class:`Positive` unless another is given.
        name : of the whole; made of the parts' names if not given.

        Raises
        ------
        ValueError : shapes that do not fit.
        """
        if a.shape != b.shape:
            raise ValueError(f"a, b: got {tuple(a.shape)} and {tuple(b.shape)}; must be equal")
        if matrix is not None and matrix.shape != (*a.shape, a.shape[-1]):
            raise ValueError(
                f"matrix: got {tuple(matrix.shape)}; must be {(*a.shape, a.shape[-1])}"
            )
        self.base = base or Positive()
        self.a, self.b, self.matrix = a.unsqueeze(-2), b.unsqueeze(-2), matrix
        self.inverse = None if matrix is None else torch.linalg.inv(matrix)
        moved = "centred" if matrix is None else "balanced"
        self.name = name or f"{moved} {self.base.name}"
        self.needs_bias, self.unbiased = self.base.needs_bias, self.base.unbiased

    def drawn(self, draws) -> Transformed:
        """The same with the base's weights drawn in another way."""
        other = super().drawn(draws)
        other.base = self.base.drawn(draws)
        return other

    def blocks(self, *args, **kwargs) -> Iterator[HiddenUnits]:
        """Hidden units of the base."""
        return self.base.blocks(*args, **kwargs)

    def moved_key(self, key: Tensor) -> Tensor:
        """M^(-1) (k - b)."""
        moved = key - self.b.to(key)
        return moved if self.inverse is None else moved @ self.inverse.to(key).mT

    def moved_query(self, query: Tensor) -> Tensor:
        """M^T (q - a)."""
        moved = query - self.a.to(query)
        return moved if self.matrix is None else moved @ self.matrix.to(query)

    def write(self, key: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        amplitude, exponent = self.base.write(self.moved_key(key), units)
        return amplitude, exponent + (key * self.a.to(key)).sum(-1, keepdim=True)

    def read(self, query: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        amplitude, exponent = self.base.read(self.moved_query(query), units)
        rest = (query - self.a.to(query)) * self.b.to(query)
        return amplitude, exponent + rest.sum(-1, keepdim=True)


@dataclass(frozen=True)
class Moments:
    """Means a of queries and b of keys (heads, d), and second moments about them (heads, d, d).

    ``cross`` is the mean of (q - a)(k - b)^T over the pairs that count.
    """

    a: Tensor
    b: Tensor
    query: Tensor
    key: Tensor
    cross: Tensor

    @classmethod
    def of(cls, query: Tensor, key: Tensor, attended: bool = False) -> Moments:
        """From calibration passages, (passages, heads, N, d); in float64.

        Over all pairs of tokens of a passage, or with ``attended`` weighted by the softmax
        attention of each pair, so that pairs count as they do in the output.
        """
        check(query, key)
        query, key = query.double(), key.double()
        tokens = query.shape[-2]
        if attended:
            share = (query @ key.mT).softmax(-1) / tokens
        else:
            share = query.new_full((tokens, tokens), tokens**-2.0)
        mass = share.sum(-2).unsqueeze(-1)  # of every key; every query has 1/N
        a, b = query.mean((0, -2)), (mass * key).sum(-2).mean(0)
        query, key = query - a.unsqueeze(-2), key - b.unsqueeze(-2)
        of_query, of_key = query.mT @ query / tokens, key.mT @ (mass * key)
        return cls(a, b, *(x.mean(0) for x in (of_query, of_key, query.mT @ share @ key)))


def balance(moments: Moments) -> tuple[Tensor, Tensor]:
    """M of least mean |M^T (q - a) + M^(-1) (k - b)|^2, and the moment S of that sum.

    The cross term (q - a).(k - b) does not depend on M. With G = M M^T the rest is
    tr(G Q) + tr(G^(-1) K) for the second moments Q of queries and K of keys; its derivative
    vanishes where G Q G = K. So M^T Q M = M^(-1) K M^(-T), and the least value is
    2 tr (Q^(1/2) K Q^(1/2))^(1/2). M is unique up to a rotation; the one taken makes S
    diagonal, so that every dimension can have its own coefficient. Returns M (heads, d, d) and
    the diagonal of S (heads, d). For the dense features of Likhosherstov et al. 2023.

    Raises
    ------
    ValueError : the second moments are not of full rank.
    """
    root, failed = torch.linalg.cholesky_ex(moments.query)
    values, vectors = torch.linalg.eigh(root.mT @ moments.key @ root)
    if failed.any() or not (values > 0).all():
        raise ValueError("moments: got second moments of queries or keys without full rank")
    matrix = torch.linalg.solve_triangular(root.mT, vectors, upper=True)
    matrix = matrix * values.pow(0.25).unsqueeze(-2)
    inverse = torch.linalg.inv(matrix)
    cross = matrix.mT @ moments.cross @ inverse.mT
    total = matrix.mT @ moments.query @ matrix + inverse @ moments.key @ inverse.mT
    spread, rotation = torch.linalg.eigh(total + cross + cross.mT)
    return matrix @ rotation, spread


SHAPES = ("round", "optimal", "dense")


def fit(query: Tensor, key: Tensor, shape: str = "round", attended: bool = False) -> Transformed:
    """Centred and balanced positive features for calibration passages (passages, heads, N, d).

    ``shape``: "round" keeps w ~ N(0, I), "optimal" takes one coefficient A a head, "dense" one
    for every dimension. ``attended``: see :meth:`Moments.of`.

    Raises
    ------
    ValueError : another shape; moments as in :func:`balance`.
    """
    if shape not in SHAPES:
        raise ValueError(f"shape: got {shape!r}; allowed are {SHAPES}")
    moments = Moments.of(query, key, attended)
    matrix, spread = balance(moments)
    mean = spread.mean(-1, keepdim=True)
    base = {
        "round": Positive,
        "optimal": lambda: Optimal(optimal_coefficient(mean)),
        "dense": lambda: Optimal(optimal_coefficient(spread)),
    }[shape]()
    name = f"balanced, {shape}" + (", attended" if attended else "")
    return Transformed(moments.a, moments.b, matrix, base, name)


def fit_mixture(
    query: Tensor, key: Tensor, centres: int, generator: Generator, width: float = 1.0
) -> Transformed:
    """:class:`Mixture` around sums q + k of calibration pairs, balanced first.

    Every centre is a query of a random passage and position, and a key of the same passage
    drawn with the query's attention weights.

    Parameters
    ----------
    query, key : calibration passages, (passages, heads, N, d).
    centres : their number, a head.
    generator : chooses the pairs.
    width : of the mixture's parts.
    """
    moved = fit(query, key, attended=True)
    passages, heads, tokens, _ = query.shape
    token = torch.randint(passages * tokens, (centres,), generator=generator)
    passage, row = token // tokens, token % tokens
    reading, writing = query[passage], key[passage]  # (centres, heads, N, d)
    asked = reading[torch.arange(centres), :, row].unsqueeze(-2)  # (centres, heads, 1, d)
    share = (asked @ writing.mT).squeeze(-2).softmax(-1)  # (centres, heads, N)
    chosen = torch.multinomial(share.flatten(0, 1), 1, generator=generator)
    chosen = chosen.unflatten(0, (centres, heads)).unsqueeze(-1)  # (centres, heads, 1, 1)
    given = writing.gather(-2, chosen.expand(-1, -1, -1, query.shape[-1]))
    total = moved.moved_query(asked) + moved.moved_key(given)
    base = Mixture(total.squeeze(-2).transpose(0, 1).contiguous(), width)
    return Transformed(moved.a.squeeze(-2), moved.b.squeeze(-2), moved.matrix, base, "mixture")
