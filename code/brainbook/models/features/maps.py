"""Random feature maps: hidden units whose inner products imitate exp(x . y).

A feature map turns x (..., N, d) into m numbers, phi_r(x) = amplitude_r * exp(exponent_r) /
sqrt(m), with E[phi(x) . phi(y)] = exp(x . y) for the unbiased ones. Amplitude and exponent
stay apart so that the circuit can work in log space. The factor 1/sqrt(m) is left to the
circuit, which can then read the same units out at several sizes m.

To add a map, subclass :class:`FeatureMap`: override ``features`` for another activation,
``units`` for what is made of drawn weights, ``write`` and ``read`` where keys and queries are
treated differently. How weights are drawn is a part of its own that goes with any map:
``Positive().drawn(Orthogonal())``, see :mod:`brainbook.models.features.draws`. Means and variances
in closed form are in :mod:`brainbook.models.features.laws`.

Names and definitions of the maps are those of Kozachkov, Kastanenka & Krotov (2023) and of the
public code with it; the positive map is theirs and that of Performers (Choromanski et al. 2021).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from brainbook.evidence.products import product

from .draws import Draws, Independent, check_size


@dataclass(frozen=True)
class HiddenUnits:
    """Synapses onto m hidden units: ``weight`` (..., m, d), and ``bias`` (..., m) if needed.

    ``log_gain`` (..., m), added to the exponent in writing and in reading: for units that are
    drawn from another distribution than N(0, I), half the log of N(0, I) over that one.
    """

    weight: Tensor
    bias: Tensor | None = None
    log_gain: Tensor | None = None

    def __len__(self) -> int:
        return self.weight.shape[-2]

    def part(self, start: int, stop: int) -> HiddenUnits:
        """Units from ``start`` to before ``stop``."""
        bias, gain = (None if x is None else x[..., start:stop] for x in (self.bias, self.log_gain))
        return HiddenUnits(self.weight[..., start:stop, :], bias, gain)

    def of(self, heads) -> HiddenUnits:
        """The units of some heads, by any index of the leading dimensions.

        Units without leading dimensions are those of every head.
        """
        if heads is ... or self.weight.ndim == 2:  # (m, d)
            return self
        parts = (None if x is None else x[heads] for x in (self.weight, self.bias, self.log_gain))
        return HiddenUnits(*parts)

    @classmethod
    def joined(cls, blocks: Sequence[HiddenUnits]) -> HiddenUnits:
        """Several blocks as one."""
        weight = torch.cat([units.weight for units in blocks], -2)
        rest = [[units.bias for units in blocks], [units.log_gain for units in blocks]]
        return cls(weight, *(None if x[0] is None else torch.cat(x, -1) for x in rest))

    def split(self, size: int) -> Iterator[HiddenUnits]:
        """The same units in blocks of at most ``size``."""
        for start in range(0, len(self), size):
            yield self.part(start, start + size)


class FeatureMap:
    """Interface and the parts all maps share. Subclasses define ``name`` and ``features``."""

    name: str
    needs_bias = False
    unbiased = True
    by_head = False  # whether a head's own units are all that its features need
    draws: Draws = Independent()

    def drawn(self, draws: Draws) -> FeatureMap:
        """The same map with weights drawn in another way."""
        other = copy.copy(self)
        other.draws, other.name = draws, f"{self.name}, {draws.name}"
        return other

    def draw(
        self,
        units: int,
        d_head: int,
        generator: Generator,
        heads: Sequence[int] = (),
        dtype: torch.dtype = torch.float32,
    ) -> HiddenUnits:
        """Hidden units in one block.

        Parameters
        ----------
        units : their number m.
        d_head : width d of queries and keys.
        generator : source of the weights.
        heads : leading shape; every index has a draw of its own.
        dtype : of the weights, (*heads, m, d).

        Raises
        ------
        ValueError : ``units`` is not positive.
        """
        return next(self.blocks([units], d_head, generator, heads, dtype))

    def blocks(
        self,
        sizes: Iterable[int],
        d_head: int,
        generator: Generator,
        heads: Sequence[int] = (),
        dtype: torch.dtype = torch.float32,
    ) -> Iterator[HiddenUnits]:
        """Hidden units of one draw, in blocks of ``sizes``; otherwise as :meth:`draw`."""
        for weight in self.draws.blocks(sizes, d_head, generator, heads, dtype):
            yield self.units(weight, generator)

    def units(self, weight: Tensor, generator: Generator) -> HiddenUnits:
        """What a block of weights ~ N(0, I), (..., m, d), becomes: a phase where one is needed."""
        if not self.needs_bias:
            return HiddenUnits(weight)
        phase = torch.rand(*weight.shape[:-1], generator=generator, dtype=weight.dtype)
        return HiddenUnits(weight, phase * (2 * math.pi))

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        """Amplitude (..., N, m), or None for 1, and exponent (..., N, m) or (..., N, 1)."""
        raise NotImplementedError

    def write(self, key: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        """Features in the writing phase."""
        return _gained(*self.features(key, units), units)

    def read(self, query: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        """Features in the reading phase."""
        return _gained(*self.features(query, units), units)

    def __call__(self, x: Tensor, units: HiddenUnits) -> Tensor:
        """phi(x), (..., N, m), with its factor 1/sqrt(m): for small cases and for tests."""
        amplitude, exponent = self.write(x, units)
        phi = exponent.exp() if amplitude is None else amplitude * exponent.exp()
        return phi / math.sqrt(len(units))


def _gained(
    amplitude: Tensor | None, exponent: Tensor, units: HiddenUnits
) -> tuple[Tensor | None, Tensor]:
    """The same with the units' own gain in the exponent."""
    if units.log_gain is None:
        return amplitude, exponent
    return amplitude, exponent + units.log_gain.unsqueeze(-2)


def _drive(x: Tensor, units: HiddenUnits) -> Tensor:
    """W x, plus the bias where there is one. (..., N, m)"""
    drive = product(x, units.weight.mT)
    return drive if units.bias is None else drive.add_(units.bias.unsqueeze(-2))


def _half_square(x: Tensor) -> Tensor:
    """|x|^2 / 2, (..., N, 1)."""
    return 0.5 * x.square().sum(-1, keepdim=True)


class Positive(FeatureMap):
    """exp(W x - |x|^2/2) / sqrt(m): every unit fires at a positive rate. The authors' choice.

    One unit's estimate of exp(x . y) has relative variance e^R - 1 with R = |x + y|^2, so m
    units have (e^R - 1)/m: see :func:`brainbook.models.features.variance.pair_variance`.
    """

    name = "positive exponential"
    by_head = True

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[None, Tensor]:
        return None, _drive(x, units).sub_(_half_square(x))


class Trigonometric(FeatureMap):
    """sqrt(2/m) cos(W x + b) exp(|x|^2/2): unbiased, but rates can be negative.

    Relative variance (e^D + e^(-D)/2 - 1)/m with D = |x - y|^2: small where x and y are near.
    """

    name = "cosine"
    by_head = True
    needs_bias = True

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        return _drive(x, units).cos_().mul_(math.sqrt(2)), _half_square(x)


class RectifiedCosine(FeatureMap):
    """sqrt(2/(pi m)) max(0, cos(W x + b)) exp(|x|^2/2): positive rates, biased.

    The mean is e^(x.y)/(4 pi) plus a part that does not fall with |x - y|: see
    ``laws.rectified_cosine_bias``.
    """

    name = "rectified cosine"
    by_head = True
    needs_bias = True
    unbiased = False

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        rate = _drive(x, units).cos_().clamp_(min=0)
        return rate.mul_(math.sqrt(2 / math.pi)), _half_square(x)


class TruncatedExponential(FeatureMap):
    """min(exp(W x), ceiling) exp(-|x|^2/2) / sqrt(m): a rate that saturates; biased.

    The default ceiling is the one in the public code. ``laws.truncated_bias``.
    """

    name = "truncated exponential"
    by_head = True
    unbiased = False

    def __init__(self, ceiling: float = 150.0) -> None:
        if not ceiling > 0:
            raise ValueError(f"ceiling: got {ceiling}; must be positive")
        self.ceiling = ceiling

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[None, Tensor]:
        return None, _drive(x, units).clamp_(max=math.log(self.ceiling)).sub_(_half_square(x))


class Linear(FeatureMap):
    """(1 + W x - |x|^2/2) / sqrt(m): the first order of the positive map; biased.

    The public code adds log(1/sqrt(m)) inside the bracket instead of dividing by sqrt(m). Here
    the factor stands outside, as in the other maps. ``laws.linear_bias``.
    """

    name = "linear"
    by_head = True
    unbiased = False

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        return _drive(x, units).sub_(_half_square(x)).add_(1), torch.zeros_like(x[..., :1])


class Taylor(FeatureMap):
    """All monomials of degree 0, 1 and 2: 1 + x.y + (x.y)^2/2, the same at every draw; biased.

    Nothing is random: m = 1 + d + d(d+1)/2 is fixed by d, and a row of ``weight`` holds the
    exponents of one monomial. With s = x.y the estimate is off by the share
    1 - (1 + s + s^2/2) exp(-s) of exp(s).
    """

    name = "degree-2 Taylor"
    unbiased = False

    @staticmethod
    def size(d_head: int) -> int:
        """1 + d + d(d+1)/2."""
        return 1 + d_head + d_head * (d_head + 1) // 2

    def blocks(
        self, sizes, d_head, generator, heads=(), dtype=torch.float32
    ) -> Iterator[HiddenUnits]:
        """All monomials, in blocks of ``sizes``.

        Raises
        ------
        ValueError : ``sizes`` ask for a number other than 1 + d + d(d+1)/2.
        """
        wanted, total = list(sizes), self.size(d_head)
        if sum(wanted) != total:
            raise ValueError(f"units: got {sum(wanted)}; with d = {d_head} there are {total}")
        one = torch.eye(d_head, dtype=dtype)
        row, column = torch.triu_indices(d_head, d_head)
        powers = torch.cat([torch.zeros(1, d_head, dtype=dtype), one, one[row] + one[column]])
        everything, start = HiddenUnits(powers.expand(*heads, total, d_head)), 0
        for size in wanted:
            check_size(size)
            yield everything.part(start, start + size)
            start += size

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        powers = units.weight
        degree = powers.sum(-1).unsqueeze(-2)  # (..., 1, m)
        first = x @ powers.mT  # (..., N, m)
        # (x_i + x_j)^2 - x_i^2 - x_j^2 = 2 x_i x_j; for i = j, (2 x_i)^2 - 2 x_i^2 = 2 x_i^2
        second = 0.5 * (first.square() - x.square() @ powers.mT)
        second = second / powers.amax(-1).unsqueeze(-2).clamp_min(1).sqrt()  # 1/sqrt(2!) at i = j
        monomial = torch.where(degree == 2, second, torch.where(degree == 1, first, 1.0))
        whole = math.sqrt(self.size(x.shape[-1]))  # the circuit divides by the number of units
        return monomial * whole, torch.zeros_like(x[..., :1])


MAPS = (Positive, Trigonometric, TruncatedExponential, RectifiedCosine, Linear)
