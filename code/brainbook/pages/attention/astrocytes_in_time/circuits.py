"""Which circuits the page puts through a cell's limits, and the heads that they are read on.

MiniLM on held-out documents, one document a seed. A ``Passage`` holds the heads and the circuit
with infinitely many hidden units; a ``Part`` is one layer's heads with one finite circuit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.cell import Cell, written
from brainbook.models.astrocyte.dynamics import Kernel
from brainbook.models.astrocyte.tuned import fitted
from brainbook.models.attention.minilm_heads import D_HEAD, HEADS, LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage as Document
from brainbook.models.attention.softmax import Problem, relative_error
from brainbook.models.features.landmarks import Gated, Landmarks, Tuned, Tuning
from brainbook.models.features.maps import FeatureMap, HiddenUnits, Positive

EXACT, RANDOM, LATERAL, GATED = "exact kernel", "published random", "tuned, lateral", "tuned, gated"
FINITE = (RANDOM, LATERAL, GATED)
AMONG = "tuned, lateral, among covered units"


@dataclass(frozen=True)
class Passage:
    """72 heads on one document, and the weights that infinitely many hidden units put on tokens.

    problem : (72, N, d_head). kernel : (72, N, N).
    """

    seed: int
    problem: Problem
    kernel: Kernel

    circuit = EXACT

    @property
    def exact(self) -> tuple[Tensor, Tensor]:
        return self.problem.exact()

    @property
    def heads(self) -> range:
        return range(len(self.problem.query))


@dataclass(frozen=True)
class Part:
    """One layer's heads on one document with one finite circuit.

    value : (heads, N, d_value). exact : the transformer's output, the same shape.
    """

    seed: int
    layer: int
    circuit: str
    cell: Cell
    value: Tensor
    exact: Tensor

    @property
    def heads(self) -> range:
        return range(self.layer * HEADS, (self.layer + 1) * HEADS)

    def error(self, output: Tensor) -> dict[str, Tensor]:
        """Column error, (heads,): relative to the transformer's output."""
        return {"error": relative_error(output.to(self.exact), self.exact)}


class Bare(FeatureMap):
    """A tuned map without its read-out of the usual log normaliser.

    That read-out multiplies drive and trace alike and cancels in the output. What is left is the
    astrocyte's own rho . g, which is what a cell would have to hold and to follow in time.
    """

    unbiased = False

    def __init__(self, base: Tuned) -> None:
        self.base, self.name = base, base.name

    @property
    def units(self) -> HiddenUnits:
        return self.base.units

    def write(self, key: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        return self.base.write(key, units)

    def read(self, query: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        amplitude, exponent = self.base.read(query, units)
        if amplitude is None:  # gated: exp of the exponents is in proportion to shares of 1
            return None, exponent.log_softmax(-1)
        return amplitude, torch.zeros_like(exponent)


def passage(document: Document, seed: int) -> Passage:
    """All heads on a document."""
    problem = heads_on(document).problem.flatten(0, 1)  # (72, N, d_head)
    return Passage(seed, problem, Kernel.of_scores(problem.query @ problem.key.mT))


def maps(layer: int, units: int, calibration: Problem, share: float) -> dict[str, Tuned]:
    """A layer's tuned maps, fitted on calibration text: ``LATERAL``, ``GATED`` and ``AMONG``.

    ``AMONG`` keeps a random ``share`` of the landmarks, and its lateral network knows which.
    """
    lateral = fitted(Landmarks.name, layer, units, 0, calibration)
    taking_part = torch.rand(units, generator=seeded(80, layer)) < share
    tuning = lateral.tuning
    few = Tuning(
        tuning.landmark[:, taking_part],
        tuning.log_scale[:, taking_part],
        tuning.centre,
        tuning.metric,
    )
    return {
        LATERAL: lateral,
        GATED: fitted(Gated.name, layer, units, 0, calibration),
        AMONG: Landmarks(few, lateral.ridge, torch.float32),
    }


def parts(
    documents: Mapping[int, Document], calibration: Sequence[Document], units: int, share: float
) -> Iterator[Part]:
    """Every layer, document and finite circuit.

    Tuned units are fitted once a layer and read all documents; random ones are drawn anew a seed.

    Parameters
    ----------
    documents : held-out passages by seed.
    calibration : passages to fit to.
    units : hidden units a head.
    share : of them that ``AMONG`` holds.
    """
    known = problem_on(calibration)
    for layer in range(LAYERS):
        tuned = {name: Bare(one) for name, one in maps(layer, units, known, share).items()}
        for seed, document in documents.items():
            problem = heads_on(document).problem[layer]
            drawn = Positive().draw(units, D_HEAD, seeded(82, seed, layer), (HEADS,))
            circuits = {RANDOM: (Positive(), drawn)}
            circuits |= {name: (one, one.units) for name, one in tuned.items()}
            exact, _ = problem.exact()
            for name, (feature_map, own) in circuits.items():
                cell = written(*problem.tensors, feature_map, own)
                yield Part(seed, layer, name, cell, problem.value, exact)


def rows(given: Part | Passage, measured: Mapping[str, Tensor], **setting) -> pd.DataFrame:
    """A row a head: seed, head, circuit, what ``setting`` names, and columns (heads,)."""
    columns = {name: values.double().numpy() for name, values in measured.items()}
    where = {"seed": given.seed, "head": given.heads, "circuit": given.circuit}
    return pd.DataFrame(where | setting | columns)


def by_document(table: pd.DataFrame, **where) -> pd.Series:
    """Error of the median head by seed, in the rows whose columns have these values.

    Raises
    ------
    ValueError : there are no such rows.
    """
    for column, value in where.items():
        table = table[table[column] == value]
    if table.empty:
        raise ValueError(f"where: got {where}; the table has no such rows")
    return table.groupby("seed")["error"].median()
