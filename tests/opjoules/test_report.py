"""The report adds up, says what dominates it, and names what it leaves out."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import snntorch
import torch
from pybtex.database import parse_string
from torch import nn

from opjoules.display import ROWS, compact
from opjoules.hardware.catalogue import profile
from opjoules.pricing.estimate import Joules
from opjoules.report import energy_report
from opjoules.units import quantity


class Spiking(nn.Module):
    """Two spiking layers over three steps, and a layer that never runs."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(12, 20)
        self.first_neurons = snntorch.Leaky(beta=0.9, threshold=0.1)
        self.second = nn.Linear(20, 4)
        self.second_neurons = snntorch.Leaky(beta=0.9, threshold=0.1)
        self.forgotten = nn.Linear(4, 4)

    def forward(self, image):
        one, two, total = self.first_neurons.reset_mem(), self.second_neurons.reset_mem(), 0
        for _ in range(3):
            spikes, one = self.first_neurons(self.first(image), one)
            spikes, two = self.second_neurons(self.second(spikes), two)
            total = total + spikes
        return total.softmax(-1)


@pytest.fixture(scope="module")
def spiking():
    torch.manual_seed(0)
    return energy_report(Spiking(), torch.rand(8, 12), "45nm_fp32")


def test_a_schedule_changes_the_price_and_stands_in_the_summary(spiking):
    kept = spiking.on("45nm_fp32", schedule="membranes in accumulators")
    assert kept.joules.central < spiking.joules.central
    assert kept.summary().endswith("45nm_fp32, with memory, membranes in accumulators)")
    assert spiking.summary().endswith("45nm_fp32, with memory, step by step)")
    dense = energy_report(nn.Linear(3, 2), torch.randn(1, 3), "45nm_fp32")
    assert dense.summary().endswith("45nm_fp32, with memory)")


def test_a_dense_layer_costs_its_closed_form():
    report = energy_report(nn.Linear(30, 7), torch.randn(5, 30), "45nm_fp32", memory=False)
    machine = profile("45nm_fp32")
    expected = [210 * getattr(machine.mac, end) * 1e-12 for end in Joules._fields]
    assert report.joules == pytest.approx(expected, rel=1e-12)
    assert report.dominant["constant"] == "macs" and report.dominant["share"] == 1
    assert report.dominant["central_pj"] == pytest.approx(machine.mac.central, rel=1e-12)


def test_layers_and_constants_add_up_to_the_total(spiking):
    for end in Joules._fields:
        assert spiking.layers[end].sum() == pytest.approx(getattr(spiking.joules, end), rel=1e-12)
    constants = spiking.constants
    assert constants["central"].sum() == pytest.approx(spiking.joules.central, rel=1e-12)
    assert (
        constants["share"].sum() == pytest.approx(1) and constants["share"].is_monotonic_decreasing
    )
    priced = (constants["count"] * constants["central_pj"]).sum() * 1e-12
    assert priced == pytest.approx(spiking.joules.central, rel=1e-12)
    assert set(spiking.layers["layer"]) == set(spiking.operations["layer"])


def test_the_widest_constant_explains_the_interval():
    report = energy_report(nn.Linear(30, 7), torch.randn(5, 30), "45nm_int8", memory=False)
    assert report.widest["constant"] == "macs" and report.widest["spread"] == 1
    machine = profile("45nm_int8").mac
    assert report.widest["high_pj"] == pytest.approx(machine.high)
    narrow = energy_report(nn.Linear(30, 7), torch.randn(5, 30), "45nm_fp32", memory=False)
    assert narrow.widest is None and "No constant has an interval" in str(narrow)


def test_other_hardware_takes_the_same_count(spiking):
    loihi = spiking.on("loihi", host="45nm_int8")
    assert loihi.operations is spiking.operations
    assert loihi.joules != spiking.joules
    table = spiking.compare("45nm_fp32", "45nm_int8", "loihi", host="45nm_int8")
    assert list(table["central"]) == [
        spiking.joules.central,
        spiking.on("45nm_int8").joules.central,
        loihi.joules.central,
    ]
    assert "davies2018loihi" in table["source"].iloc[2]
    with pytest.raises(ValueError, match="no multiply-accumulate"):
        spiking.on("loihi")


def test_what_is_not_counted_is_named(spiking):
    assert spiking.uncounted["aten._softmax"] == 4
    assert spiking.unread == ["forgotten.weight"]
    text = str(spiking)
    assert "aten._softmax (4)" in text and "forgotten.weight" in text
    added = sum(spiking.uncounted.values()) * profile("45nm_fp32").mac.central * 1e-12
    assert spiking.uncounted_bound == pytest.approx(added / spiking.joules.central, rel=1e-12)


def test_a_model_whose_weights_are_all_read_has_none_unread():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(9, 6)
            self.kernel = nn.Conv1d(6, 6, 3)
            self.matrix = nn.Parameter(torch.randn(6, 5))

        def forward(self, tokens):
            maps = self.kernel(self.table(tokens).transpose(1, 2))
            return torch.einsum("bdn,de->bne", maps, self.matrix)

    report = energy_report(Odd(), torch.randint(9, (2, 8)))
    assert report.unread == [] and report.operations["macs"].sum() == 6 * 6 * 3 * 6 + 6 * 6 * 5


def test_modules_sum_their_layers(spiking):
    network = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), nn.Linear(4, 2))
    report = energy_report(network, torch.randn(3, 4))
    merged = report.by_module(1)
    assert list(merged.layers["layer"]) == ["0", "1"]
    assert merged.layers["macs"].tolist() == [32, 8]
    assert merged.joules == pytest.approx(report.joules, rel=1e-12)
    with pytest.raises(ValueError, match="depth: got 0"):
        report.by_module(0)


def test_the_table_in_a_terminal_holds_each_layer_and_the_total(spiking):
    text = str(spiking)
    for layer in spiking.operations["layer"]:
        assert re.search(rf"^{layer} ", text, re.M)
    total = next(line for line in text.splitlines() if line.startswith("total"))
    assert compact(spiking.joules.central) in total and "100.0%" in total
    assert all(len(line) <= 110 for line in text.splitlines())


def test_many_layers_are_summed_up():
    network = nn.Sequential(*(nn.Linear(3, 3) for _ in range(ROWS + 6)))
    text = str(energy_report(network, torch.randn(2, 3)))
    assert "6 more layers" in text


def test_the_notebook_shows_the_same_numbers_and_marks_sources(spiking):
    shown = spiking._repr_html_()
    cells = re.findall(r"<td>([^<]*)</td>", shown)
    assert compact(spiking.joules.central) in cells
    assert '<a data-cite="horowitz2014computing">Horowitz 2014</a>' in shown


def test_sources_can_be_cited(spiking):
    report = spiking.on("loihi", host="45nm_int8")
    keys = list(parse_string(report.bibtex(), "bibtex").entries)
    assert keys == report.sources and {"davies2018loihi", "horowitz2014computing"} <= set(keys)


def test_sources_that_disagree_are_both_named(spiking):
    text = str(spiking.on("truenorth", host="45nm_int8"))
    assert re.search(r"Sources disagree on TrueNorth, synaptic operation: 2\.5 pJ \[tang2023", text)
    assert "26 pJ [merolla2014million]" in text and "Loihi" not in text
    levels = set(spiking.estimate.table["level"]) - {""}
    table = spiking.disagreements
    assert set(table["quantity"]) == {f"64 bits from {level}" for level in levels}
    assert spiking.on("7nm_int8").disagreements.empty


def test_joules_per_thing_carry_their_unit(spiking):
    found = spiking.per("image", 1)
    assert found.to("joule / image").magnitude == pytest.approx(spiking.joules.central)
    assert found.dimensionality == quantity(1, "joule / image").dimensionality
    with pytest.raises(ValueError, match="number: got 0"):
        spiking.per("token", 0)
    with pytest.raises(ValueError, match="unit: got"):
        spiking.per("thought", 1)


def test_bars_are_as_long_as_the_layers_cost(spiking):
    figure = spiking.draw()
    bars = [patch for patch in figure.axes[0].patches]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    unit = re.search(r"\((.*?)\)", figure.axes[0].get_xlabel())[1]
    lengths = np.zeros(len(names))
    for bar in bars:
        lengths[round(bar.get_y() + bar.get_height() / 2)] += bar.get_width()
    joules = [quantity(length, unit).to("joule").magnitude for length in lengths]
    costs = spiking.layers.set_index("layer")["central"]
    assert joules == pytest.approx(list(costs[names]), rel=1e-9)
    plt.close(figure)
    with pytest.raises(ValueError, match="most: got 0"):
        spiking.draw(0)


def test_few_bars_say_how_much_they_leave_out(spiking):
    figure = spiking.draw(2)
    label = figure.axes[0].get_xlabel()
    shares = spiking.layers["share"].nlargest(2)
    assert f"2 more layers take {1 - shares.sum():.1%}" in label
    plt.close(figure)


@pytest.mark.parametrize(("joules", "text"), [(0, "0 J"), (1.16e-5, "11.6 µJ"), (2e3, "2 kJ")])
def test_energies_have_prefixes(joules, text):
    assert compact(joules) == text.replace(" ", "\N{NO-BREAK SPACE}")


def test_columns_without_a_count_are_left_out():
    report = energy_report(nn.Linear(30, 7), torch.randn(5, 30))
    head = str(report).splitlines()[0].split()
    assert "MACs" in head and "ACs" not in head and "updates" not in head


def test_as_dataframe_has_a_source_in_every_row(spiking):
    table = spiking.as_dataframe()
    assert (table["source"].str.len() > 0).all()
    assert table["central"].sum() == pytest.approx(spiking.joules.central, rel=1e-12)
