"""Chips: units that are checked, profiles from cited rows, and conflicts between sources."""

from __future__ import annotations

import pytest

from opjoules import sources
from opjoules.hardware import chips
from opjoules.hardware.catalogue import CHIPS, IN_MEMORY, operation_energy, profile, profiles
from opjoules.hardware.profile import in_unit


def test_every_cost_row_has_a_unit_of_its_dimension():
    assert len(chips.constants()) == len(sources.table("energy_chips.csv"))
    for name, unit, columns in (
        ("energy_operations.csv", "pJ / operation", ("energy",)),
        ("energy_memory.csv", "pJ / access", ("energy_low", "energy", "energy_high")),
    ):
        table = sources.table(name)
        converted = in_unit(table, name, unit, columns)
        assert (converted[list(columns)] > 0).all(axis=None)


def test_units_convert_and_a_wrong_dimension_names_row_and_unit():
    table = sources.table("energy_chips.csv").head(3)
    nano = table.assign(unit="nJ / operation")
    wide = in_unit(nano, "x.csv", "pJ / operation", ("value",))
    assert wide["value"].to_numpy() == pytest.approx(1000 * table["value"].to_numpy())
    wrong = table.assign(unit=["pJ / operation", "pJ / access", "pJ / operation"])
    with pytest.raises(ValueError, match=r"x\.csv, row 3, value: .*pJ / access"):
        in_unit(wrong, "x.csv", "pJ / operation", ("value",))
    with pytest.raises(ValueError, match=r"row 2, value: .*watt"):
        in_unit(table.assign(unit="watt"), "x.csv", "pJ / operation", ("value",))


def test_a_wrong_unit_in_the_data_stops_the_profile(monkeypatch):
    spoiled = sources.table("energy_operations.csv").assign(unit="pJ / access")
    monkeypatch.setattr(sources, "table", lambda name: spoiled)
    with pytest.raises(ValueError, match="energy_operations.csv, row .*pJ / access"):
        operation_energy("add", "int8")


def test_profiles_of_tabulated_chips_are_their_rows():
    table = sources.table("energy_chips.csv")
    for name in ("seneca", "odin", "reckon", "tianjic", "neuronflow", "ubrain"):
        rows = table[(table["chip"] == CHIPS[name]) & (table["quantity"] == chips.SYNAPSE)]
        cost = profile(name).ac
        assert len(rows) == 1
        assert cost.low == cost.central == cost.high == rows["value"].iloc[0]


def test_crossbars_span_their_two_read_modes():
    # A MAC is two operations: pJ per MAC = 2 / (tera-operations per second and watt).
    crossbar = profile(IN_MEMORY)
    assert crossbar.mac.low == pytest.approx(2 / 9.76, rel=1e-3)
    assert crossbar.mac.high == pytest.approx(2 / 2.48, rel=1e-3)
    assert crossbar.mac.central == pytest.approx((crossbar.mac.low * crossbar.mac.high) ** 0.5)
    assert crossbar.memory is None and crossbar.neuron_update.high == 0


def test_two_technology_tables_keep_the_order_of_operations():
    for width in ("int8", "fp32"):
        old, new = profile(f"45nm_{width}"), profile(f"7nm_{width}")
        assert new.mac.central < old.mac.central and new.ac.central < old.ac.central
        shared = set(old.memory) & set(new.memory)
        assert shared == {"SRAM 8 KB", "SRAM 32 KB", "SRAM 1 MB"}
        assert all(new.memory[level][1].high < old.memory[level][1].low for level in shared)
    # Jouppi et al. (2021): arithmetic shrank more than a small memory did.
    arithmetic = profile("45nm_int8").mac.central / profile("7nm_int8").mac.central
    memory = (
        profile("45nm_int8").access("SRAM 8 KB", 64).central
        / profile("7nm_int8").access("SRAM 8 KB", 64).central
    )
    assert arithmetic > 2 > memory > 1


def test_a_hop_costs_between_the_two_directions():
    hop = chips.transport("loihi")
    assert (hop.low, hop.high) == (3.0, 4.2) and hop.low < hop.central < hop.high
    assert chips.transport("truenorth").low == chips.transport("truenorth").high == 2.3
    with pytest.raises(ValueError, match="name: got 'odin'; .*loihi"):
        chips.transport("odin")


def test_disagreements_show_both_values_and_both_sources():
    found = chips.disagreements().set_index(["chip", "quantity"])
    expected = {
        ("SpiNNaker", chips.SYNAPSE): (13300, 43000),
        ("TrueNorth", chips.SYNAPSE): (2.5, 26),
        ("SpiNNaker2", chips.SYNAPSE): (10, 450),
        ("Loihi", chips.SYNAPSE): (23.6, 35.5),
        ("45 nm logic", "64 bits from SRAM 8 KB"): (10, 20),
    }
    for key, (low, high) in expected.items():
        row = found.loc[key]
        assert (row["low"], row["high"]) == (low, high)
        assert row["ratio"] == pytest.approx(high / low) and row["low_source"] != row["high_source"]
        assert set(row["source"].split()) == {row["low_source"], row["high_source"]}
    assert found["ratio"].is_monotonic_decreasing and (found["ratio"] > 1).all()
    assert ("ODIN", chips.SYNAPSE) not in found.index


def test_nothing_is_computed_from_a_suspected_misprint():
    table = chips.constants()
    suspect = table[table["evidence"] == chips.MISPRINT]
    assert set(suspect["chip"]) == {"SpiNNaker"}
    assert profile("spinnaker").ac.low == 13300 > suspect["value"].max()


def test_no_energy_is_invented_for_loihi_2():
    table = sources.table("energy_chips.csv")
    assert "Loihi 2" not in set(table["chip"]) and "loihi2" not in profiles()


def test_sources_of_chips_are_in_the_bibliography():
    bibliography = (sources.SHARE / "references.bib").read_text()
    for name in ("energy_chips.csv", "energy_memory.csv", "energy_operations.csv"):
        for key in set(" ".join(sources.table(name)["source"]).split()):
            assert f"{{{key}," in bibliography, key
    for key in set(" ".join(sources.table("chips.csv")["source"]).split()):
        assert f"{{{key}," in bibliography, key
