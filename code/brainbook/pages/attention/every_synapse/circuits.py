"""The circuits that are compared with every synapse counted, on one layer of heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import synapses
from brainbook.models.astrocyte.divided import (
    answers,
    mixed,
    read_divided,
    rectified,
    through_interneurons,
)
from brainbook.models.astrocyte.synapses import Wiring
from brainbook.models.astrocyte.tuned import gated, read_each
from brainbook.models.attention.minilm_heads import D_HEAD, HEADS
from brainbook.models.attention.softmax import Problem, relative_error
from brainbook.models.features.landmarks import Landmarks, Tuning, means, tune, usual_metric

RANDOM = "published: random units"
GATED = "tuned, chosen softly"
RECTIFIED = "tuned, inhibited, one cell a unit"
POOL = "tuned, inhibited, divided once"
EACH = "tuned, inhibited, divided at each unit"
MEMBRANE = "divided at each unit, two cells share a membrane"
UNSUMMED = "divided at each unit, not by the sum"
BASELINE = "divided at each unit, around a baseline"
INTERNEURONS = "divided at each unit, few interneurons"
SHARED = "divided at each unit, one network a layer"

SHARE = 0.25  # interneurons a unit
WIRING = {
    RANDOM: Wiring(synapses.positive, cells=1),
    GATED: Wiring(synapses.positive, cells=1),
    RECTIFIED: Wiring(synapses.inhibited, cells=1),
    POOL: Wiring(synapses.paired, cells=2),
    EACH: Wiring(synapses.paired, cells=2),
    UNSUMMED: Wiring(synapses.paired, cells=2),
    MEMBRANE: Wiring(synapses.one_membrane, cells=2),
    BASELINE: Wiring(synapses.around_baseline, cells=2),
    INTERNEURONS: Wiring(partial(synapses.through_interneurons, share=SHARE), 2),
    SHARED: Wiring(partial(synapses.shared, heads=HEADS), cells=2),
}
LEAK = 0.001
EVERY = 12  # of a passage's queries, where a circuit is slow to settle
HALF = 2  # and where all heads are read
COLUMNS = ["circuit", "units", "document", "head", "error"]

Outputs = Iterator[tuple[str, str, Tensor, Tensor]]  # circuit, document, output, exact


def _frame(units: int, found: Outputs) -> pd.DataFrame:
    """A row a circuit, document and head (``COLUMNS``), from outputs (heads, N, d_value)."""
    rows = [
        (circuit, units, document, head, error)
        for circuit, document, output, exact in found
        for head, error in enumerate(relative_error(output, exact).tolist())
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def tuning(known: Problem, units: int, *, draw: int, metric: Tensor | None = None) -> Tuning:
    """Landmarks of one layer's heads, from calibration text (passages, heads, N, d).

    ``metric`` : S, where it is known already.
    """
    return tune(known.query, known.key, units, seeded(91, units, draw), metric=metric)


def settling(known: Tuning, leak: float = LEAK, scale: float = 1.0) -> Landmarks:
    """Units with these landmarks, a leak, and a factor of S; float64 where the leak asks for it."""
    dtype = torch.float32 if leak >= LEAK else torch.float64
    return Landmarks(replace(known, metric=scale * known.metric), leak, dtype)


def tuned_units(known: Problem, units: int, leak: float = LEAK, *, draw: int) -> Landmarks:
    """:func:`settling` with :func:`tuning`."""
    return settling(tuning(known, units, draw=draw), leak)


def errors_of(
    tuned: Landmarks, documents: Mapping[str, Problem], circuit: str, every: int = 1
) -> pd.DataFrame:
    """Divided at each unit, rates of either sign; ``COLUMNS``.

    ``circuit`` names the rows: how rates of either sign come about makes no difference here.
    ``every`` so many-th query is asked.
    """
    found = read_divided(tuned, list(documents.values()), every)

    def outputs() -> Outputs:
        for (name, problem), output in zip(documents.items(), found, strict=True):
            yield circuit, name, output, problem.exact()[0][..., ::every, :]

    return _frame(tuned.tuning.landmark.shape[-2], outputs())


def divided_errors(
    units: int,
    known: Problem,
    documents: Mapping[str, Problem],
    draw: int,
    circuit: str = EACH,
) -> pd.DataFrame:
    """:func:`errors_of` for one layer's heads.

    Parameters
    ----------
    units : of a head.
    known : heads on calibration text, (passages, heads, N, d).
    documents : heads on test text, (heads, N, d), by name.
    draw : of the landmarks.
    circuit : as in :func:`errors_of`.
    """
    return errors_of(tuned_units(known, units, draw=draw), documents, circuit)


def pooled_errors(
    units: int, known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """The same units and rates, divided once by the pooled trace; as :func:`divided_errors`."""
    found = read_each(tuned_units(known, units, draw=draw), list(documents.values()))

    def outputs() -> Outputs:
        for (name, problem), readout in zip(documents.items(), found, strict=True):
            yield POOL, name, readout.output, problem.exact()[0]

    return _frame(units, outputs())


def unsummed_errors(
    units: int, known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """Divided at each unit, and not by the sum of rates; as :func:`divided_errors`."""
    tuned = tuned_units(known, units, draw=draw)

    def outputs() -> Outputs:
        for name, problem in documents.items():
            stored = answers(tuned.tuning.landmark, problem.key, problem.value)
            output = mixed(tuned.rates(problem.query), stored, summed=False)
            yield UNSUMMED, name, output, problem.exact()[0]

    return _frame(units, outputs())


def gated_errors(
    units: int, known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """Units that a query chooses softly, without lateral synapses; as :func:`divided_errors`."""
    features = gated(*known.tensors, units, seeded(92, units, draw))
    found = read_each(features, list(documents.values()))

    def outputs() -> Outputs:
        for (name, problem), readout in zip(documents.items(), found, strict=True):
            yield GATED, name, readout.output, problem.exact()[0]

    return _frame(units, outputs())


def rectified_errors(
    units: int, known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """One cell a unit, divided at each unit, every twelfth query; as :func:`divided_errors`."""
    settle = partial(rectified, ridge=LEAK)
    return _settled_errors(RECTIFIED, settle, units, known, documents, draw, EVERY)


def interneuron_errors(
    units: int, known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """Inhibition through a quarter as many interneurons; as :func:`divided_errors`."""
    settle = partial(through_interneurons, ridge=LEAK, rank=max(1, round(SHARE * units)))
    return _settled_errors(INTERNEURONS, settle, units, known, documents, draw, EVERY)


def _settled_errors(
    circuit: str,
    settle: Callable[[Tensor, Tensor], Tensor],
    units: int,
    known: Problem,
    documents: Mapping[str, Problem],
    draw: int,
    every: int,
) -> pd.DataFrame:
    """Rates from ``settle``, (K, kappa) -> rho, a head at a time; divided at each unit."""
    tuned = tuned_units(known, units, draw=draw)
    asked = {name: problem.query[..., ::every, :] for name, problem in documents.items()}
    drive = torch.cat([tuned.tuning_curves(query) for query in asked.values()], 1)
    pairs = zip(tuned.overlap.float(), drive.float(), strict=True)
    rates = torch.stack([settle(overlap, one) for overlap, one in pairs])  # (heads, all, m)

    def outputs() -> Outputs:
        parts = rates.split([query.shape[-2] for query in asked.values()], 1)
        for (name, problem), part in zip(documents.items(), parts, strict=True):
            stored = answers(tuned.tuning.landmark, problem.key, problem.value)
            yield circuit, name, mixed(part, stored), problem.exact()[0][..., ::every, :]

    return _frame(units, outputs())


def shared_errors(
    units: int, known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """One reading network for all heads of a layer; as :func:`divided_errors`.

    A landmark is a token's queries in all heads. S is the mean of the heads' own, so that a
    unit is tuned to all of them; narrower tuning errs more.
    """
    query = known.query.transpose(0, 1).flatten(1, 2)  # (heads, passages x N, d)
    heads = len(query)
    centre = query.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh(usual_metric(known.query, known.key) / heads)
    root = vectors * values.clamp_min(0).sqrt().unsqueeze(-2)  # (heads, d, d)

    def moved(one: Tensor) -> Tensor:
        """(heads, n, d) -> (n, heads x d), where S of all heads is the identity."""
        return ((one - centre).double() @ root).transpose(0, 1).flatten(1)

    points = moved(query)
    place = means(points.float(), units, draw)  # (m, heads x d)
    landmark = (place.double().unflatten(1, (heads, -1)).transpose(0, 1)) @ torch.linalg.pinv(root)
    landmark = (landmark + centre).to(query.dtype)  # (heads, m, d)
    overlap = torch.exp(-torch.cdist(place, place).square() / 2)
    factor = torch.linalg.cholesky(overlap + LEAK * torch.eye(units))

    def outputs() -> Outputs:
        for name, problem in documents.items():
            apart = torch.cdist(moved(problem.query).float(), place)
            rates = torch.cholesky_solve(torch.exp(-apart.square() / 2).mT, factor).mT
            stored = answers(landmark, problem.key, problem.value)
            yield SHARED, name, mixed(rates.expand(heads, -1, -1), stored), problem.exact()[0]

    return _frame(units, outputs())


def sizes_within(circuit: str, budgets: Mapping[str, float], d: int = D_HEAD) -> dict[str, int]:
    """By budget the most units of a circuit, every synapse counted."""
    return {name: WIRING[circuit].units_within(most, d) for name, most in budgets.items()}


def with_synapses(frame: pd.DataFrame, d: int = D_HEAD) -> pd.DataFrame:
    """The frame with a column synapses: all that the circuit of that size has."""
    pairs = zip(frame["circuit"], frame["units"], strict=True)
    return frame.assign(synapses=np.array([WIRING[name].total(m, d) for name, m in pairs]))
