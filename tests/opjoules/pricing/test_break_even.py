"""Break-even points against the arithmetic done by hand."""

from __future__ import annotations

import pytest

from opjoules.hardware.catalogue import profile
from opjoules.pricing import break_even


def test_ratio_of_mac_to_ac():
    assert break_even.arithmetic_ratio("45nm_fp32").central == pytest.approx(4.6 / 0.9)
    int8 = break_even.arithmetic_ratio("45nm_int8")
    assert int8.central == pytest.approx(0.23 / 0.03)
    assert int8.low == pytest.approx((0.2 + 0.1) / 0.1), "with a 32-bit accumulator"


@pytest.mark.parametrize("steps,bits", [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 3), (8, 4)])
def test_bits_that_steps_replace(steps, bits):
    assert break_even.equivalent_bits(steps) == bits
    assert 2 ** (bits - 1) <= steps < 2**bits, "steps + 1 values, 0 to steps"


def test_a_layer_without_memory_by_hand():
    inputs, outputs, steps, rate = 30, 20, 4, 0.1
    machine = profile("45nm_fp32")
    dense = inputs * outputs * machine.mac.central + outputs * machine.comparison.central
    updates = outputs * steps * (machine.neuron_update.central + machine.comparison.central)
    spiking = rate * steps * inputs * outputs * machine.ac.central + updates
    found = break_even.energy_ratio(inputs, outputs, steps, rate, "45nm_fp32", memory=False)
    assert found == pytest.approx(spiking / dense)


def test_break_even_without_memory_tends_to_the_arithmetic_limit():
    limit = break_even.arithmetic_ratio("45nm_fp32").central
    spikes = [
        break_even.break_even_rate(size, size, 10, "45nm_fp32", memory=False) * 10
        for size in (32, 512, 8192)
    ]
    assert spikes[0] < spikes[1] < spikes[2] < limit
    assert spikes[2] == pytest.approx(limit, rel=2e-3)


@pytest.mark.parametrize(("memory", "schedule"), break_even.CASES)
def test_both_layers_cost_the_same_at_the_break_even_rate(memory, schedule):
    rate = break_even.break_even_rate(784, 128, 8, "45nm_int8", memory, schedule)
    assert 0 < rate < 1
    ratio = break_even.energy_ratio(784, 128, 8, rate, "45nm_int8", memory, schedule)
    assert ratio == pytest.approx(1, abs=1e-9)


def test_memory_lowers_the_threshold_to_about_one_spike_if_each_spike_fetches():
    table = break_even.with_memory("45nm_fp32", [16], [(784, 128), (4096, 4096)])
    large = table[table["inputs"] == 4096].set_index(["memory", "schedule"])["spikes"]
    pure, steps, kept = (large[case] for case in break_even.CASES)
    # Each spike fetches the weights that the dense layer fetches once: one spike per input.
    assert steps == pytest.approx(1, abs=0.02)
    # Fetched once on both sides, the weights cancel, and arithmetic decides.
    assert kept == pytest.approx(pure, rel=0.01) and pure > 5


def test_extremes_of_the_rate():
    assert break_even.break_even_rate(1, 1, 50, "45nm_fp32", memory=False) == 0.0
    assert break_even.break_even_rate(512, 512, 1, "45nm_fp32", memory=False) == 1.0


def test_published_thresholds():
    table = break_even.thresholds()
    assert (table["low"] <= table["high"]).all()
    rates = table[table["quantity"].str.endswith("time step")]
    assert set(rates["version"]) == {"arXiv v2 and v3", "arXiv v4"}
    assert (rates["low_per_inference"] == rates["low"] * rates["timesteps_low"]).all()
    counts = table[~table["quantity"].str.endswith("time step")]
    assert (counts["high_per_inference"] == counts["high"]).all()


def test_errors_name_the_parameter():
    with pytest.raises(ValueError, match="rate: got 1.2"):
        break_even.layer_pair(3, 3, 2, 1.2)
    with pytest.raises(ValueError, match="outputs: got 0"):
        break_even.layer_pair(3, 0, 2, 0.2)
    with pytest.raises(ValueError, match=r"timesteps: got \[0\]"):
        break_even.with_memory("45nm_fp32", [0], [(3, 3)])
    with pytest.raises(ValueError, match="timesteps: got 0"):
        break_even.equivalent_bits(0)
    with pytest.raises(ValueError, match="loihi has no multiply-accumulate"):
        break_even.arithmetic_ratio("loihi")
