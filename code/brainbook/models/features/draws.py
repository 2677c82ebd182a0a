"""How the weights of random hidden units are drawn: alone, in orthogonal groups, on a simplex.

Every row of every draw is N(0, I) by itself, so an estimate that is unbiased with independent
rows stays unbiased. Rows of one group depend on each other, which changes the variance only:
see :mod:`brainbook.models.features.laws`. Groups may cross the blocks in which the circuit asks
for units; the rest of a group waits for the next block.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from scipy.stats import qmc
from torch import Generator, Tensor


class Draws:
    """Interface: rows ~ N(0, I), dependent within groups of ``group(d_head)`` rows."""

    name: str

    def group(self, d_head: int) -> int:
        """Rows that depend on each other."""
        raise NotImplementedError

    def groups(
        self, count: int, d_head: int, generator: Generator, heads: Sequence[int], dtype
    ) -> Tensor:
        """``count`` whole groups, (*heads, count * group, d_head)."""
        raise NotImplementedError

    def blocks(
        self,
        sizes: Iterable[int],
        d_head: int,
        generator: Generator,
        heads: Sequence[int] = (),
        dtype: torch.dtype = torch.float32,
    ) -> Iterator[Tensor]:
        """One tensor (*heads, size, d_head) for each of ``sizes``; together one sequence of rows.

        Parameters
        ----------
        sizes : numbers of rows.
        d_head : width of a row.
        generator : source of the rows.
        heads : leading shape; every index has rows of its own.
        dtype : of the rows.

        Raises
        ------
        ValueError : a size is not positive.
        """
        group = self.group(d_head)
        held = torch.empty(*heads, 0, d_head, dtype=dtype)
        for size in sizes:
            check_size(size)
            missing = size - held.shape[-2]
            if missing > 0:
                fresh = self.groups(-(-missing // group), d_head, generator, heads, dtype)
                held = torch.cat([held, fresh], -2)
            yield held[..., :size, :]
            held = held[..., size:, :]


def check_size(size: int) -> None:
    """Refuse a number of hidden units that is not positive."""
    if size < 1:
        raise ValueError(f"units: got {size}; at least 1 hidden unit is needed")


class Independent(Draws):
    """Independent rows."""

    name = "independent"

    def group(self, d_head: int) -> int:
        return 1

    def groups(self, count, d_head, generator, heads, dtype) -> Tensor:
        return torch.randn(*heads, count, d_head, generator=generator, dtype=dtype)


class Orthogonal(Draws):
    """Groups of d orthogonal rows with the lengths of independent Gaussian rows.

    Yu et al. 2016 (arXiv:1610.09072); for positive features Choromanski et al. 2021
    (arXiv:2009.14794).
    """

    name = "orthogonal"

    def group(self, d_head: int) -> int:
        return d_head

    def groups(self, count, d_head, generator, heads, dtype) -> Tensor:
        shape = (*heads, count, d_head, d_head)
        directions = self.directions(d_head, dtype) @ _rotations(shape, generator, dtype)
        length = torch.randn(*shape, generator=generator, dtype=dtype).norm(dim=-1, keepdim=True)
        return (directions * length).flatten(-3, -2)  # (*heads, count d_head, d_head)

    def directions(self, d_head: int, dtype: torch.dtype) -> Tensor:
        """The d unit vectors that are rotated together, (d, d)."""
        return torch.eye(d_head, dtype=dtype)


class Simplex(Orthogonal):
    """Groups of d rows that point to the corners of a regular simplex: cosines of -1/(d - 1).

    The least variance of positive features among groups whose directions do not depend on
    their lengths: Reid et al. 2023 (arXiv:2301.13856).
    """

    name = "simplex"

    def directions(self, d_head: int, dtype: torch.dtype) -> Tensor:
        if d_head < 2:
            raise ValueError(f"d_head: got {d_head}; a simplex needs at least 2")
        centred = torch.eye(d_head, dtype=dtype) - 1 / d_head
        return centred * (d_head / (d_head - 1)) ** 0.5


def _rotations(shape: Sequence[int], generator: Generator, dtype: torch.dtype) -> Tensor:
    """Orthogonal matrices, uniform over all of them: QR with the signs of R taken out."""
    q, r = torch.linalg.qr(torch.randn(*shape, generator=generator, dtype=dtype))
    return q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)


class Antithetic(Draws):
    """Every row of ``base`` followed by its negative.

    The positive map on such pairs is a hyperbolic cosine of the drive: the estimator SM^hyp+
    of Choromanski et al. 2021 (arXiv:2009.14794).
    """

    def __init__(self, base: Draws | None = None) -> None:
        self.base = base or Independent()
        inner = "" if isinstance(self.base, Independent) else f" {self.base.name}"
        self.name = f"antithetic{inner}"

    def group(self, d_head: int) -> int:
        return 2 * self.base.group(d_head)

    def groups(self, count, d_head, generator, heads, dtype) -> Tensor:
        rows = self.base.groups(count, d_head, generator, heads, dtype)
        return torch.stack([rows, -rows], dim=-2).flatten(-3, -2)  # (*heads, 2 count, d_head)


class Sobol(Draws):
    """Scrambled Sobol points through the inverse normal distribution: rows fill space evenly.

    One sequence per head, scrambled by the generator, continued from block to block. A single
    row is N(0, I); no closed form for the variance of positive features is known to us.
    """

    name = "Sobol"
    BITS = 30

    def blocks(self, sizes, d_head, generator, heads=(), dtype=torch.float32) -> Iterator[Tensor]:
        """As in :class:`Draws`."""
        count = int(np.prod(heads, dtype=int))
        seeds = torch.randint(2**31, (count,), generator=generator).tolist()
        engines = [
            qmc.Sobol(d_head, bits=self.BITS, rng=np.random.default_rng(seed)) for seed in seeds
        ]
        for size in sizes:
            check_size(size)
            with warnings.catch_warnings():  # nested sizes need not be powers of two
                warnings.simplefilter("ignore", UserWarning)
                points = np.stack([engine.random(size) for engine in engines])
            inside = torch.from_numpy(points) + 2.0 ** -(self.BITS + 1)  # middle of a cell, not 0
            yield torch.special.ndtri(inside).to(dtype).reshape(*heads, size, d_head)
