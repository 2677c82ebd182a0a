"""The cell against the circuit, its leak and its lag against plain sums, and effective units."""

import math

import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import cell as cells
from brainbook.models.astrocyte.circuit import run
from brainbook.models.astrocyte.dynamics import lag, token_weights
from brainbook.models.attention.softmax import relative_error
from brainbook.models.features.landmarks import Landmarks
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
    return cells.written(*problem, Positive(), drawn)


def test_the_cell_is_the_circuit(problem, drawn, cell):
    (readout,) = run(*problem, [drawn], [50], Positive())
    torch.testing.assert_close(cell.output(), readout.output)
    log_p = (cell.divisor().log() + cell.log_scale).squeeze(-1)
    torch.testing.assert_close(log_p, readout.log_p)
    rates = Positive()(problem[1], drawn) * math.sqrt(50)
    torch.testing.assert_close(cell.log_trace.exp(), rates.sum(-2))


def test_reading_rates_may_have_either_sign(problem):
    query, key, value = problem
    tuned = Landmarks.fitted(query.unsqueeze(0), key.unsqueeze(0), 12, seeded(1, 4))
    cell = cells.written(query, key, value, tuned, tuned.units)
    assert (cell.reading < 0).any() and (cell.writing > 0).all()
    (readout,) = run(query, key, value, [tuned.units], [12], tuned)
    assert relative_error(cell.output(), readout.output).max() < 1e-9


def test_a_map_that_writes_with_both_signs_is_refused(problem):
    units = Trigonometric().draw(8, 6, seeded(1, 5), (2,), torch.float64)
    with pytest.raises(ValueError, match="feature_map: got 'cosine'"):
        cells.written(*problem, Trigonometric(), units)


def test_effective_units_count_equal_single_and_cancelling_parts():
    parts = torch.tensor([[1.0, 1, 1, 1], [0, 0, 5, 0], [3, 3, 0, 0], [3, -2, 0, 0]])
    expected = torch.tensor([4, 1, 2, 1 / 13])
    torch.testing.assert_close(cells.effective_units(parts), expected)


def test_a_leak_weighs_tokens_in_trace_and_synapses(problem, cell):
    weight = token_weights(20, 1.0, 5.0)
    leaking = cell.leaking(problem[2], weight)
    phi, value = cell.writing, problem[2]
    torch.testing.assert_close(leaking.trace, torch.einsum("s,hsm->hm", weight, phi))
    synapses = torch.einsum("s,hsd,hsm->hdm", weight, value, phi)
    torch.testing.assert_close(leaking.synapses, synapses)
    torch.testing.assert_close(leaking.drive, cell.reading @ synapses.mT)


def test_a_late_divisor_mixes_what_earlier_queries_asked_for(cell):
    torch.testing.assert_close(cell.late_divisor(lag(20, 1.0, 0.0)), cell.divisor())
    late = lag(20, 1.0, 3.0)
    p = cell.divisor().squeeze(-1) * cell.log_scale.squeeze(-1).exp()  # as large as it is
    by_hand = torch.einsum("ts,hs->ht", late, p) / cell.log_scale.squeeze(-1).exp()
    torch.testing.assert_close(cell.late_divisor(late).squeeze(-1), by_hand)


def test_factors_on_traces_reach_the_divisor_alone(cell):
    factor = torch.linspace(0.5, 2, 50, dtype=torch.float64).expand(2, 50)
    expected = cell.drive / (cell.parts * factor.unsqueeze(-2)).sum(-1, keepdim=True)
    torch.testing.assert_close(cell.output(factor), expected)
