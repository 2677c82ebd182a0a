"""What has been measured in cells, one limit at a time and all at once, and what repairs do.

A limit is a published range (decay and rise of calcium, share of synapses covered) or a fact
about neurons (no rate is negative). Rows: seed, head, circuit, limits (``ONE``, ``ALL``, ``NONE``
and ``REPAIRS`` name them) and error, relative to the transformer's output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import imperfections
from brainbook.models.astrocyte.cell import Cell
from brainbook.models.astrocyte.dynamics import lag, token_weights
from brainbook.models.attention.softmax import relative_error

from .circuits import AMONG, LATERAL, Part, Passage, rows
from .timing import span

ALONE = "no limit"
ONE = (ALONE, "no negative rates", "leak", "late divisor", "coverage")
ALL = ("all, process at its best", "all, process at its worst", "all, cell body at its best")
NONE = "the same, no astrocyte"
REPAIRS = ("all but the leak", "two cells a unit", "only covered units", "only these, no leak")
GROUPS = (ONE, (ALL[0], NONE, *ALL[1:]), REPAIRS)  # in the order of the figure


def scenes(cells: pd.Series) -> dict[str, tuple[float, float]]:
    """Decay and rise in seconds of each of ``ALL``; at best decay is slow and rise fast."""
    ends = {
        where: (span(cells, f"{where}_decay"), span(cells, f"{where}_rise"))
        for where in ("process", "soma")
    }
    (decay, rise), (slow, late) = ends["process"], ends["soma"]
    return dict(
        zip(ALL, ((decay[1], rise[0]), (decay[0], rise[1]), (slow[1], late[0])), strict=True)
    )


def disturbed(
    cell: Cell,
    value: Tensor,
    exact: Tensor,
    weight: Tensor | None = None,
    late: Tensor | None = None,
    covered: Tensor | None = None,
    share: float = 1.0,
) -> Tensor:
    """Output, (heads, N, d_value), under the limits that are given.

    Parameters
    ----------
    value, exact : (heads, N, d_value).
    weight : of each token in g and H alike, (N,).
    late : what of each query's p_t has arrived, (N, N), of :func:`lag`.
    covered : contacts with an astrocyte, (heads, d_value, m): g is sensed there, and there the
        astrocyte divides; the other synapses are divided by the best constant.
    share : of contacts that are covered on average.
    """
    if weight is not None:
        cell = cell.leaking(value, weight)
    factor = 1.0 if covered is None else imperfections.sensed_contacts(covered, share)
    divisor = cell.divisor(factor) if late is None else cell.late_divisor(late, factor)
    if covered is None:
        return cell.drive / divisor
    return imperfections.undivided(cell, covered, exact, divisor)


def at_once(part: Part, interval: float, cells: pd.Series) -> Iterator[pd.DataFrame]:
    """One finite circuit under each of ``ONE``, ``ALL``, ``NONE`` and ``REPAIRS``.

    ``AMONG`` is the lateral circuit's repair, and only yields that.
    """
    value, exact, tokens = part.value, part.exact, part.value.shape[-2]
    share = cells["covered_share"]
    chance = seeded(84, part.seed, part.layer)
    under = {
        "covered": imperfections.covered_contacts(part.cell, share, chance),
        "share": share,
    }
    times = {
        name: (token_weights(tokens, interval, decay), lag(tokens, interval, rise))
        for name, (decay, rise) in scenes(cells).items()
    }
    weight, late = times[ALL[0]]
    among = part.circuit == AMONG
    whole = part.cell
    few = whole if among else imperfections.only_covered_units(whole, share, chance)
    fired = imperfections.positive_rates(whole)
    process = {"weight": weight, "late": late}
    trials = {
        ALONE: (whole, {}),
        "no negative rates": (fired, {}),
        "leak": (whole, {"weight": weight}),
        "late divisor": (whole, {"late": late}),
        "coverage": (whole, under),
        **{
            name: (fired, under | {"weight": weight, "late": late})
            for name, (weight, late) in times.items()
        },
        "all but the leak": (fired, under | {"late": late}),
        "two cells a unit": (whole, under | process),
    }
    if among:
        trials = {}
    if part.circuit != LATERAL:
        trials["only covered units"] = (few, process)
        trials["only these, no leak"] = (few, {"late": late})
    named = replace(part, circuit=LATERAL) if among else part
    if not among:
        cell = fired.leaking(value, weight)
        output = imperfections.best_gain(cell.drive * cell.relative_scale, exact)
        yield rows(named, part.error(output), limits=NONE)
    for name, (cell, given) in trials.items():
        yield rows(named, part.error(disturbed(cell, value, exact, **given)), limits=name)


def ideal_at_once(passage: Passage, interval: float, cells: pd.Series) -> Iterator[pd.DataFrame]:
    """The same for infinitely many hidden units, whose rates are positive."""
    value, exact, tokens = passage.problem.value, passage.exact[0], passage.problem.value.shape[-2]
    share = cells["covered_share"]

    def output(decay: float | None, rise: float, cover: float) -> Tensor:
        weight = None if decay is None else token_weights(tokens, interval, decay)
        ideal = passage.kernel.read(value, weight, weight)
        p = (ideal.log_p - ideal.log_p.amax(-1, keepdim=True)).exp().unsqueeze(-1).double()
        drive = ideal.output * p
        divided = drive / (lag(tokens, interval, rise) @ p)
        return cover * divided + (1 - cover) * imperfections.best_gain(drive, exact)

    (decay, rise), *_ = times = tuple(scenes(cells).values())
    settings = {ALONE: (None, 0, 1), "no negative rates": (None, 0, 1), "leak": (decay, 0, 1)}
    settings |= {"late divisor": (None, rise, 1), "coverage": (None, 0, share)}
    settings |= {name: (*time, share) for name, time in zip(ALL, times, strict=True)}
    settings[NONE] = (decay, 0, 0)
    after = ((None, rise, share), (decay, rise, share), (decay, rise, 1), (None, rise, 1))
    settings |= dict(zip(REPAIRS, after, strict=True))
    for name, setting in settings.items():
        error = relative_error(output(*setting).to(exact), exact)
        yield rows(passage, {"error": error}, limits=name)
