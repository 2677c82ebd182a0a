"""What makes a head hard to imitate: norms, sharpness, rank, and how far its queries reach.

Three kinds of quantity. Some come from the passage under test alone: length of queries and keys,
entropy of the attention rows, rank of the attention matrix. Some come from calibration text
alone: how many independent functions of a key the head's queries ask for. Some need both: the
share of a test query that no mixture of the tuned units reaches, and what error follows.

Attention heads are (..., N, d), queries and keys divided by d^(1/4); all is computed in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import store
from brainbook.models.astrocyte.tuned import KINDS, fitted, read
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import Problem, check, relative_error
from brainbook.models.features.landmarks import SAMPLE, Landmarks, key_metric, unexplained
from brainbook.models.features.variance import mean_log_scatter

ERROR = 0.1  # relative output error that the ranks below are asked to reach
PLACE = ["layer", "head"]


@store.kept
def measure_heads(
    calibration: Sequence[Passage], documents: Mapping[int, Passage], units: int, draw: int = 0
) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_difficulty: errors of all heads beside predicted ones.

    Parameters
    ----------
    calibration : passages to fit to.
    documents : test passages, by number.
    units : tuned hidden units a head.
    draw : draws the units; one fit a head reads all documents.

    Columns
    -------
    error : relative error of the head's output.
    unreached : share of a query that the units leave over, mean over queries.
    predicted : :func:`predicted_error`.
    head, document, layer : from 0.
    """
    frames = []
    for layer in range(LAYERS):
        features = fitted(KINDS[0], layer, units, draw, problem_on(calibration))
        for document, passage in documents.items():
            frame = measured_and_predicted(features, heads_on(passage).problem[layer])
            frames.append(frame.assign(document=document, layer=layer))
    return pd.concat(frames, ignore_index=True)


def measured_and_predicted(features: Landmarks, problem: Problem) -> pd.DataFrame:
    """Columns error, unreached, predicted, head: a row a head of (heads, N, d)."""
    exact, _ = problem.exact()
    share = unexplained(features, problem.query)  # (heads, N)
    columns = {
        "error": relative_error(read(features, *problem.tensors).output, exact),
        "unreached": share.mean(-1),
        "predicted": predicted_error(share, *problem.tensors),
    }
    frame = pd.DataFrame({name: x.double().numpy() for name, x in columns.items()})
    return frame.assign(head=range(len(frame)))


@store.kept
def measure_difficulty(
    calibration: Sequence[Passage], documents: Mapping[int, Passage]
) -> pd.DataFrame:
    """Page attention/hard_heads, figures draw_difficulty, draw_rank_bounds: what heads are like.

    Parameters
    ----------
    calibration, documents : as in :func:`measure_heads`.

    Columns
    -------
    layer, head, document : from 0.
    scatter, query_norm, key_norm : :func:`norms`, of the test document.
    perplexity : :func:`perplexity`, of the test document.
    stable_rank, entropy_rank, truncated_rank, output_rank : :func:`ranks`, of the test document.
    reach, dimension, log10_functions : :func:`query_dimensions`, of the calibration text.
    """
    known = problem_on(calibration)
    spectra = [_calibration_spectrum(known[:, layer]) for layer in range(LAYERS)]
    asked = query_dimensions(torch.stack(spectra))  # (layers, heads) each
    frames = []
    for document, passage in documents.items():
        query, key, value = heads_on(passage).problem.tensors  # (layers, heads, N, d)
        quantities = {
            **norms(query, key),
            "perplexity": perplexity(query, key),
            **ranks(query, key, value),
            **asked,
        }
        frames.append(_one_row_a_head(quantities).assign(document=document))
    return pd.concat(frames, ignore_index=True)


def _one_row_a_head(quantities: dict[str, Tensor]) -> pd.DataFrame:
    """Columns layer, head and one a quantity, from tensors (layers, heads)."""
    layer, head = np.indices(next(iter(quantities.values())).shape)
    columns = {name: values.double().numpy().ravel() for name, values in quantities.items()}
    return pd.DataFrame({"layer": layer.ravel(), "head": head.ravel()} | columns)


def norms(query: Tensor, key: Tensor) -> dict[str, Tensor]:
    """scatter: mean of R = |q + k|^2 over pairs; query_norm, key_norm: mean lengths. (...)"""
    check(query, key)
    query, key = query.double(), key.double()
    return {
        "scatter": mean_log_scatter(query, key),
        "query_norm": query.norm(dim=-1).mean(-1),
        "key_norm": key.norm(dim=-1).mean(-1),
    }


def perplexity(query: Tensor, key: Tensor) -> Tensor:
    """Keys attended to, (...): exp(entropy) of a row of attention, mean over rows."""
    check(query, key)
    weights = (query.double() @ key.double().mT).softmax(-1)  # (..., N, N)
    return torch.special.entr(weights).sum(-1).exp().mean(-1)


def ranks(query: Tensor, key: Tensor, value: Tensor, error: float = ERROR) -> dict[str, Tensor]:
    """How many dimensions the attention matrix A and the output A V have, (...) each.

    stable_rank : |A|_F^2 / |A|_2^2.
    entropy_rank : exp(entropy) of the singular values divided by their sum, the effective rank
        of Roy & Vetterli (2007).
    truncated_rank : smallest r for which A cut to its r largest singular values gives the
        output with a relative error of ``error``: the best matrix of rank r for values that
        are not known, tried on those that are.
    output_rank : smallest r for which any matrix of rank r, however it was found, can do so
        (Eckart-Young on A V). m hidden units make a matrix of rank m or less, so no circuit
        with fewer units has that error on this passage. At most d_value.

    Raises
    ------
    ValueError : shapes that do not fit, or ``error`` not between 0 and 1.
    """
    check(query, key, value)
    if not 0 < error < 1:
        raise ValueError(f"error: got {error}; must lie between 0 and 1")
    weights = (query.double() @ key.double().mT).softmax(-1)  # A, (..., N, N)
    value = value.double()
    # squares of A's singular values, ascending, and its right singular vectors
    squares, right = torch.linalg.eigh(weights.mT @ weights)
    squares = squares.clamp_min(0)  # (..., N)
    passed_on = squares * (right.mT @ value).square().sum(-1)  # what each adds to |A V|^2
    return {
        "stable_rank": squares.sum(-1) / squares[..., -1],
        "entropy_rank": _exp_entropy(squares.sqrt()),
        "truncated_rank": _dimensions(passed_on, error),
        "output_rank": _dimensions(torch.linalg.svdvals(weights @ value).flip(-1) ** 2, error),
    }


def _exp_entropy(amounts: Tensor) -> Tensor:
    """exp(entropy) of amounts (..., n) divided by their sum."""
    return torch.special.entr(amounts / amounts.sum(-1, keepdim=True)).sum(-1).exp()


def _dimensions(squares: Tensor, error: float) -> Tensor:
    """How many entries the best cut keeps, for squares (..., n) in the order of their cutting.

    The sum of what is cut, from the first entry on, is at most error^2 of the whole. (...)
    """
    cut = squares.cumsum(-1)  # the loss where entries up to here are cut
    return (cut > error**2 * cut[..., -1:]).sum(-1)


def _calibration_spectrum(known: Problem) -> Tensor:
    """:func:`query_spectrum`, (heads, d), of (passages, heads, N, d) in the metric of the keys."""
    some = known[:: max(1, len(known.key) // SAMPLE)]
    seen = known.query.transpose(0, 1).flatten(1, 2)  # (heads, passages x N, d)
    return query_spectrum(seen, key_metric(some.query, some.key))


def query_spectrum(query: Tensor, metric: Tensor) -> Tensor:
    """Eigenvalues of S^(1/2) C S^(1/2), descending, (..., d); C the covariance of ``query``.

    query : (..., n, d). metric : S, (..., d, d), of :mod:`brainbook.models.features.landmarks`.
    """
    apart = query.double() - query.double().mean(-2, keepdim=True)
    covariance = apart.mT @ apart / apart.shape[-2]  # (..., d, d)
    values, vectors = torch.linalg.eigh(metric.double())
    root = vectors * values.clamp_min(0).sqrt().unsqueeze(-2)
    return torch.linalg.eigvalsh(root.mT @ covariance @ root).clamp_min(0).flip(-1)


def query_dimensions(spectrum: Tensor) -> dict[str, Tensor]:
    """How far the queries of a head reach, from :func:`query_spectrum` l_i, (..., d) -> (...).

    reach : sum of l_i, the mean square distance of a query from the mean, in tuning widths.
    dimension : (sum l_i)^2 / sum l_i^2, directions in which queries differ.
    log10_functions : log10 of the effective number of functions exp(q.k) that they ask for.

    The last is exp(entropy) of the spectrum of the kernel exp(-|x - y|^2/2) for Gaussian x with
    variances l_i. In one dimension its eigenvalues are (1 - B) B^n, n = 0, 1, 2, ..., with
    B = b/(a + b + c), a = 1/(4 l), b = 1/2, c = sqrt(a^2 + 2 a b) (Rasmussen & Williams 2006,
    chapter 4). In d dimensions they are all products of those, so entropies add up.
    """
    a, b = 1 / (4 * spectrum.clamp_min(1e-12)), 0.5
    ratio = b / (a + b + (a.square() + 2 * a * b).sqrt())  # B
    # entropy of (1 - B) B^n, n = 0, 1, ...
    entropy = -(1 - ratio).log() - ratio / (1 - ratio) * ratio.log()  # (..., d)
    return {
        "reach": spectrum.sum(-1),
        "dimension": spectrum.sum(-1).square() / spectrum.square().sum(-1),
        "log10_functions": entropy.sum(-1) / np.log(10),
    }


def predicted_error(share: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Relative output error, (...), if every weight of a query errs by ``share``, (..., N).

    Model: the circuit's exp(q_t.k_s) has relative errors of mean square share_t, independent
    between keys. To first order the output o_t then errs by the weighted sum of v_s - o_t, so
    that the mean square is share_t sum_s a_ts^2 |v_s - o_t|^2, a the attention weights.
    """
    check(query, key, value)
    query, key, value = query.double(), key.double(), value.double()
    weights = (query @ key.mT).softmax(-1)  # a, (..., N, N)
    output, squares = weights @ value, weights.square()
    # sum_s a_ts^2 |v_s - o_t|^2, multiplied out: (..., N)
    own = (squares @ value.square().sum(-1, keepdim=True)).squeeze(-1)
    cross = ((squares @ value) * output).sum(-1)
    apart = own - 2 * cross + squares.sum(-1) * output.square().sum(-1)
    return ((share * apart).sum(-1) / output.square().sum((-2, -1))).sqrt()
