"""Softmax attention and its plain approximations against independent implementations."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from brainbook.models.attention import softmax as attention


def inputs(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=generator, dtype=dtype) for _ in range(3)]


def test_softmax_attention_is_torch_attention():
    query, key, value = inputs(2, 3, 17, 8)
    output, log_z = attention.softmax_attention(*attention.scaled(query, key), value)
    reference = scaled_dot_product_attention(query, key, value)
    assert torch.allclose(output, reference, atol=1e-12)
    scores = query @ key.mT / 8**0.5
    assert torch.allclose(log_z.exp(), scores.exp().sum(-1), rtol=1e-12)


def test_softmax_attention_survives_scores_beyond_the_range_of_exp():
    query, key, value = inputs(1, 9, 4)
    output, log_z = attention.softmax_attention(query * 300, key * 300, value)
    assert torch.isfinite(output).all() and torch.isfinite(log_z).all()
    assert log_z.max() > 1e4


def test_taylor_attention_is_linear_attention_with_its_features():
    query, key, value = inputs(3, 11, 6)
    left, right = attention.taylor_features(query), attention.taylor_features(key)
    assert left.shape[-1] == 1 + 6 + 6 * 7 // 2
    weights = left @ right.mT
    output, log_normaliser = attention.taylor_attention(query, key, value)
    assert torch.allclose(output, weights @ value / weights.sum(-1, keepdim=True), atol=1e-12)
    assert torch.allclose(log_normaliser.exp(), weights.sum(-1), rtol=1e-12)


def test_taylor_attention_meets_softmax_where_scores_are_small():
    query, key, value = inputs(2, 12, 5)
    exact, _ = attention.softmax_attention(query * 0.01, key * 0.01, value)
    output, _ = attention.taylor_attention(query * 0.01, key * 0.01, value)
    # the third order of exp is what is left out
    assert attention.relative_error(output, exact).max() < (0.01**2 * 20) ** 3


def test_mean_of_values_is_attention_without_scores():
    query, key, value = inputs(2, 12, 5)
    exact, _ = attention.softmax_attention(query * 0, key, value)
    assert torch.allclose(attention.mean_of_values(value), exact, atol=1e-13)


def test_errors_are_norm_ratios():
    exact = torch.tensor([[3.0, 4.0], [0.0, 12.0]])
    assert attention.relative_error(exact * 0, exact).item() == pytest.approx(1)
    shifted = exact + torch.tensor([[0.0, 0.0], [1.3, 0.0]])
    assert attention.relative_error(shifted, exact).item() == pytest.approx(0.1)


def test_error_of_logs_is_error_of_the_numbers_and_keeps_range():
    _, a, b = inputs(4, 9)
    a, b = a.abs() + 0.1, b.abs() + 0.1
    plain = attention.relative_error(a, b, dims=(-1,))
    assert torch.allclose(attention.relative_error_of_logs(a.log(), b.log()), plain)
    far = attention.relative_error_of_logs(a.log() + 2000, b.log() + 2000)
    assert torch.allclose(far, plain, rtol=1e-9)


@pytest.mark.parametrize(
    ("query", "key", "value", "name"),
    [
        ((4, 3), (4, 2), (4, 3), "query, key"),
        ((2, 4, 3), (4, 3), (4, 3), "query, key"),
        ((4, 3), (5, 3), (4, 3), "value"),
        ((3,), (3,), (3,), "query, key"),
    ],
)
def test_shapes_that_do_not_fit_are_named(query, key, value, name):
    with pytest.raises(ValueError, match=name):
        attention.softmax_attention(torch.ones(query), torch.ones(key), torch.ones(value))


def test_error_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match="estimate"):
        attention.relative_error(torch.ones(2, 3), torch.ones(3, 3))


def test_a_problem_is_indexed_flattened_and_stacked_as_its_tensors():
    problem = attention.Problem(*torch.randn(3, 4, 5, 6, 2))  # (4, 5, N, d)
    part = problem[1:3, :2].flatten(0, 1)
    assert torch.equal(part.key, problem.key[1:3, :2].reshape(4, 6, 2))
    again = attention.stacked(problem[number] for number in range(4))
    assert all(map(torch.equal, again.tensors, problem.tensors))
    output, log_z = problem.exact()
    assert torch.equal(part.exact()[0], output[1:3, :2].flatten(0, 1)) and log_z.shape == (4, 5, 6)
