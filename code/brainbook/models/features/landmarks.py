"""Hidden units tuned to landmarks: queries that stand for those seen in calibration text.

One head attends to a key with exp(q.k), a function of k that the query picks. Instead of random
directions, unit r is given a landmark c_r, a query that is typical of calibration text, and
writes the function that belongs to it, f_r(k) = exp(c_r.k - n_r), n_r its usual log normaliser.
Reading then asks: which mixture of these m functions comes nearest to exp(q.k)?

For Gaussian keys of covariance S the answer has a closed form. After division by their norms
the functions of two queries have the inner product

    kappa(q, c) = exp(-(q - c)^T S (q - c) / 2),

so the nearest mixture solves (K + ridge I) rho(q) = kappa(q), K = kappa(c_r, c_s), and leaves
the relative square residual 1 - kappa^T K^(-1) kappa (:func:`unexplained`): the Nyström
approximation (Williams & Seeger 2001) of the attention kernel. rho is also the steady state of
units with tuning curves kappa(., c_r) that inhibit each other as much as their tuning overlaps,

    tau d rho/dt = kappa(q) - ridge rho - K rho.

So the reading layer has lateral synapses, and its rates are signed. :class:`Gated` does without
both: the rates of its units are positive and share out one unit of activity.

The allowed class: landmarks, S and n depend on calibration passages, never on the passage under
test. Landmarks taken from the passage itself, as in Xiong et al. 2021 (arXiv:2102.03902), would
be outside of it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Generator, Tensor

from brainbook.models.attention.softmax import check

from .maps import FeatureMap, HiddenUnits

CANDIDATES = 20_000  # calibration queries that k-means looks at
ROUNDS = 3  # of Lloyd's algorithm,
FEW = 8  # unless a landmark has fewer queries than this
SAMPLE = 12  # calibration passages that metric and normalisers are averaged over
ROWS = 64  # of the matrix K that are made at once


@dataclass(frozen=True)
class Tuning:
    """What units know of calibration text, per head.

    landmark : (heads, m, d), queries. log_scale : (heads, m), mean log normaliser of each.
    centre : (heads, 1, d), mean query. metric : (heads, d, d), S of the module's equations.
    """

    landmark: Tensor
    log_scale: Tensor
    centre: Tensor
    metric: Tensor


def tune(
    query: Tensor,
    key: Tensor,
    units: int,
    generator: Generator,
    metric: Tensor | None = None,
) -> Tuning:
    """Landmarks by k-means on calibration queries, and what goes with them.

    S is the mean of the covariance of all keys and of the mean covariance of the keys as a
    query weighs them: errors count where keys are and where attention goes.

    Parameters
    ----------
    query, key : calibration passages, (passages, heads, N, d), divided by d^(1/4).
    units : landmarks a head.
    generator : chooses the queries that k-means looks at and starts from.
    metric : S, where it is known already: of :func:`usual_metric`.

    Raises
    ------
    ValueError : shapes that do not fit, or more units than calibration queries.
    """
    check(query, key)
    if query.ndim != 4:
        raise ValueError(f"query: got {tuple(query.shape)}; must be (passages, heads, N, d)")
    seen = query.transpose(0, 1).flatten(1, 2)  # (heads, passages x N, d)
    if not 1 <= units <= seen.shape[1]:
        raise ValueError(
            f"units: got {units}; allowed are 1 to {seen.shape[1]}, the calibration queries"
        )
    chosen = torch.randperm(seen.shape[1], generator=generator)[: max(CANDIDATES, 4 * units)]
    state = int(torch.randint(2**31, (), generator=generator))
    landmark = torch.stack([means(head, units, state) for head in seen[:, chosen]])
    return Tuning(
        landmark,
        usual_log_normaliser(landmark, key[sample(key)]),
        seen.mean(1, keepdim=True),
        usual_metric(query, key) if metric is None else metric,
    )


def means(points: Tensor, units: int, state: int) -> Tensor:
    """Landmarks of a head, (m, d), by a few rounds of Lloyd's algorithm on queries (n, d).

    One round is enough where a landmark has few queries: at 3,750 units, two more changed no
    error by .01 (six heads of three layers, calibration passages held back).
    """
    rounds = ROUNDS if len(points) >= FEW * units else 1
    with warnings.catch_warnings():  # stopping early is meant
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(units, init="random", n_init=1, max_iter=rounds, random_state=state)
        found.fit(points.numpy())
    return torch.from_numpy(found.cluster_centers_).to(points.dtype)


def sample(passages: Tensor) -> slice:
    """About ``SAMPLE`` of the passages, evenly spaced."""
    return slice(None, None, max(1, len(passages) // SAMPLE))


def usual_metric(query: Tensor, key: Tensor) -> Tensor:
    """:func:`key_metric` of a sample of the passages, (passages, heads, N, d)."""
    return key_metric(query[sample(query)], key[sample(key)])


def usual_log_normaliser(query: Tensor, key: Tensor) -> Tensor:
    """Mean over passages of log sum_s exp(q.k_s): query (heads, m, d) -> (heads, m)."""
    return sum((query @ passage.mT).logsumexp(-1) for passage in key) / len(key)


def key_metric(query: Tensor, key: Tensor) -> Tensor:
    """S, (heads, d, d), float64: see :func:`tune`. query, key: (passages, heads, N, d)."""
    query, key = query.double(), key.double()
    apart = key - key.mean((0, 2), keepdim=True)
    weight = (query @ key.mT).softmax(-1)  # (passages, heads, N, N)
    picked = weight @ key  # (passages, heads, N, d)
    weighed = key * weight.sum(-2).unsqueeze(-1)  # by the attention that a key receives
    # covariance of the keys, and sum_t (sum_s a_ts k_s k_s^T - o_t o_t^T)
    total = apart.mT @ apart + weighed.mT @ key - picked.mT @ picked  # (passages, heads, d, d)
    return total.sum(0) / (2 * key.shape[0] * key.shape[2])


class Tuned(FeatureMap):
    """What both maps share: unit r writes m f_r(k), and the circuit divides by m."""

    unbiased = False
    tuning: Tuning

    @property
    def units(self) -> HiddenUnits:
        return HiddenUnits(self.tuning.landmark)

    def write(self, key: Tensor, units: HiddenUnits | None = None) -> tuple[None, Tensor]:
        scale = self.tuning.log_scale - math.log(self.tuning.landmark.shape[-2])
        return None, (key @ self.tuning.landmark.mT).sub_(scale.unsqueeze(-2))


class Landmarks(Tuned):
    """Tuned units that inhibit each other while they read; rates of either sign."""

    name = "tuned, lateral inhibition"

    def __init__(
        self, tuning: Tuning, ridge: float = 0.001, dtype: torch.dtype = torch.float64
    ) -> None:
        """``ridge``: leak of the lateral network; smaller means larger and less robust rates.

        ``dtype`` of the m x m matrix K: float32 is accurate enough for ridges from 0.001 up.

        Raises
        ------
        ValueError : ``ridge`` is not positive.
        """
        if not ridge > 0:
            raise ValueError(f"ridge: got {ridge}; must be positive")
        self.tuning, self.ridge = tuning, ridge
        values, vectors = torch.linalg.eigh(tuning.metric.double())
        self._root = vectors * values.clamp_min(0).sqrt().unsqueeze(-2)
        self._landmark = self._moved(tuning.landmark)
        # A head's own (m, m): all in one tensor would be another copy of what is large.
        self._factors = [_factor(head, ridge, dtype) for head in self._landmark]

    @classmethod
    def fitted(
        cls,
        query: Tensor,
        key: Tensor,
        units: int,
        generator: Generator,
        ridge: float = 0.001,
        dtype: torch.dtype = torch.float64,
        metric: Tensor | None = None,
    ) -> Landmarks:
        """Tuned to calibration passages.

        Parameters
        ----------
        query, key, units, generator, metric : as in :func:`tune`.
        ridge, dtype : as in the constructor.
        """
        return cls(tune(query, key, units, generator, metric=metric), ridge, dtype)

    @property
    def overlap(self) -> Tensor:
        """K, the inhibition between units: (heads, m, m), float64."""
        return _bump(self._landmark, self._landmark)

    def _moved(self, x: Tensor) -> Tensor:
        """Coordinates in which S is the identity, (heads, n, d), float64."""
        return (x - self.tuning.centre).double() @ self._root

    def tuning_curves(self, query: Tensor) -> Tensor:
        """kappa(q, c_r), (heads, n, m), float64, for query (heads, n, d)."""
        return _bump(self._moved(query), self._landmark)

    def settled(self, drive: Tensor) -> Tensor:
        """(K + ridge I)^(-1) drive, (heads, m, n), float64: where the lateral network settles."""
        heads = zip(drive.to(self._factors[0].dtype), self._factors, strict=True)
        return torch.stack([_solved(one, factor) for one, factor in heads]).double()

    def rates(self, query: Tensor) -> Tensor:
        """rho(q), (..., heads, N, m), float64, for query (..., heads, N, d)."""
        leading = query.shape[:-3]
        # all leading dimensions and tokens in one: (heads, leading x N, d)
        flat = query.reshape(-1, *query.shape[-3:]).transpose(0, 1).flatten(1, 2)
        settled = self.settled(self.tuning_curves(flat).mT).mT  # (heads, leading x N, m)
        apart = settled.unflatten(1, (-1, query.shape[-2])).transpose(0, 1)
        return apart.reshape(*leading, *apart.shape[1:])  # (..., heads, N, m)

    @property
    def usual(self) -> tuple[Tensor, Tensor]:
        """Mean log normaliser (heads, 1), and how far each unit's is from it (heads, m), float64.

        A query's usual log normaliser is that mean, plus its rates times the distances.
        """
        scale = self.tuning.log_scale.double()
        mean = scale.mean(-1, keepdim=True)
        return mean, scale - mean

    def read(self, query: Tensor, units: HiddenUnits | None = None) -> tuple[Tensor, Tensor]:
        """The rates, and the query's usual log normaliser as the same rates interpolate it."""
        rates, (mean, apart) = self.rates(query), self.usual
        level = mean.unsqueeze(-1) + rates @ apart.unsqueeze(-1)
        return rates.to(query.dtype), level.to(query.dtype).expand_as(rates).contiguous()


def _factor(landmark: Tensor, ridge: float, dtype: torch.dtype) -> Tensor:
    """Cholesky factor of K + ridge I for one head's landmarks (m, d), (m, m).

    K in float64 is made a few rows at a time, and only below its diagonal: the factor needs no
    more, and a whole K would not stay in the processor's cache.
    """
    units = len(landmark)
    overlap = torch.zeros(units, units, dtype=dtype)
    for start in range(0, units, ROWS):
        stop = min(start + ROWS, units)
        overlap[start:stop, :stop] = _bump(landmark[start:stop], landmark[:stop])
    overlap.diagonal().add_(ridge)
    return torch.linalg.cholesky(overlap)


def _solved(drive: Tensor, factor: Tensor) -> Tensor:
    """(L L^T)^(-1) drive, (m, n), for the factor L (m, m)."""
    half = torch.linalg.solve_triangular(factor, drive, upper=False)
    return torch.linalg.solve_triangular(factor.mT, half, upper=True)


def _bump(x: Tensor, y: Tensor) -> Tensor:
    """exp(-|x - y|^2/2) for all pairs, (..., n, m)."""
    squares = x.square().sum(-1).unsqueeze(-1) + y.square().sum(-1).unsqueeze(-2)
    return (x @ y.mT).sub_(squares / 2).clamp_(max=0).exp_()


def unexplained(features: Landmarks, query: Tensor) -> Tensor:
    """1 - kappa^T K^(-1) kappa, (heads, N): share of |exp(q.k)|^2 that no mixture reaches.

    Norms over Gaussian keys with covariance S. ``features`` should have a small ridge, which
    stands beside K here as it does in the circuit.
    """
    bump = features.tuning_curves(query)
    return 1 - (bump * features.rates(query)).sum(-1)


class Gated(Tuned):
    """Tuned units of positive rate that share out one unit of activity: no lateral synapses.

    Reading rates are softmax_r(width (q.c_r - |c_r|^2/2)), a soft choice of the landmarks
    nearest to q. ``width`` : (heads,), inverse square width of a unit's tuning.
    """

    name = "tuned, gated"

    def __init__(self, tuning: Tuning, width: Tensor) -> None:
        if not (width > 0).all():
            raise ValueError(f"width: got {width.min():.3g}; must be positive")
        self.tuning, self.width = tuning, width

    def read(self, query: Tensor, units: HiddenUnits | None = None) -> tuple[None, Tensor]:
        """Log rates, plus the query's usual log normaliser as the same rates average it."""
        landmark, width = self.tuning.landmark, self.width.view(-1, 1, 1).to(query.dtype)
        near = query @ landmark.mT - landmark.square().sum(-1).unsqueeze(-2) / 2
        share = (width * near).log_softmax(-1)
        return None, share + share.exp() @ self.tuning.log_scale.unsqueeze(-1)
