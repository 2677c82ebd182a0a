"""What is shown of the published constants."""

from brainbook.evidence import facts
from brainbook.pages.limitations.neuromorphic.published import (
    OPERATIONS,
    listed,
    measure_chips,
    measure_disagreements,
    measure_energies,
)


def test_every_published_energy_is_shown_with_its_source():
    shown, table = measure_energies(), facts.table("energy_chips.csv")
    kinds = table["quantity"].str.contains(OPERATIONS)
    assert sorted(shown["energy"]) == sorted(table.loc[kinds, "value"])
    assert (shown["source"].str.len() > 0).all()
    assert list(listed(shown)["pJ"]) == list(shown["energy"])


def test_a_chip_shows_what_was_found_and_what_was_not():
    chips = measure_chips().set_index("chip")
    assert chips.loc["Loihi 2", "pJ per operation"] == "none found"
    assert chips.loc["SpiNNaker", "pJ per operation"] == "45, 13,300, 43,000"
    keys = chips["source"].str.split()
    assert (keys.map(len) > 0).all() and (keys.map(len) == keys.map(set).map(len)).all()


def test_prices_of_crossbars_follow_from_published_efficiencies():
    limits, table = facts.table("chips.csv"), measure_energies().set_index("quantity")["energy"]
    efficiency = limits.set_index("quantity")["value"]
    for mode in ("four", "one"):
        per_watt = efficiency[f"efficiency, {mode}-phase read"]  # 10¹² operations, two a MAC
        assert min(abs(table["8-bit multiply-accumulate"] - 2 / per_watt)) < 5e-4


def test_two_sources_differ_where_a_disagreement_is_shown():
    conflicts = measure_disagreements()
    assert (conflicts["ratio"] > 1).all() and len(conflicts["source"].iloc[0].split()) == 2
