"""Printed rows are shown once each, with what the page claims of them."""

from brainbook.pages.limitations.spiking.printed import (
    measure_published,
    measure_reprints,
    misses,
)


def test_every_row_says_what_is_claimed_of_it():
    rows = measure_published().set_index("network")
    assert rows.index.is_unique and rows["statement"].is_unique
    assert rows.loc["ViT-L/16", "statement"].endswith("is that of the smaller ViT-B/16.")
    assert rows.loc["Swin-B", "statement"].startswith("Following the method of its table")


def test_stems_stand_beside_their_rows():
    rows = measure_published().set_index("network")
    wide = rows["width"] == 512
    assert (rows["own_width_mj"] >= rows["width_512_mj"])[wide].all()
    assert rows.loc["Swin-B"].isna()["own_width_mj"]


def test_reprints_are_of_printed_networks():
    reprints = measure_reprints()
    assert (reprints.conflicts["ratio"] != 1).all()
    assert set(reprints.prices["network"]) <= set(reprints.conflicts["network"])
    assert (reprints.missing["missing"].str.len() > 0).all()


def test_rows_that_miss_print_are_listed_with_their_difference():
    listed = misses(measure_published()).set_index("network")
    assert (listed["difference, %"].abs() > listed["rounding, %"]).all()
    assert "Spiking ResNet-50, 350 steps" in listed.index and "Swin-B" not in listed.index
