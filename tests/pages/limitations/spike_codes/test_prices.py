"""Prices of codes: scenarios, the front, and the comparison with words."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.spiking.conversion import ConvertedPerceptron, QuantisedPerceptron
from brainbook.pages.limitations.spike_codes.networks import NEURONS
from brainbook.pages.limitations.spike_codes.prices import (
    FREE,
    SCENARIOS,
    SHOWN,
    dearer,
    front,
    price_mixed,
    priced,
    priced_rows,
    summary,
    twin_rows,
    word_ratios,
)
from opjoules.counting.operations import count_operations
from opjoules.hardware.low_precision import narrow
from opjoules.pricing.estimate import estimate
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import on_schedule


def counted(model):
    images = torch.rand(5, 8, 8, generator=torch.Generator().manual_seed(0))
    return count_operations(model, images, neurons=NEURONS)


@pytest.fixture(scope="module")
def tables():
    torch.manual_seed(0)
    model = Perceptron(PerceptronShape((6,))).requires_grad_(False)
    return tuple(
        counted(network(model, [0.4], 3)) for network in (ConvertedPerceptron, QuantisedPerceptron)
    )


def test_arithmetic_by_hand(tables):
    _, words = tables
    products, units = 64 * 6 * (0.2 + 0.03) + 6 * 10 * (0.2 * 2 / 8 + 0.03), 6 * 0.23 + 6 * 0.03
    found = priced(words, "arithmetic", activation_bits=2, leak=True).central
    assert found == pytest.approx((products + units) * 1e-12)


def test_zeros_skipped_and_memory_order_the_prices(tables):
    for table in tables:
        rows = pd.DataFrame(priced_rows(table, {"spiking": True}))
        price = on_schedule(rows).set_index("scenario")["central"].to_dict()
        assert set(price) == set(SCENARIOS)
        assert price["arithmetic-skip"] <= price["arithmetic"] < price["memory"]
        assert price["skip"] <= price["memory"]


def test_a_schedule_moves_the_price_of_spikes_and_not_of_words(tables):
    for table, spiking in zip(tables, (True, False), strict=True):
        rows = pd.DataFrame(priced_rows(table, {"spiking": spiking}))
        paid = rows[rows["scenario"] == "memory"].set_index("schedule")["central"]
        assert tuple(paid.index) == SHOWN and paid.is_monotonic_decreasing
        assert (paid.nunique() == len(SHOWN)) == spiking
        best = estimate(table, narrow(leak=False), schedule=IN_ACCUMULATORS).joules.central
        assert paid[IN_ACCUMULATORS] == pytest.approx(best * 1e9)


def test_word_ratios_take_the_rival_of_each_scenario(made_up):
    free = made_up.assign(scenario="arithmetic", central=made_up["central"] ** 2)
    table = word_ratios(pd.concat([made_up, free]), 0.0).set_index(["scenario", "schedule"])
    row = table.loc[("memory", STEP_BY_STEP)]  # c over b, d over a
    assert (row["least"], row["middle"], row["wins"], row["networks"]) == (0.5, 1.0, 1, 2)
    assert table.loc[("memory", FREE), "least"] == table.loc[("arithmetic", STEP_BY_STEP), "least"]
    assert table.loc[("memory", FREE), "least"] == 0.25


def test_spikes_on_the_chip_pay_its_prices(tables):
    rate, _ = tables
    spikes, updates = rate["acs"].sum(), rate["neuron_updates"].sum()
    chip = priced(rate, "loihi", spiking=True).central
    assert chip > (spikes * 23.6 + updates * 81) * 1e-12


def test_twin_rows_divide_the_prices(tables):
    rate, words = tables
    rows = [r for r in twin_rows(rate, words, 2) if r["scenario"] == "memory"]
    row = next(r for r in rows if r["schedule"] == STEP_BY_STEP)
    one, two = (
        priced(rate, "memory", spiking=True),
        priced(words, "memory", activation_bits=2, leak=True),
    )
    assert row["ratio"] == pytest.approx(one.central / two.central)
    assert row["low"] <= row["ratio"] <= row["high"] and 0 <= row["rate"] <= 1


def test_front_drops_what_is_beaten(made_up):
    assert list(front(made_up)["network"]) == ["d", "b", "e"]
    with pytest.raises(ValueError, match="networks"):
        front(made_up.iloc[:0])


def test_summary_marks_the_front_of_each_family(made_up):
    worse = made_up.assign(network=made_up["network"] + "2", central=10 * made_up["central"])
    rows = pd.concat([made_up, worse]).assign(low=0.5, high=20.0)
    seeds = pd.concat([rows.assign(seed=s, accuracy=rows["accuracy"] + s / 100) for s in range(3)])
    table = summary(seeds).set_index("network")
    assert set(table.index[table["on_front"]]) == {"a", "b", "c", "d", "e"}
    assert table.loc["a", "percent"] == pytest.approx(91)
    assert table.loc["a", "half_width"] == pytest.approx(4.303 / 3**0.5, rel=1e-3)


def test_dearer_compares_networks_that_read_well_enough(made_up):
    rows = pd.concat([made_up.assign(seed=s, central=made_up["central"] + s) for s in range(2)])
    found = dearer(rows.assign(accuracy=0.96), "memory", ("first spike",))
    assert found.to_dict() == pytest.approx({0: 1 / 0.5, 1: 2 / 1.5})
    assert dearer(rows, "memory", ("ANN, int8",)).to_dict() == pytest.approx({0: 9 / 2, 1: 10 / 3})


def test_unknown_scenario_is_refused(tables):
    with pytest.raises(ValueError, match="scenario"):
        priced(tables[0], "free")


def test_a_mixed_price_takes_rows_from_both(tables):
    _, words = tables
    first, rest = narrow(8, 8), narrow(8, 2)
    mixed = price_mixed(words, first, rest, True, STEP_BY_STEP)
    eight, two = (estimate(words, machine, True).layers["central"] for machine in (first, rest))
    name = words["layer"].iloc[0]
    assert mixed.central == pytest.approx(eight[name] + two.drop(name).sum())
    alone = price_mixed(words, first, first, True, STEP_BY_STEP)
    assert alone == estimate(words, first, True).joules
