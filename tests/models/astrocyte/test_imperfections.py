"""Noise, range, coverage and pools of the astrocyte circuit against closed forms and many draws."""

import math
from dataclasses import replace

import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import imperfections as limits
from brainbook.models.astrocyte.cell import effective_units, written
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


def assert_law(cell, factor, variance, draws=3000):
    """p_t errs by ``variance`` / m_eff: mean over draws, per head and query."""
    generator = seeded(2, 4)
    ratios = [cell.divisor(factor(generator)) / cell.divisor() - 1 for _ in range(draws)]
    measured = torch.stack(ratios).squeeze(-1).square().mean(0)
    expected = variance / effective_units(cell.parts)
    torch.testing.assert_close(measured.mean(-1), expected.mean(-1), rtol=0.06, atol=0)


def test_best_gain_cannot_be_improved():
    estimate, exact = torch.randn(2, 3, 5, 4, generator=seeded(2, 5))
    least = relative_error(limits.best_gain(estimate, exact), exact)
    for gain in (0.97, 1.03):
        assert (relative_error(gain * limits.best_gain(estimate, exact), exact) > least).all()
    torch.testing.assert_close(limits.best_gain(7 * exact, exact), exact)
    assert limits.constant_divisor(7 * exact, exact).max() < 1e-6


def test_factors_have_mean_one_and_the_size_asked_for():
    made = limits.factors((200_000,), 0.5, seeded(1, 6))
    assert made.mean() == pytest.approx(1, abs=0.005) and made.std() == pytest.approx(0.5, rel=0.02)
    assert (made > 0).all() and torch.equal(limits.factors((3,), 0, seeded(1)), torch.ones(3))
    with pytest.raises(ValueError, match="size: got -1"):
        limits.factors((3,), -1, seeded(1))


@pytest.mark.parametrize("size", [0.05, 0.6])
def test_noise_on_traces_averages_over_effective_units_at_any_size(cell, size):
    assert_law(cell, lambda chance: limits.noisy_traces(cell, size, chance), size**2)


def test_noise_on_rates_moves_drive_and_trace_together(cell):
    noisy = limits.noisy_rates(cell, 0.3, seeded(2, 9))
    spread = (noisy.reading / cell.reading).std()
    assert spread.item() == pytest.approx(0.3, rel=0.05)
    weights = noisy.reading @ cell.writing.mT
    values = torch.randn(4, 20, 3, generator=seeded(2, 10), dtype=torch.float64)
    renewed = noisy.leaking(values, torch.ones(20, dtype=torch.float64))
    expected = weights @ values / weights.sum(-1, keepdim=True)
    torch.testing.assert_close(renewed.output(), expected)
    assert torch.equal(limits.noisy_rates(cell, 0.0, seeded(2)).reading, cell.reading)


def test_rounding_errs_by_the_step_over_root_twelve(cell):
    step = math.log(10) / 16
    assert_law(cell, lambda chance: limits.rounded(cell, 16, chance), step**2 / 12)
    coarse = limits.rounded(cell, 2, seeded(2, 6)).log().abs()
    assert math.log(10) / 6 < coarse.max() <= math.log(10) / 4
    with pytest.raises(ValueError, match="levels: got 0"):
        limits.rounded(cell, 0, seeded(2))


def test_a_wide_range_is_no_limit_and_a_narrow_one_makes_traces_equal(cell):
    assert torch.equal(limits.limited(cell, 30, "floor"), torch.ones_like(cell.trace))
    lifted = cell.log_trace + limits.limited(cell, 0, "floor").log()
    torch.testing.assert_close(lifted, cell.log_trace.amax(-1, keepdim=True).expand_as(lifted))
    assert (limits.limited(cell, -9, "ceiling") - 1).abs().max() < 1e-6  # far above every trace
    half = limits.limited(cell, 0, "ceiling").gather(-1, cell.log_trace.argmax(-1, keepdim=True))
    torch.testing.assert_close(half, torch.full_like(half, 0.5))
    with pytest.raises(ValueError, match="how: got 'roof'"):
        limits.limited(cell, 1, "roof")


def test_a_trace_sensed_in_part_obeys_its_law(cell):
    assert_law(cell, lambda chance: limits.sensed_units(cell, 0.6, chance), 1 / 0.6 - 1)
    assert torch.equal(limits.sensed_units(cell, 1.0, seeded(2)), torch.ones_like(cell.trace))


def test_a_trace_sensed_at_several_contacts_averages_over_them(cell):
    def factor(chance):
        return limits.sensed_contacts(limits.covered_contacts(cell, 0.6, chance), 0.6)

    assert_law(cell, factor, (1 / 0.6 - 1) / 6)


def test_undivided_synapses_mix_the_divided_and_the_constant_circuit(cell):
    exact = cell.output() + 0.1
    everywhere = torch.ones_like(cell.synapses)
    torch.testing.assert_close(limits.undivided(cell, everywhere, exact), cell.output())
    constant = limits.best_gain(cell.drive * cell.relative_scale, exact)
    none = limits.undivided(cell, 0 * everywhere, exact)
    torch.testing.assert_close(none, constant)
    generator, total = seeded(2, 7), torch.zeros_like(cell.drive)
    for _ in range(4000):
        under = limits.covered_contacts(cell, 0.6, generator)
        total += limits.undivided(cell, under, exact)
    expected = 0.6 * cell.output() + 0.4 * constant  # what the exact kernel's mixture assumes
    assert relative_error(total / 4000, expected).max() < 0.02


def test_units_left_out_are_missing_in_drive_and_trace(cell):
    few = limits.only_covered_units(cell, 0.5, seeded(2, 11))
    kept = (few.reading != 0).any(1)  # (heads, m)
    assert 0.3 < kept.double().mean() < 0.7
    head = 2
    reading = cell.reading[head][:, kept[head]]
    by_hand = reading @ cell.synapses[head][:, kept[head]].mT
    by_hand = by_hand / (reading @ cell.trace[head][kept[head]]).unsqueeze(-1)
    torch.testing.assert_close(few.output()[head], by_hand)


def test_rates_below_zero_are_cut(cell):
    signed = replace(cell, reading=cell.reading - cell.reading.mean())
    fired = limits.positive_rates(signed)
    assert (signed.reading < 0).any() and (fired.reading >= 0).all()
    same = signed.reading > 0
    assert torch.equal(fired.reading[same], signed.reading[same])


def test_one_process_is_the_whole_cell_and_processes_divide_by_their_own_sum(cell):
    torch.testing.assert_close(limits.local_pools(cell, 1, seeded(2)), cell.output())
    found = limits.local_pools(cell, 4, seeded(2, 8))
    order = torch.randperm(48, generator=seeded(2, 8)).chunk(4)
    outputs = [
        cell.reading[..., part]
        @ cell.synapses[..., part].mT
        / (cell.reading[..., part] @ cell.trace[..., part].unsqueeze(-1))
        for part in order
    ]
    torch.testing.assert_close(found, torch.stack(outputs).mean(0))
    silent = replace(cell, reading=torch.zeros_like(cell.reading))
    assert limits.local_pools(silent, 4, seeded(2)).abs().max() == 0
    with pytest.raises(ValueError, match="pools: got 5"):
        limits.local_pools(cell, 5, seeded(2))
