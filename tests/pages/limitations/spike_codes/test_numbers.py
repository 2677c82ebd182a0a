"""Numbers of the prose, from tables written by hand and from a small run."""

from dataclasses import replace

import pandas as pd
import pytest

from brainbook.pages.limitations.spike_codes.numbers import (
    even_over_counts,
    numbers,
    rivals,
    saving,
    steps_for,
)
from brainbook.pages.limitations.spike_codes.prices import Energies, word_ratios
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import on_schedule


def test_a_small_run_gives_them_all(measured):
    networks = measured.energies.networks
    renamed = networks.assign(network=networks["network"].str.replace("64-20-20", "64-128-128"))
    small = replace(measured, energies=replace(measured.energies, networks=renamed))
    said = numbers(small)
    assert said["twin_most"] == 7 and 0 < said["density"] <= 1
    assert 0 < said["first_spikes"] <= 1 < said["regular_spikes"]
    assert said["held_out"] == 100 and said["most_steps"] == 16
    twins = on_schedule(measured.bits.twins).query("scenario == 'memory' and steps == 7")
    assert said["twin_rate"] == pytest.approx(100 * twins["rate"].mean())


def test_rivals_are_told_by_code_and_schedule(made_up):
    said = rivals(word_ratios(made_up, 0.0))
    assert said["least_spike_memory"] == 0.5 and said["middle_spike_memory"] == 1.0
    assert (said["wins_spike_memory"], said["all_spike_memory"]) == (1, 2)
    kept = rivals(word_ratios(made_up, 0.0).assign(schedule=IN_ACCUMULATORS))
    assert kept["least_spike_memory_kept"] == 0.5


def test_saving_by_hand():
    rows = [
        ("first spike", "n, T = 15", 10.0, 20.0, 0.95),
        ("converted, Poisson", "n, T = 16", 80.0, 5.0, 0.94),
    ]
    columns = ["family", "network", "acs", "neuron_updates", "accuracy"]
    table = pd.DataFrame(rows, columns=columns).assign(scenario="memory", schedule=STEP_BY_STEP)
    said = saving(Energies(table, table, table, 1), "n")
    assert said == pytest.approx({"saving": 8, "saving_gain": 1, "updates_ratio": 2})


def test_steps_for_a_target():
    products = ["counts", "poisson coincidences"]
    attention = pd.DataFrame({"product": products, "steps": 16, "law": [0.05, 0.2]})
    said = steps_for(attention, 0.1)
    assert said == pytest.approx({"steps_counts": 8, "steps_coincidence": 64})


def test_even_trains_over_counts_in_the_most_steps():
    rows = [("counts", 4, 1.0), ("counts", 16, 0.1), ("regular coincidences", 16, 0.3)]
    attention = pd.DataFrame(rows, columns=["product", "steps", "error"])
    assert even_over_counts(attention) == pytest.approx(3)
