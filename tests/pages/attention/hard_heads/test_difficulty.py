"""What makes a head hard: every quantity on cases whose value is known."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.models.astrocyte.tuned import KINDS, trial
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.features.landmarks import Landmarks, Tuning, unexplained
from brainbook.pages.attention.hard_heads.difficulty import (
    measure_difficulty,
    measure_heads,
    norms,
    perplexity,
    predicted_error,
    query_dimensions,
    query_spectrum,
    ranks,
)


def head(seed=0, tokens=24, d=6, d_value=5, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    query, key = scale * torch.randn(2, 2, tokens, d, generator=generator, dtype=torch.float64)
    return query, key, torch.randn(2, tokens, d_value, generator=generator, dtype=torch.float64)


def one_hot_attention(tokens=20, d_value=7):
    """Every query attends to its own key alone, so that the attention matrix is the identity."""
    key = 40 * torch.eye(tokens, dtype=torch.float64).unsqueeze(0)
    value = torch.randn(
        1, tokens, d_value, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    return key, key, value


def test_norms_are_those_of_pairs():
    query, key, _ = head()
    found = norms(query, key)
    pairs = (query.unsqueeze(-2) + key.unsqueeze(-3)).square().sum(-1)
    assert torch.allclose(found["scatter"], pairs.mean((-2, -1)), rtol=1e-12)
    assert torch.allclose(found["query_norm"], query.square().sum(-1).sqrt().mean(-1))
    assert torch.allclose(found["key_norm"], key.square().sum(-1).sqrt().mean(-1))


def test_uniform_attention_spreads_over_all_keys_and_one_hot_attention_over_one():
    query, key, _ = head(tokens=30)
    assert perplexity(0 * query, key).tolist() == pytest.approx([30, 30])
    assert perplexity(*one_hot_attention()[:2]).item() == pytest.approx(1, abs=1e-9)


def test_attention_to_four_keys_alike_has_perplexity_four():
    key = torch.zeros(1, 16, 2, dtype=torch.float64)
    key[:, :4, 0] = 50.0
    query = torch.ones_like(key)
    assert perplexity(query, key).item() == pytest.approx(4, abs=1e-9)


def test_uniform_attention_has_rank_one_in_every_sense():
    query, key, value = head()
    for name, found in ranks(0 * query, key, value).items():
        assert torch.allclose(found.double(), torch.ones(2).double(), atol=1e-6), name


def test_the_identity_has_full_rank_and_its_output_the_rank_of_the_values():
    found = ranks(*one_hot_attention(20, 7), error=1e-3)
    assert found["stable_rank"].item() == pytest.approx(20, abs=1e-6)
    assert found["entropy_rank"].item() == pytest.approx(20, abs=1e-6)
    assert found["output_rank"].item() == 7


def test_ranks_agree_with_a_plain_singular_value_decomposition():
    query, key, value = head(scale=1.4)
    error = 0.15
    found = ranks(query, key, value, error)
    for i in range(2):
        weights = (query[i] @ key[i].T).softmax(-1).numpy()
        left, singular, right = np.linalg.svd(weights)
        share = singular / singular.sum()
        assert found["stable_rank"][i] == pytest.approx((singular**2).sum() / singular[0] ** 2)
        entropy = -(share * np.log(share)).sum()
        assert found["entropy_rank"][i] == pytest.approx(math.exp(entropy), rel=1e-5)
        exact = weights @ value[i].numpy()

        def error_of(r, left=left, singular=singular, right=right, exact=exact, i=i):
            cut = (left[:, :r] * singular[:r]) @ right[:r] @ value[i].numpy()
            return np.linalg.norm(cut - exact) / np.linalg.norm(exact)

        r = int(found["truncated_rank"][i])
        assert error_of(r) <= error < error_of(r - 1)
        spectrum = np.linalg.svd(exact, compute_uv=False)
        r = int(found["output_rank"][i])
        tail = [np.linalg.norm(spectrum[k:]) / np.linalg.norm(spectrum) for k in (r, r - 1)]
        assert tail[0] <= error < tail[1]
    assert (found["output_rank"] <= found["truncated_rank"]).all()


def test_no_matrix_of_lower_rank_beats_the_bound_on_the_output():
    query, key, value = head(seed=3, scale=1.4)
    r = int(ranks(query, key, value, 0.15)["output_rank"][0]) - 1
    exact = ((query @ key.mT).softmax(-1) @ value)[0]
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):  # the best fit within r random directions of the queries' own space
        basis = torch.linalg.qr(
            exact @ torch.randn(5, r, generator=generator, dtype=torch.float64)
        ).Q
        fit = basis @ (basis.T @ exact)
        assert (fit - exact).norm() > 0.15 * exact.norm()


def test_the_spectrum_of_queries_does_not_depend_on_the_coordinates():
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
    query = torch.randn(200_000, 3, generator=generator, dtype=torch.float64) * scale
    metric = torch.diag(torch.tensor([1.0, 4.0, 4.0], dtype=torch.float64))
    found = query_spectrum(query + 7, metric)
    assert torch.allclose(found, torch.tensor([4.0, 4.0, 1.0]).double(), rtol=0.02)
    move = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    back = torch.linalg.inv(move)
    assert torch.allclose(query_spectrum(query @ move.T, back.T @ metric @ back), found)


def test_dimensions_count_directions_and_sum_squares():
    found = query_dimensions(torch.tensor([[3.0, 3.0, 3.0, 0.0], [5.0, 0.0, 0.0, 0.0]]).double())
    assert found["reach"].tolist() == [9.0, 5.0]
    assert found["dimension"].tolist() == pytest.approx([3.0, 1.0])


def kernel_functions(variances, nodes):
    """exp(entropy) of the kernel's spectrum for Gaussian inputs, by Gauss-Hermite quadrature."""
    point, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    total = 1.0
    for variance in variances:
        x = point * math.sqrt(variance)
        kernel = np.exp(-((x[:, None] - x) ** 2) / 2) * np.sqrt(weight[:, None] * weight)
        share = np.linalg.eigvalsh(kernel).clip(1e-300)
        total *= math.exp(-(share * np.log(share)).sum())
    return total


@pytest.mark.parametrize("variances", [(0.01,), (1.0,), (6.0,), (2.0, 0.3, 0.05)])
def test_the_number_of_functions_is_that_of_the_kernels_spectrum(variances):
    found = query_dimensions(torch.tensor([variances], dtype=torch.float64))["log10_functions"]
    assert 10 ** found.item() == pytest.approx(kernel_functions(variances, 120), rel=1e-4)


def test_queries_that_are_all_alike_ask_for_one_function():
    found = query_dimensions(torch.zeros(1, 8, dtype=torch.float64))["log10_functions"]
    assert found.item() == pytest.approx(0, abs=1e-8)


def test_bad_error_is_named():
    with pytest.raises(ValueError, match="error: got 1.5"):
        ranks(*head(), error=1.5)


@pytest.fixture(scope="module")
def measured(calibration, documents):
    return measure_difficulty(calibration, documents)


def test_every_head_of_every_document_is_measured(measured, documents):
    cells = measured.groupby(["document", "layer", "head"]).size()
    assert list(cells.index) == list(itertools.product(documents, range(6), range(12)))
    row = measured.query("document == 2 and layer == 1 and head == 7").iloc[0]
    own = heads_on(documents[2]).problem[1, 7]
    expected = norms(own.query, own.key) | ranks(*own.tensors)
    expected |= {"perplexity": perplexity(own.query, own.key)}
    for name, number in expected.items():
        assert row[name] == pytest.approx(float(number), rel=1e-6)


def test_what_queries_ask_for_comes_from_calibration_alone(measured, calibration, documents):
    asked = ["reach", "dimension", "log10_functions"]
    assert (measured.groupby(["layer", "head"])[asked].nunique() == 1).all(axis=None)
    other = measure_difficulty(calibration[:10], documents)
    assert (other[asked] != measured[asked]).all(axis=None)
    pd.testing.assert_frame_equal(other.drop(columns=asked), measured.drop(columns=asked))


def test_more_units_reach_more_of_a_query(calibration, documents):
    few, many = (measure_heads(calibration, documents, units) for units in (4, 64))
    assert many["unreached"].between(0, 1).all()
    for column in ("unreached", "predicted", "error"):
        assert (many[column] < few[column]).mean() > 0.95


def test_errors_are_those_of_the_shared_trials(calibration, documents):
    """Two ways to the same number: this page's sweep, and the trial of one layer."""
    place = ["document", "head"]
    ours = measure_heads(calibration, documents, 16, draw=3).query("layer == 2").sort_values(place)
    given = {"documents": documents, "calibration": calibration}
    shared = trial(KINDS[0], 2, 16, 3, **given).query("part == 'output' and split == 'test'")
    np.testing.assert_allclose(ours["error"], shared.sort_values(place)["error"], rtol=1e-5)


def test_the_predicted_error_is_that_of_independent_errors_of_the_weights():
    query, key, value = head(tokens=12)
    generator = torch.Generator().manual_seed(1)
    share = 1e-6 * torch.rand(2, 12, generator=generator, dtype=torch.float64)
    scores, draws = query @ key.mT, 20_000
    exact = scores.softmax(-1) @ value
    noise = torch.randn(draws, *scores.shape, generator=generator, dtype=torch.float64)
    weights = scores.exp() * (1 + share.sqrt().unsqueeze(-1) * noise)
    output = weights @ value / weights.sum(-1, keepdim=True)
    square = (output - exact).square().sum((-2, -1)) / exact.square().sum((-2, -1))
    expected = predicted_error(share, query, key, value).square()
    apart = (square.mean(0) - expected).abs()
    assert (apart < 4 * square.std(0) / draws**0.5).all()


def test_a_unit_at_the_query_leaves_the_share_of_the_ridge():
    query = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(0)) * 5
    eye = torch.eye(3, dtype=torch.float64).unsqueeze(0)
    tuning = Tuning(query, torch.zeros(1, 6), torch.zeros(1, 1, 3), eye)
    left = unexplained(Landmarks(tuning, 1e-6), query)
    assert torch.allclose(left, torch.full_like(left, 1e-6), rtol=0.5)
