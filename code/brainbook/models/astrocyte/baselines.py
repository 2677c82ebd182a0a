"""What a head's output costs to guess without attending: means, and a look at similar queries.

None of them reads a key of the text under test, so a circuit that errs as much has learned what
the head says on average, not what it does. Relative error of the output, as elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import store
from brainbook.models.attention.minilm_heads import HEADS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import Problem, check, relative_error, stacked

NEIGHBOURS = 16  # calibration queries whose outputs are averaged
CONSTANT, MEAN, NEAREST = "best constant", "calibration mean", f"{NEIGHBOURS} nearest queries"


def mean_output(calibration: Problem) -> Tensor:
    """Mean output of each head, (heads, d_value), over all queries of (passages, heads, N, d)."""
    check(*calibration.tensors)
    by_passage = [problem.exact()[0].mean(-2) for problem in _passages(calibration)]
    return torch.stack(by_passage).mean(0)


def lookup_errors(problem: Problem, calibration: Problem) -> dict[str, Tensor]:
    """Relative output errors, (documents, heads), of three guesses that read no test key.

    best constant : one vector for all tokens, the passage's own mean output: the best there is,
        known only in hindsight.
    calibration mean : :func:`mean_output`.
    16 nearest queries : mean output of the calibration queries nearest to each query (Euclid).

    Parameters
    ----------
    problem : heads on test documents, (documents, heads, N, d).
    calibration : the same heads on other text, (passages, heads, N, d).

    Raises
    ------
    ValueError : another number of dimensions or of heads; fewer calibration queries than
        ``NEIGHBOURS``.
    """
    check(*problem.tensors)
    shape, known = problem.query.shape, calibration.query.shape
    if len(shape) != 4 or len(known) != 4 or shape[1] != known[1]:
        raise ValueError(
            f"problem, calibration: got {tuple(shape)} and {tuple(known)}; must be (documents, "
            "heads, N, d) and (passages, heads, N, d)"
        )
    if known[0] * known[2] < NEIGHBOURS:
        raise ValueError(
            f"calibration: got {known[0] * known[2]} queries; needed are at least {NEIGHBOURS}"
        )
    exact, _ = problem.exact()  # (documents, heads, N, d_value)
    seen = torch.stack([one.exact()[0] for one in _passages(calibration)])
    constants = {CONSTANT: exact.mean(-2, keepdim=True), MEAN: seen.mean((0, 2)).unsqueeze(-2)}
    guesses = {name: guess.expand_as(exact) for name, guess in constants.items()}
    guesses[NEAREST] = torch.stack(
        [
            _nearest(problem.query[:, head], calibration.query[:, head], seen[:, head])
            for head in range(shape[1])
        ],
        dim=1,
    )
    return {name: relative_error(guess, exact) for name, guess in guesses.items()}


def _passages(calibration: Problem) -> list[Problem]:
    """One at a time: all scores at once would be large."""
    return [calibration[number] for number in range(len(calibration.query))]


def _nearest(query: Tensor, known: Tensor, output: Tensor) -> Tensor:
    """Mean of ``output`` (passages, N, d_value) over the nearest of ``known`` (passages, N, d).

    For one head's queries (documents, N, d): (documents, N, d_value).
    """
    apart = torch.cdist(query.flatten(0, 1), known.flatten(0, 1))  # (documents x N, passages x N)
    nearest = apart.topk(NEIGHBOURS, largest=False).indices
    return output.flatten(0, 1)[nearest].mean(1).unflatten(0, query.shape[:2])


@store.kept
def minilm_lookups(
    documents: Mapping[int, Passage], calibration: Sequence[Passage]
) -> pd.DataFrame:
    """:func:`lookup_errors` of all heads of MiniLM: baseline, seed, layer, head, error.

    Parameters
    ----------
    documents : held-out passages, by seed.
    calibration : passages that the guesses know.
    """
    problem = stacked(heads_on(ids).problem.flatten(0, 1) for ids in documents.values())
    known = problem_on(calibration).flatten(1, 2)  # (passages, layers x heads, N, d)
    frames = []
    for baseline, errors in lookup_errors(problem, known).items():
        number, head = np.indices(errors.shape).reshape(2, -1)
        place = {"seed": np.array([*documents])[number], "layer": head // HEADS}
        place |= {"head": head % HEADS, "error": errors.flatten().double().numpy()}
        frames.append(pd.DataFrame(place).assign(baseline=baseline))
    columns = ["baseline", "seed", "layer", "head", "error"]
    return pd.concat(frames, ignore_index=True)[columns]
