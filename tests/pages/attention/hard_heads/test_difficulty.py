"""What makes a head hard: every quantity on cases whose value is known."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.models.features.landmarks import Landmarks, Tuning
from brainbook.pages.attention.hard_heads import difficulty as head_difficulty
from brainbook.pages.attention.hard_heads.difficulty import (
    difficulty,
    explain,
    norms,
    predicted_error,
    query_dimensions,
    query_spectrum,
    rank_correlation,
    ranks,
    sharpness,
    unreached,
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
    found = sharpness(0 * query, key)
    assert torch.allclose(found["perplexity"], torch.full((2,), 30.0, dtype=torch.float64))
    assert torch.allclose(found["share"], torch.ones(2, dtype=torch.float64))
    found = sharpness(*one_hot_attention()[:2])
    assert found["perplexity"].item() == pytest.approx(1, abs=1e-9)
    assert found["share"].item() == pytest.approx(1 / 20, abs=1e-9)


def test_attention_to_four_keys_alike_has_perplexity_four():
    key = torch.zeros(1, 16, 2, dtype=torch.float64)
    key[:, :4, 0] = 50.0
    query = torch.ones_like(key)
    assert sharpness(query, key)["perplexity"].item() == pytest.approx(4, abs=1e-9)


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


def test_rank_correlation_is_scipys():
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 6, (2, 5, 40)).astype(float)
    expected = [spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert np.allclose(rank_correlation(x, y), expected)
    assert np.isnan(rank_correlation(np.ones((1, 4)), np.arange(4.0)[None])).all()


def test_what_made_the_errors_is_found_to_explain_them():
    generator = np.random.default_rng(1)
    layer, number = np.indices((6, 12)).reshape(2, -1)
    measured = pd.DataFrame({"layer": layer, "head": number, "document": 0})
    measured["cause"] = generator.normal(size=72)
    measured["chance"] = generator.normal(size=72)
    measured["half"] = measured["cause"] + generator.normal(size=72)
    errors = measured[["layer", "head"]].assign(error=np.exp(-measured["cause"]))
    table = explain(errors, measured).set_index("quantity")
    assert list(table.index[:2]) == ["cause", "half"]
    assert table.loc["cause", ["rho", "low", "high"]].tolist() == pytest.approx([-1, -1, -1])
    assert table.loc["half", "low"] < table.loc["half", "rho"] < table.loc["half", "high"] < 0
    assert table.loc["chance", "low"] < 0 < table.loc["chance", "high"]
    assert table.loc["cause", ["behind", "behind_low", "behind_high"]].tolist() == [0, 0, 0]
    assert table.loc["half", "behind"] == pytest.approx(1 + table.loc["half", "rho"])
    assert (table.loc[["half", "chance"], "behind_low"] > 0).all()
    assert explain(errors, measured).equals(explain(errors, measured))
    with pytest.raises(ValueError, match="got 2 heads"):
        explain(errors[:2], measured)


def test_bad_error_is_named():
    with pytest.raises(ValueError, match="error: got 1.5"):
        ranks(*head(), error=1.5)


@pytest.fixture(scope="module")
def small():
    return calibration_passages(24, 6)[:12]


@pytest.fixture
def few_passages(monkeypatch, small):
    for module in (head_difficulty,):
        monkeypatch.setattr(module, "calibration_passages", lambda tokens: small)


def test_every_head_of_minilm_is_measured(few_passages):
    frame = difficulty((0, 1), tokens=24)
    assert len(frame) == 2 * 72 and not frame.isna().any().any()
    assert frame["perplexity"].between(1, 24).all()
    assert (frame["output_rank"] <= 24).all() and (frame["log10_functions"] > 0).all()
    calibrated = frame.groupby(["layer", "head"])["log10_functions"].nunique()
    assert (calibrated == 1).all()


def test_more_units_reach_more_of_a_query(few_passages):
    few, many = (unreached(m, 0, (0,), tokens=24, ridge=1e-3) for m in (4, 64))
    assert len(many) == 72 and many["unreached"].between(0, 1).all()
    for column in ("unreached", "predicted"):
        assert (many[column] < few[column]).mean() > 0.95


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
    left = head_difficulty.unexplained(Landmarks(tuning, 1e-6), query)
    assert torch.allclose(left, torch.full_like(left, 1e-6), rtol=0.5)
