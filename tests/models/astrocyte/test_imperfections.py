"""Range, coverage and pools of the astrocyte circuit against closed forms and many draws."""

import math

import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import imperfections as limits
from brainbook.models.astrocyte.noise import effective_units, written
from brainbook.models.attention.softmax import relative_error
from brainbook.models.features.maps import Positive


@pytest.fixture(scope="module")
def problem():
    query, key, value = torch.randn(3, 4, 20, 6, generator=seeded(2, 2), dtype=torch.float64)
    return 0.6 * query, 0.6 * key, value


@pytest.fixture(scope="module")
def cell(problem):
    units = Positive().draw(48, 6, seeded(2, 3), (4,), torch.float64)
    return written(*problem, Positive(), units)


def mean_square(trial, *given, draws=3000):
    generator = seeded(2, 4)
    found = [torch.stack(tuple(trial(*given, generator))) for _ in range(draws)]
    return torch.stack(found).square().mean(0)


def test_best_gain_cannot_be_improved():
    estimate, exact = torch.randn(2, 3, 5, 4, generator=seeded(2, 5))
    least = relative_error(limits.best_gain(estimate, exact), exact)
    for gain in (0.97, 1.03):
        assert (relative_error(gain * limits.best_gain(estimate, exact), exact) > least).all()
    torch.testing.assert_close(limits.best_gain(7 * exact, exact), exact)


def test_levels_obey_the_closed_form_also_when_coarse():
    generator = seeded(2, 6)
    log_p, output = 3 * torch.randn(400, 200, generator=generator), torch.ones(400, 200, 1)
    for levels in (1.0, 8.0):
        effect = limits.coarse_divisor(log_p, output, levels, generator)
        ratio = effect.trace.square().mean() / effect.trace_law.square().mean()
        assert ratio.item() == pytest.approx(1, abs=0.02)
    fine = limits.coarse_divisor(log_p, output, 50.0, generator)
    assert fine.trace_law[0].item() == pytest.approx(math.log(10) / 50 / math.sqrt(12), rel=1e-3)
    with pytest.raises(ValueError, match="levels: got 0"):
        limits.coarse_divisor(log_p, output, 0, generator)


def test_a_wide_range_is_no_limit_and_a_narrow_one_makes_traces_equal(cell):
    assert limits.limited_range(cell, 30, "floor").max() < 1e-12
    lifted = limits.limited_range(cell, 0, "floor")
    level = cell.log_trace.amax(-1, keepdim=True)
    flat = cell.divisor(cell.trace * (level - cell.log_trace).exp())
    ratio = (cell.divisor(cell.trace) / flat).unsqueeze(-1)
    by_hand = relative_error(limits.best_gain(cell.output * ratio, cell.output), cell.output)
    torch.testing.assert_close(lifted, by_hand)
    assert limits.limited_range(cell, -9, "ceiling").max() < 1e-6  # far above every trace
    with pytest.raises(ValueError, match="how: got 'roof'"):
        limits.limited_range(cell, 1, "roof")


def test_unsensed_trace_obeys_its_law(cell):
    squares = mean_square(limits.uncovered, cell, 0.6)
    torch.testing.assert_close(squares[2], squares[3], rtol=0.06, atol=0)
    full = limits.uncovered(cell, 1.0, seeded(2))
    assert full.output.max() < 1e-12 and full.trace_law.max() == 0


def test_undivided_synapses_mix_the_divided_and_the_constant_circuit(cell):
    assert limits.undivided(cell, 1.0, seeded(2)).max() < 1e-12
    none = limits.undivided(cell, 0.0, seeded(2))
    torch.testing.assert_close(none, limits.constant_divisor(cell.drive, cell.output))
    generator, total = seeded(2, 7), torch.zeros_like(cell.output)
    p = cell.divisor(cell.trace).unsqueeze(-1)
    constant = limits.best_gain(cell.drive, cell.output)
    for _ in range(4000):
        under = (torch.rand(cell.synapses.shape, generator=generator) < 0.6) * cell.synapses
        covered = cell.reading @ under.mT
        total += covered / p + (cell.drive - covered) / cell.drive * constant
    expected = 0.6 * cell.output + 0.4 * constant  # what the straight line on the page assumes
    assert relative_error(total / 4000, expected).max() < 0.02


def test_a_process_errs_like_a_sample_without_replacement(cell):
    squares = mean_square(limits.local_pools, cell, 6, draws=1500)
    torch.testing.assert_close(squares[2], squares[3], rtol=0.05, atol=0)
    ratio = 48 / effective_units(cell.parts) - 1
    torch.testing.assert_close(squares[3], 5 / 47 * ratio.mean(-1))


def test_one_process_is_the_whole_cell_and_processes_divide_by_their_own_sum(cell):
    whole = limits.local_pools(cell, 1, seeded(2))
    assert whole.output.max() < 1e-12 and whole.trace.max() < 1e-12
    found = limits.local_pools(cell, 4, seeded(2, 8))
    order = torch.randperm(48, generator=seeded(2, 8)).chunk(4)
    outputs = [
        cell.reading[..., part]
        @ cell.synapses[..., part].mT
        / (cell.reading[..., part] @ cell.trace[..., part].unsqueeze(-1))
        for part in order
    ]
    by_hand = relative_error(torch.stack(outputs).mean(0), cell.output)
    torch.testing.assert_close(found.output, by_hand)
    with pytest.raises(ValueError, match="pools: got 5"):
        limits.local_pools(cell, 5, seeded(2))


def test_a_common_divisor_is_harmless_alone_or_among_equals(cell):
    drive, trace = cell.drive, cell.divisor(cell.trace)
    assert limits.common_divisor(drive, trace, 1).max() < 1e-12
    equal = drive[:1].expand_as(drive), trace[:1] * torch.tensor([1.0, 2, 3, 4]).unsqueeze(-1)
    assert limits.common_divisor(*equal, 4).max() < 1e-12
    assert limits.common_divisor(drive, trace, 4).min() > 1e-3
    with pytest.raises(ValueError, match="heads: got 3"):
        limits.common_divisor(drive, trace, 3)
