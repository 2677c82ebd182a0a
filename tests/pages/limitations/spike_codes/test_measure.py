"""What the page limitations/spike_codes opens, and its tables at a small size."""

import numpy as np
import pytest

from brainbook.pages.limitations.spike_codes import measure
from brainbook.pages.limitations.spike_codes.candidates import PLAN
from brainbook.pages.limitations.spike_codes.prices import SCENARIOS


def test_doublings_and_levels():
    assert measure.doublings(3) == [1, 2, 4, 8] and measure.levels_of(3) == [1, 3, 7]


def test_every_network_is_priced_everywhere(energies):
    networks = energies.networks
    assert set(networks["scenario"]) == set(SCENARIOS)
    families = {family for family, *_ in PLAN} | {"ANN, fp32", "trained with spikes"}
    assert set(networks["family"]) == families
    assert (networks["low"] <= networks["central"]).all() and (networks["low"] > 0).all()
    assert (networks["central"] <= networks["high"]).all()
    timed = networks[networks["family"] == "first spike"]
    assert (timed["macs"] == 0).all() and (timed["acs"] > 0).all()
    assert energies.held_out == 100


def test_means_of_the_grid(measured):
    row = measured.bits.accuracies.query("weight_bits == 4 and activation_bits == 2").iloc[0]
    grid = measured.bits.grid.query("weight_bits == 4 and activation_bits == 2")["accuracy"]
    assert row["percent"] == pytest.approx(100 * grid.mean())
    deviation = 100 * grid.std() / np.sqrt(3)
    assert row["half_width"] == pytest.approx(4.303 * deviation, rel=1e-3)  # t, two freedoms


def test_rule_and_published_rows():
    by_rule, printed = measure.measure_rule()
    assert by_rule == pytest.approx(16 * 0.2) and printed == 3.1
    published = measure.measure_published()
    assert (published["source"].str.len() > 0).all() and "first_spike_density" in published.index


def test_front_rises(energies):
    best = measure.measure_front(energies, "memory")
    assert best["accuracy (%)"].is_monotonic_increasing
    assert best["energy (nJ)"].is_monotonic_increasing


def test_work_of_minilm():
    tokens, block = 32, (4 + 2 * 4) * 384**2  # four projections, two layers of four times the width
    work = measure.measure_minilm(tokens).set_index("work")["count"]
    weights = work[work.index.str.startswith("products with weights")].sum()
    assert weights == 6 * tokens * block + 384**2
    assert work["products of two activations"] == 6 * 2 * tokens**2 * 384
    assert work["softmax (elements, no products)"] == 6 * 12 * tokens**2
