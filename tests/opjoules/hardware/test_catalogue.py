"""Hardware profiles: constants follow from the cited tables, units and sources are complete."""

from __future__ import annotations

import pytest

from opjoules import sources
from opjoules.hardware.catalogue import CHIPS, SURVEY, Cost, operation_energy, profile, profiles
from opjoules.hardware.chips import MISPRINT


def test_published_pairs_of_mac_and_ac():
    # The values that papers print, sums of a multiplication and an addition of the same table.
    for name, mac, ac in (("45nm_fp32", 4.6, 0.9), ("45nm_int8", 0.23, 0.03)):
        machine = profile(name)
        assert machine.mac.central == pytest.approx(mac)
        assert machine.ac.central == pytest.approx(ac)


def test_wide_accumulator_is_the_high_end_of_narrow_formats():
    int8, fp16, fp32 = (profile(f"45nm_{width}") for width in ("int8", "fp16", "fp32"))
    assert int8.mac.high - int8.mac.low == pytest.approx(
        operation_energy("add", "int32") - operation_energy("add", "int8")
    )
    assert fp16.ac.high == fp32.ac.central > fp16.ac.central
    assert fp32.mac.low == fp32.mac.high


@pytest.mark.parametrize("name", profiles())
def test_every_constant_is_ordered_sourced_and_sized(name):
    table = profile(name).as_dataframe()
    assert (table["low_pj"] <= table["central_pj"]).all()
    assert (table["central_pj"] <= table["high_pj"]).all()
    assert (table["word_bits"] > 0).all()
    bibliography = (sources.SHARE / "references.bib").read_text()
    for key in " ".join(table["source"]).split():
        assert f"{{{key}," in bibliography
    assert {"ac", "neuron update", "comparison"} <= set(table["operation"])


def test_conflicting_sources_span_the_interval_of_a_chip():
    table = sources.table("energy_chips.csv")
    table = table[table["evidence"] != MISPRINT]
    for name, chip in CHIPS.items():
        rows = table[(table["chip"] == chip) & (table["quantity"] == "synaptic operation")]
        cost = profile(name).ac
        assert cost.low == rows["value"].min() and cost.high == rows["value"].max()
        assert set(cost.source.split()) == set(" ".join(rows["source"]).split())
    loihi = profile("loihi")
    assert loihi.mac is None and loihi.memory is None
    assert loihi.neuron_update.low < loihi.neuron_update.central == loihi.neuron_update.high


def test_memory_is_charged_per_bit_of_a_64_bit_access():
    machine = profile("45nm_fp32")
    _, access = machine.memory["SRAM 8 KB"]
    assert machine.access("SRAM 8 KB", 64).central == access.central
    # A 32-bit word from the 8 KB cache costs half of the access (PMC8934428, table 3).
    assert machine.access("SRAM 8 KB", 32).central == pytest.approx(access.central / 2)
    assert machine.access("DRAM", 8).high == pytest.approx(machine.memory["DRAM"][1].high / 8)


@pytest.mark.parametrize(
    "elements,bits,level",
    [
        (8192, 8, "SRAM 8 KB"),
        (8193, 8, "SRAM 32 KB"),
        (8192, 32, "SRAM 32 KB"),
        (8193, 32, "SRAM 1 MB"),
        (2**20, 8, "SRAM 1 MB"),
        (2**20 + 1, 8, "DRAM"),
        (1e12, 32, "DRAM"),
    ],
)
def test_a_tensor_lives_in_the_smallest_memory_that_holds_it(elements, bits, level):
    assert profile("45nm_int8").level(elements, bits) == level


def test_chips_of_different_definition_stay_in_the_survey_and_software_out():
    survey, table = profile(SURVEY), sources.table("energy_chips.csv")
    software = table["chip"].isin(["SpiNNaker", "SpiNNaker2"])
    rows = table[(table["quantity"] == "synaptic operation") & ~software]
    assert survey.ac.low == rows["value"].min() and survey.ac.high == rows["value"].max()
    assert survey.ac.low < survey.ac.central < survey.ac.high


def test_in_memory_rows_follow_from_their_efficiency():
    # A MAC is two operations: pJ per MAC = 2 / (tera-operations per second and watt).
    table = sources.table("energy_chips.csv").set_index("chip")
    for chip, tops in (("HERMES PCM", 2.48), ("HERMES PCM fast mode", 9.76)):
        assert table.loc[chip, "value"] == pytest.approx(2 / tops, rel=1e-3)


def test_errors_say_what_is_allowed():
    with pytest.raises(ValueError, match="profile: got 'gpu'; allowed are .*45nm_int8"):
        profile("gpu")
    with pytest.raises(ValueError, match="operation: got multiply int4"):
        operation_energy("multiply", "int4")
    with pytest.raises(ValueError, match="low 2, central 1"):
        Cost(2, 1, 3, "x")
    with pytest.raises(ValueError, match="counts memory inside"):
        profile("loihi").level(10, 8)
