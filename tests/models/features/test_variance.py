"""Closed-form scatter of trace and output against many independent circuits."""

import math

import pytest
import torch

from brainbook.models.astrocyte.circuit import circuit
from brainbook.models.attention import softmax as attention
from brainbook.models.features import variance as feature_variance


def head(seed=0, tokens=12, d=5, scale=0.3):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    query, key, value = scale * draw(tokens, d), scale * draw(tokens, d), draw(tokens, 3)
    return query, key, value, generator


def many(units, copies=4000):
    query, key, value, generator = head()
    repeated = [x.expand(copies, *x.shape) for x in (query, key, value)]
    return query, key, value, circuit(*repeated, units, generator)[0]


def test_trace_variance_is_exact_at_any_size():
    for units in (1, 40):
        query, key, value, readout = many(units, copies=20_000)
        _, log_z = attention.softmax_attention(query, key, value)
        relative = (readout.log_p - log_z).exp()
        expected = feature_variance.trace_log_moment(query, key).expm1() / units
        error = relative.std(0) / math.sqrt(len(relative))
        assert ((relative.mean(0) - 1).abs() < 4 * error).all()
        if units > 1:  # at one unit the fourth moment makes a sample variance useless
            square = (relative - relative.mean(0)).square()
            error = square.std(0) / math.sqrt(len(relative))
            assert (error < 0.2 * expected).all()
            assert ((square.mean(0) - expected).abs() < 4 * error).all()


def test_one_key_gives_the_pair_law():
    query, key, _, _ = head()
    one = feature_variance.trace_log_moment(query[:1], key[:1]).expm1()
    assert torch.allclose(one, feature_variance.pair_variance(query[:1], key[:1]))
    assert torch.allclose(
        feature_variance.pair_variance(query, key, 7),
        ((query + key).square().sum(-1).exp() - 1) / 7,
    )


def test_output_error_meets_its_first_order_at_many_units():
    units = 3000
    query, key, value, readout = many(units, copies=300)
    output, _ = attention.softmax_attention(query, key, value)
    square = (readout.output - output).square().sum(-1).mean(0)
    expected = feature_variance.output_log_moment(query, key, value).exp() / units
    assert torch.allclose(square, expected, rtol=0.4)
    assert (square.sum() / expected.sum()).item() == pytest.approx(1, abs=0.1)


def test_predicted_errors_are_the_root_mean_square_of_the_measured():
    units = 2000
    query, key, value, readout = many(units, copies=400)
    output, log_z = attention.softmax_attention(query, key, value)
    exact = [x.expand(400, *x.shape) for x in (output, log_z)]
    of_output = attention.relative_error(readout.output, exact[0]).square().mean().sqrt()
    of_trace = attention.relative_error_of_logs(readout.log_p, exact[1]).square().mean().sqrt()
    predicted = feature_variance.predicted_output_error(query, key, value).exp()
    assert (of_output / (predicted / math.sqrt(units))).item() == pytest.approx(1, abs=0.1)
    predicted = feature_variance.predicted_trace_error(query, key).exp()
    assert (of_trace / (predicted / math.sqrt(units))).item() == pytest.approx(1, abs=0.1)


def test_prediction_does_not_overflow_where_the_scatter_is_astronomic():
    query, key, value, _ = head(scale=12.0)
    logs = feature_variance.predicted_output_error(query, key, value)
    assert torch.isfinite(logs) and logs > 200
    assert torch.isfinite(feature_variance.predicted_trace_error(query, key))


def test_batched_heads_equal_single_heads_and_mean_of_pairs():
    parts = [head(seed)[:3] for seed in (1, 2)]
    stacked = [torch.stack(x) for x in zip(*parts, strict=True)]
    together = feature_variance.predicted_output_error(*stacked)
    apart = torch.stack([feature_variance.predicted_output_error(*part) for part in parts])
    assert torch.allclose(together, apart)
    query, key, _ = parts[0]
    direct = (query[:, None] + key[None]).square().sum(-1).mean()
    assert torch.allclose(feature_variance.mean_log_scatter(query, key), direct)
