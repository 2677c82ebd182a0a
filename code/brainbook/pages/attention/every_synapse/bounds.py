"""What no circuit can beat, and what each should: bounds and guesses on the same heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.baselines import lookup_errors
from brainbook.models.astrocyte.divided import read_divided
from brainbook.models.attention.softmax import Problem, relative_error, stacked
from brainbook.models.features.landmarks import Landmarks, Tuning, means

from .circuits import LEAK, tuned_units

OWN = "landmarks from the text itself"
LOW_RANK = "best map of that rank"


def bound_errors(
    units: Sequence[int], known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """Two bounds and three guesses for one layer: bound, units, document, head, error.

    landmarks from the text itself : units whose landmarks are means of the test text's queries;
        a circuit could not know them beforehand.
    best map of that rank : the attention weights with all but their largest singular values
        set to zero; neither positive nor made of exponentials.
    best constant, calibration mean, nearest queries : as in
        :func:`brainbook.models.astrocyte.baselines.lookup_errors`; units are 0.
    """
    rows = []
    for size in units:
        tuned = tuned_units(known, size, draw=draw)
        for name, problem in documents.items():
            exact, _ = problem.exact()
            own = Landmarks(_moved_to(tuned.tuning, problem.query, size), LEAK)
            found = {OWN: read_divided(own, [problem])[0], LOW_RANK: best_map(problem, size)}
            for bound, output in found.items():
                errors = relative_error(output, exact).tolist()
                rows += [(bound, size, name, head, error) for head, error in enumerate(errors)]
    for guess, errors in lookup_errors(stacked(documents.values()), known).items():
        for name, of_heads in zip(documents, errors.tolist(), strict=True):
            rows += [(guess, 0, name, head, error) for head, error in enumerate(of_heads)]
    return pd.DataFrame(rows, columns=["bound", "units", "document", "head", "error"])


def _moved_to(tuning: Tuning, query: Tensor, units: int) -> Tuning:
    """The same units with landmarks from these queries, (heads, N, d)."""
    state = int(torch.randint(2**31, (), generator=seeded(93, units)))
    landmark = torch.stack([means(head, units, state) for head in query])
    return Tuning(landmark, tuning.log_scale, tuning.centre, tuning.metric)


def best_map(problem: Problem, rank: int) -> Tensor:
    """Output (heads, N, d_value) of the attention weights' best approximation of ``rank``."""
    weight = (problem.query @ problem.key.mT).softmax(-1).double()
    left, values, right = torch.linalg.svd(weight)
    kept = left[..., :rank] * values[..., None, :rank]
    return (kept @ (right[..., :rank, :] @ problem.value.double())).to(problem.value.dtype)
