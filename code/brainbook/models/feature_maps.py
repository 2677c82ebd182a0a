"""Random feature maps: hidden units whose inner products imitate exp(x . y).

A feature map turns x (..., N, d) into m numbers, phi_r(x) = amplitude_r * exp(exponent_r) /
sqrt(m), with E[phi(x) . phi(y)] = exp(x . y) for the unbiased ones. Amplitude and exponent
stay apart so that the circuit can work in log space. The factor 1/sqrt(m) is left to the
circuit, which can then read the same units out at several sizes m.

To add a map (orthogonal, learned, ...), subclass :class:`FeatureMap`: override ``draw`` for
other hidden units, ``features`` for another activation, ``write`` and ``read`` where keys and
queries are treated differently.

Names and definitions of the maps are those of Kozachkov, Kastanenka & Krotov (2023) and of the
public code with it; the positive map is theirs and that of Performers (Choromanski et al. 2021).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True)
class HiddenUnits:
    """Synapses onto m hidden units: ``weight`` (..., m, d), and ``bias`` (..., m) if needed."""

    weight: Tensor
    bias: Tensor | None = None

    def __len__(self) -> int:
        return self.weight.shape[-2]

    def split(self, size: int) -> Iterator[HiddenUnits]:
        """The same units in blocks of at most ``size``."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            bias = None if self.bias is None else self.bias[..., part]
            yield HiddenUnits(self.weight[..., part, :], bias)


class FeatureMap:
    """Interface and the parts all maps share. Subclasses define ``name`` and ``features``."""

    name: str
    needs_bias = False
    unbiased = True

    def draw(
        self,
        units: int,
        d_head: int,
        generator: Generator,
        heads: Sequence[int] = (),
        dtype: torch.dtype = torch.float32,
    ) -> HiddenUnits:
        """Hidden units with weights ~ N(0, 1), i.i.d.; one draw per head in shape ``heads``.

        Raises
        ------
        ValueError : ``units`` is not positive.
        """
        if units < 1:
            raise ValueError(f"units: got {units}; at least 1 hidden unit is needed")
        weight = torch.randn(*heads, units, d_head, generator=generator, dtype=dtype)
        if not self.needs_bias:
            return HiddenUnits(weight)
        bias = torch.rand(*heads, units, generator=generator, dtype=dtype) * (2 * math.pi)
        return HiddenUnits(weight, bias)

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        """Amplitude (..., N, m), or None for 1, and exponent (..., N, m) or (..., N, 1)."""
        raise NotImplementedError

    def write(self, key: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        """Features in the writing phase."""
        return self.features(key, units)

    def read(self, query: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        """Features in the reading phase."""
        return self.features(query, units)

    def __call__(self, x: Tensor, units: HiddenUnits) -> Tensor:
        """phi(x), (..., N, m), with its factor 1/sqrt(m): for small cases and for tests."""
        amplitude, exponent = self.features(x, units)
        phi = exponent.exp() if amplitude is None else amplitude * exponent.exp()
        return phi / math.sqrt(len(units))


def _drive(x: Tensor, units: HiddenUnits) -> Tensor:
    """W x, plus the bias where there is one. (..., N, m)"""
    drive = x @ units.weight.mT
    return drive if units.bias is None else drive.add_(units.bias.unsqueeze(-2))


def _half_square(x: Tensor) -> Tensor:
    """|x|^2 / 2, (..., N, 1)."""
    return 0.5 * x.square().sum(-1, keepdim=True)


class Positive(FeatureMap):
    """exp(W x - |x|^2/2) / sqrt(m): every unit fires at a positive rate. The authors' choice.

    One unit's estimate of exp(x . y) has relative variance e^R - 1 with R = |x + y|^2, so m
    units have (e^R - 1)/m: see :func:`brainbook.models.feature_variance.pair_variance`.
    """

    name = "positive exponential"

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[None, Tensor]:
        return None, _drive(x, units).sub_(_half_square(x))


class Trigonometric(FeatureMap):
    """sqrt(2/m) cos(W x + b) exp(|x|^2/2): unbiased, but rates can be negative."""

    name = "cosine"
    needs_bias = True

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        return _drive(x, units).cos_().mul_(math.sqrt(2)), _half_square(x)


class RectifiedCosine(FeatureMap):
    """sqrt(2/(pi m)) max(0, cos(W x + b)) exp(|x|^2/2): positive rates, biased."""

    name = "rectified cosine"
    needs_bias = True
    unbiased = False

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        rate = _drive(x, units).cos_().clamp_(min=0)
        return rate.mul_(math.sqrt(2 / math.pi)), _half_square(x)


class TruncatedExponential(FeatureMap):
    """min(exp(W x), ceiling) exp(-|x|^2/2) / sqrt(m): a rate that saturates; biased.

    The default ceiling is the one in the public code.
    """

    name = "truncated exponential"
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
    the factor stands outside, as in the other maps.
    """

    name = "linear"
    unbiased = False

    def features(self, x: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        return _drive(x, units).sub_(_half_square(x)).add_(1), torch.zeros_like(x[..., :1])


MAPS = (Positive, Trigonometric, TruncatedExponential, RectifiedCosine, Linear)
