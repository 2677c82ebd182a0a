"""What makes a head hard to imitate: norms, sharpness, rank, and how far its queries reach.

Three kinds of quantity. Some come from the passage under test alone: length of queries and keys,
entropy of the attention rows, rank of the attention matrix. Some come from calibration text
alone: how many independent functions of a key the head's queries ask for. Some need both: the
share of a test query that no mixture of the tuned units reaches, and what error follows.

Attention heads are (..., N, d), queries and keys divided by d^(1/4); all is computed in float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import rankdata
from torch import Tensor

from brainbook.models.astrocyte.tuned import KINDS, fitted
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.attention.softmax import check
from brainbook.models.features.landmarks import SAMPLE, key_metric, unexplained
from brainbook.models.features.variance import mean_log_scatter

ERROR = 0.1  # relative output error that the ranks below are asked to reach
PLACE = ["layer", "head"]


def difficulty(documents: Sequence[int], tokens: int = 196) -> pd.DataFrame:
    """Every quantity for all heads of MiniLM, on the first passage of each test document.

    ``documents``: as in ``held_out_passages``. Columns document, layer, head,
    those of :func:`norms`, :func:`sharpness` and :func:`ranks`, from the test passage; and those
    of :func:`query_dimensions`, from calibration text, the same for every document.
    """
    known = torch.stack([_on_calibration(layer, tokens) for layer in range(LAYERS)])
    frames = []
    for document in documents:
        heads = heads_on(held_out_passages([document], tokens)[document]).problem
        measured = {
            **norms(heads.query, heads.key),
            **sharpness(heads.query, heads.key),
            **ranks(heads.query, heads.key, heads.value),
            **query_dimensions(known),
        }
        frames.append(_frame(measured).assign(document=document))
    return pd.concat(frames, ignore_index=True)


def _frame(measured: dict[str, Tensor]) -> pd.DataFrame:
    """One row a head from tensors (layers, heads)."""
    layer, head = np.indices(next(iter(measured.values())).shape)
    columns = {name: values.double().numpy().ravel() for name, values in measured.items()}
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


def sharpness(query: Tensor, key: Tensor) -> dict[str, Tensor]:
    """perplexity: exp(entropy) of a row of attention, mean over rows; share: of N. (...)"""
    check(query, key)
    weights = (query.double() @ key.double().mT).softmax(-1)
    perplexity = torch.special.entr(weights).sum(-1).exp().mean(-1)
    return {"perplexity": perplexity, "share": perplexity / key.shape[-2]}


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
    weights = (query.double() @ key.double().mT).softmax(-1)
    value = value.double()
    squares, right = torch.linalg.eigh(weights.mT @ weights)
    squares = squares.clamp_min(0)  # of the singular values, ascending
    singular = squares.sqrt()
    passed_on = squares * (right.mT @ value).square().sum(-1)
    return {
        "stable_rank": squares.sum(-1) / squares[..., -1],
        "entropy_rank": _exp_entropy(singular),
        "truncated_rank": _dimensions(passed_on, error),
        "output_rank": _dimensions(torch.linalg.svdvals(weights @ value).flip(-1) ** 2, error),
    }


def _exp_entropy(amounts: Tensor) -> Tensor:
    """exp(entropy) of amounts (..., n) divided by their sum."""
    return torch.special.entr(amounts / amounts.sum(-1, keepdim=True)).sum(-1).exp()


def _dimensions(squares: Tensor, error: float) -> Tensor:
    """How many of the last ``squares`` to keep, so that the rest is at most error^2 of the sum."""
    left_out = squares.cumsum(-1)  # what is lost where the entries up to here are cut
    return (left_out > error**2 * left_out[..., -1:]).sum(-1)


def _on_calibration(layer: int, tokens: int) -> Tensor:
    """Spectrum of calibration queries in the metric of the keys, (heads, d)."""
    query, key, _ = problem_on(calibration_passages(tokens))[:, layer].tensors
    some = slice(None, None, max(1, len(key) // SAMPLE))
    seen = query.transpose(0, 1).flatten(1, 2)
    return query_spectrum(seen, key_metric(query[some], key[some]))


def query_spectrum(query: Tensor, metric: Tensor) -> Tensor:
    """Eigenvalues of S^(1/2) C S^(1/2), descending, (..., d); C the covariance of ``query``.

    query : (..., n, d). metric : S, (..., d, d), of :mod:`brainbook.models.features.landmarks`.
    """
    apart = query.double() - query.double().mean(-2, keepdim=True)
    covariance = apart.mT @ apart / apart.shape[-2]
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
    ratio = b / (a + b + (a.square() + 2 * a * b).sqrt())
    entropy = -(1 - ratio).log() - ratio / (1 - ratio) * ratio.log()
    return {
        "reach": spectrum.sum(-1),
        "dimension": spectrum.sum(-1).square() / spectrum.square().sum(-1),
        "log10_functions": entropy.sum(-1) / np.log(10),
    }


def unreached(
    units: int, seed: int, documents: Sequence[int], tokens: int = 196, ridge: float = 0.001
) -> pd.DataFrame:
    """What tuned units leave of a test query, and the output error to expect from that.

    Units fitted as in ``tuned.fitted``. Columns document, layer, head, unreached (mean
    of ``unexplained`` over queries), predicted (:func:`predicted_error`).
    """
    frames = []
    for layer in range(LAYERS):
        feature_map = fitted(
            KINDS[0], layer, units, seed, problem_on(calibration_passages(tokens)), ridge
        )
        for document in documents:
            heads = heads_on(held_out_passages([document], tokens)[document]).problem
            query, key, value = heads[layer].tensors
            share = unexplained(feature_map, query)
            found = {
                "unreached": share.mean(-1).unsqueeze(0),
                "predicted": predicted_error(share, query, key, value).unsqueeze(0),
            }
            frames.append(_frame(found).assign(layer=layer, document=document))
    return pd.concat(frames, ignore_index=True)


def predicted_error(share: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Relative output error, (...), if every weight of a query errs by ``share``, (..., N).

    Model: the circuit's exp(q_t.k_s) has relative errors of mean square share_t, independent
    between keys. To first order the output o_t then errs by the weighted sum of v_s - o_t, so
    that the mean square is share_t sum_s a_ts^2 |v_s - o_t|^2, a the attention weights.
    """
    check(query, key, value)
    query, key, value = query.double(), key.double(), value.double()
    weights = (query @ key.mT).softmax(-1)
    output, squares = weights @ value, weights.square()
    own = (squares @ value.square().sum(-1, keepdim=True)).squeeze(-1)
    cross = ((squares @ value) * output).sum(-1)
    apart = own - 2 * cross + squares.sum(-1) * output.square().sum(-1)
    return ((share * apart).sum(-1) / output.square().sum((-2, -1))).sqrt()


def explain(
    errors: pd.DataFrame,
    measured: pd.DataFrame,
    draws: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank correlation of heads' errors with each quantity, the strongest first.

    errors : columns layer, head, error. measured : columns layer, head, document, and one for
    each quantity. Both may hold several rows a head, whose median counts. Columns of the result:
    quantity, rho (Spearman), low, high (percentile bootstrap over heads, ``confidence``), behind
    (how far |rho| is below that of the strongest), behind_low, behind_high (from the same
    resampled heads), heads.

    Raises
    ------
    ValueError : fewer than three heads are in both.
    """
    quantities = measured.columns.difference(["document", *PLACE], sort=False)
    both = measured.groupby(PLACE)[list(quantities)].median()
    both = both.join(errors.groupby(PLACE)["error"].median(), how="inner")
    if len(both) < 3:
        raise ValueError(f"errors, measured: got {len(both)} heads in both; needed are 3")
    generator = np.random.default_rng(seed)
    chosen = generator.integers(len(both), size=(draws, len(both)))
    chosen = np.vstack([np.arange(len(both)), chosen])  # the first row is the heads themselves
    outcome = both["error"].to_numpy()[chosen]
    rho = np.stack([rank_correlation(both[one].to_numpy()[chosen], outcome) for one in quantities])
    behind = np.abs(rho[np.nanargmax(np.abs(rho[:, 0]))]) - np.abs(rho)
    tails = np.array([1 - confidence, 1 + confidence]) / 2
    low, high = np.nanquantile(rho[:, 1:], tails, axis=1)
    behind_low, behind_high = np.nanquantile(behind[:, 1:], tails, axis=1)
    table = pd.DataFrame({"quantity": quantities, "rho": rho[:, 0], "low": low, "high": high})
    table = table.assign(behind=behind[:, 0], behind_low=behind_low, behind_high=behind_high)
    return table.assign(heads=len(both)).sort_values("behind", ignore_index=True)


def rank_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's correlation along the last axis; NaN where one of the two is constant."""
    x, y = (rankdata(z, axis=-1) for z in (x, y))
    x, y = (z - z.mean(-1, keepdims=True) for z in (x, y))
    size = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    return np.divide((x * y).sum(-1), size, out=np.full(len(size), np.nan), where=size > 0)
