"""What noise, range, coverage and separate processes cost each finite circuit on real heads.

Every trial takes a :class:`Part` and yields frames with a row a head: seed, head, circuit, what
the trial varies, and error, relative to the transformer's output. Chance is drawn anew for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from torch import Generator

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import imperfections as limits
from brainbook.models.astrocyte.cell import effective_units

from .circuits import Part, rows


def chance(part: Part, *stream: int) -> Generator:
    """The same numbers for every circuit of a document and layer."""
    return seeded(83, part.seed, part.layer, *stream)


def profile(part: Part) -> Iterator[pd.DataFrame]:
    """Columns alone (error without limits), constant (without an astrocyte: the best constant
    divides), effective (m_eff of the median query), cancelled (sum |x| over |sum x|), negative
    (share of reading rates), decades (that p_t spans over the queries, in size)."""
    cell = part.cell
    x = cell.parts
    total = x.sum(-1)
    size = (cell.divisor() * cell.relative_scale).abs().squeeze(-1).log10()
    known = {
        "alone": part.error(cell.output())["error"],
        "constant": limits.constant_divisor(cell.drive * cell.relative_scale, part.exact),
        "effective": effective_units(x).median(-1).values,
        "cancelled": (x.abs().sum(-1) / total.abs()).median(-1).values,
        "negative": (cell.reading < 0).double().mean((-2, -1)),
        "decades": size.amax(-1) - size.amin(-1),
    }
    yield rows(part, known)


def noise(part: Part, sizes: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Noise: size, place ("each trace", "each rate"), error."""
    cell = part.cell
    for index, size in enumerate(sizes):
        outputs = {
            "each trace": cell.output(limits.noisy_traces(cell, size, chance(part, 1, index))),
            "each rate": limits.noisy_rates(cell, size, chance(part, 2, index)).output(),
        }
        for place, output in outputs.items():
            yield rows(part, part.error(output), size=size, place=place)


def ranges(part: Part, decades: Sequence[float], levels: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Limited traces, with the best gain a head: how, size, error.

    how : "floor" or "ceiling", so many decades (``size``) below the largest trace; "levels", so
    many a decade.
    """
    cell = part.cell
    factors = {
        (how, d): limits.limited(cell, d, how) for how in ("floor", "ceiling") for d in decades
    }
    for index, count in enumerate(levels):
        factors["levels", count] = limits.rounded(cell, count, chance(part, 4, index))
    for (how, size), factor in factors.items():
        output = limits.best_gain(cell.output(factor), part.exact)
        yield rows(part, part.error(output), how=how, size=size)


def coverage(part: Part, shares: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Share of synapses that have an astrocyte beside them: share, reading, error.

    reading : "sensed at units", g is known at a share of the hidden units; "sensed at contacts",
    at a share of each unit's contacts; "divided", the rest is divided by a constant; "only these
    units", the others are left out of H and g alike.
    """
    cell = part.cell
    for index, share in enumerate(shares):
        under = limits.covered_contacts(cell, share, chance(part, 5, index))
        outputs = {
            "sensed at units": cell.output(
                limits.sensed_units(cell, share, chance(part, 6, index))
            ),
            "sensed at contacts": cell.output(limits.sensed_contacts(under, share)),
            "divided": limits.undivided(cell, under, part.exact),
            "only these units": limits.only_covered_units(
                cell, share, chance(part, 6, index)
            ).output(),
        }
        for reading, output in outputs.items():
            yield rows(part, part.error(output), share=share, reading=reading)


def pools(part: Part, counts: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Processes that divide alone: pools, error."""
    for index, count in enumerate(counts):
        output = limits.local_pools(part.cell, count, chance(part, 7, index))
        yield rows(part, part.error(output), pools=count)
