"""Noise laws of the astrocyte circuit against many draws, and the cell against the circuit."""

import math

import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import noise
from brainbook.models.astrocyte.circuit import run
from brainbook.models.attention.softmax import relative_error
from brainbook.models.features.maps import Positive, Trigonometric


@pytest.fixture(scope="module")
def problem():
    query, key, value = torch.randn(3, 2, 20, 6, generator=seeded(1, 2), dtype=torch.float64)
    return 0.6 * query, 0.6 * key, value


@pytest.fixture(scope="module")
def drawn():
    return Positive().draw(50, 6, seeded(1, 3), (2,), torch.float64)


@pytest.fixture(scope="module")
def cell(problem, drawn):
    return noise.written(*problem, Positive(), drawn)


def repeated(trial, *given, draws=3000):
    """Mean square of a trial over independent draws, per head, by part of its result."""
    generator = seeded(1, 4)
    found = [torch.stack(tuple(trial(*given, generator))) for _ in range(draws)]
    return torch.stack(found).square().mean(0)


def test_the_cell_is_the_circuit(problem, drawn, cell):
    (readout,) = run(*problem, [drawn], [50], Positive())
    torch.testing.assert_close(cell.output, readout.output)
    log_p = cell.divisor(cell.trace).log() + cell.log_scale.squeeze(-1)
    torch.testing.assert_close(log_p, readout.log_p)
    torch.testing.assert_close(cell.kernel.read(problem[2]).log_p, readout.log_p)
    rates = Positive()(problem[1], drawn) * math.sqrt(50)
    torch.testing.assert_close(cell.log_trace.exp(), rates.sum(-2))


def test_a_map_with_rates_of_both_signs_is_refused(problem):
    units = Trigonometric().draw(8, 6, seeded(1, 5), (2,), torch.float64)
    with pytest.raises(ValueError, match="feature_map: got 'cosine'"):
        noise.written(*problem, Trigonometric(), units)


def test_effective_units_count_equal_and_single_parts():
    parts = torch.tensor([[1.0, 1, 1, 1], [0, 0, 5, 0], [3, 3, 0, 0]])
    assert noise.effective_units(parts).tolist() == [4, 1, 2]


def test_factors_have_mean_one_and_the_size_asked_for():
    made = noise.factors((200_000,), 0.5, seeded(1, 6))
    assert made.mean() == pytest.approx(1, abs=0.005) and made.std() == pytest.approx(0.5, rel=0.02)
    assert (made > 0).all() and torch.equal(noise.factors((3,), 0, seeded(1)), torch.ones(3))
    with pytest.raises(ValueError, match="size: got -1"):
        noise.factors((3,), -1, seeded(1))


@pytest.mark.parametrize("size", [0.05, 0.6])
def test_unit_noise_moves_the_trace_as_the_law_says_at_any_size(cell, size):
    squares = repeated(noise.unit_noise, cell, size)
    torch.testing.assert_close(squares[2], squares[3], rtol=0.06, atol=0)


def test_unit_noise_moves_the_output_as_the_law_says_if_small(cell):
    squares = repeated(noise.unit_noise, cell, 0.03)
    torch.testing.assert_close(squares[0], squares[1], rtol=0.06, atol=0)


def test_offset_noise_obeys_its_law(cell):
    squares = repeated(noise.offset_noise, cell, 0.02)
    torch.testing.assert_close(squares[2], squares[3], rtol=0.06, atol=0)


def test_synapse_noise_obeys_its_law_at_any_size(cell):
    squares = repeated(noise.synapse_noise, cell, 0.7, draws=2000)
    torch.testing.assert_close(squares[0], squares[1], rtol=0.06, atol=0)


def test_token_noise_averages_over_effective_tokens(problem):
    query, key, value = problem
    weight = (query @ key.mT).exp()
    squares = repeated(noise.token_noise, weight, value, 0.4)
    torch.testing.assert_close(squares[2], squares[3], rtol=0.06, atol=0)
    uniform = noise.token_noise(torch.ones_like(weight), value, 0.4, seeded(1))
    assert uniform.trace_law.tolist() == pytest.approx([0.4 / math.sqrt(20)] * 2)


def test_shared_token_noise_obeys_its_first_order(problem):
    query, key, value = problem
    weight = (query @ key.mT).exp()
    squares = repeated(noise.shared_token_noise, weight, value, 0.03)
    torch.testing.assert_close(squares[0], squares[1], rtol=0.06, atol=0)
    same = noise.shared_token_noise(weight, torch.ones_like(value), 0.5, seeded(1))
    assert same[0].max() < 1e-12 and same[1].max() < 1e-6  # equal values cannot be confused


def test_no_noise_is_no_error(cell):
    effect = noise.unit_noise(cell, 0.0, seeded(1))
    assert effect.output.max() < 1e-12 and effect.output_law.max() == 0
    assert relative_error(cell.output, cell.output).max() == 0
