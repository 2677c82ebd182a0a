"""Published tables, recomputed from definitions."""

from __future__ import annotations

import pytest

from brainbook.energy import networks, published

ROWS = published.published_rows().set_index("network")


@pytest.fixture(scope="module")
def recomputed():
    return published.recompute().set_index("network")


def test_first_convolution_by_hand():
    assert published.first_convolution(512) == 224 * 224 * 3 * 3 * 3 * 64


def test_spikformer_charges_width_512_to_every_width_at_every_step():
    table = published.first_convolution_charge().set_index("network")
    spikformer = table[table["family"] == "Spikformer"]
    # What is left of every row after its accumulates is one number, whatever the width …
    assert (spikformer["residual_mj"] - spikformer["width_512_mj"]).abs().max() < 5.01e-3
    assert set(spikformer["width"]) == {384, 512, 768}
    # … and the first convolution of the row's own width does not fit.
    for name in ("Spikformer 8-384", "Spikformer 8-768"):
        row = spikformer.loc[name]
        assert abs(row["residual_mj"] - row["own_width_mj"]) > 50 * row["rounding_mj"]


def test_spikingformer_charges_its_own_width():
    table = published.first_convolution_charge()
    rows = table[table["family"] == "Spikingformer"]
    assert ((rows["residual_mj"] - rows["own_width_mj"]).abs() < rows["rounding_mj"]).all()


def test_published_log_from_definition_and_rates():
    layers = published.spikingformer_layers()
    log = ROWS.loc["Spikingformer 8-512 (log)"]
    assert layers["macs"].sum() / 1e9 == pytest.approx(log["macs_g"], rel=1e-9)
    assert layers["acs"].sum() / 1e9 == pytest.approx(log["acs_g"], rel=1e-8)
    listed = layers.dropna(subset="published")
    assert len(listed) == 4 + 8 * 6
    assert (listed["acs"] / listed["published"] - 1).abs().max() < 1e-6


def test_every_row_within_one_percent_where_its_method_is_followed(recomputed):
    assert len(recomputed) == len(ROWS) - 3
    assert recomputed["deviation"].abs().max() < 0.01
    exact = recomputed[recomputed["basis"].str.startswith("published operations;")]
    assert exact["deviation"].abs().max() < 1e-3
    assert recomputed.loc["Spikingformer 8-512 (log)", "deviation"] == pytest.approx(0, abs=1e-8)


def test_corrections(recomputed):
    for name, row in recomputed.iterrows():
        family = ROWS.loc[name, "family"]
        if family in ("Spikformer", "Spikingformer"):
            width, steps = int(ROWS.loc[name, "width"]), ROWS.loc[name, "timesteps"]
            stem = published.charge(0, published.first_convolution(width) / 1e9)
            assert row["per_step_mj"] - row["corrected_mj"] == pytest.approx((steps - 1) * stem)
        elif family in ("tool", "DeiT", "ResNet", "SEW-ResNet"):
            assert row["corrected_mj"] == row["recomputed_mj"]
    assert recomputed.loc["Spikformer 8-384", "per_step_mj"] < 7.734
    assert recomputed.loc["Spikformer 8-768", "per_step_mj"] > 21.477
    assert recomputed.loc["Spikformer 8-512", "per_step_mj"] == pytest.approx(11.577, rel=1e-3)


def test_transformer_count_lies_between_none_and_full_attention():
    table = published.transformer_counts().set_index("counted")["macs_g"]
    target = ROWS.loc["Transformer 8-512", "macs_g"]
    assert table["without attention products"] < target < table.iloc[-1]
    products = 8 * 2 * 196**2 * 512 / 1e9
    assert table.iloc[-1] - table.iloc[0] == pytest.approx(products)


def test_deit_from_its_definition(recomputed):
    macs = networks.vision_transformer(12, 768)["macs"].sum()
    assert recomputed.loc["DeiT-B", "recomputed_mj"] == pytest.approx(macs * 4.6e-9)


def test_same_network_charged_twice():
    table = published.conflicts()
    assert len(table) == 3
    assert (table["ratio"] > 1.4).all()


def test_sources_stand_in_every_row(recomputed):
    assert (recomputed["source"].str.len() > 0).all() and (recomputed["where"].str.len() > 0).all()
    assert (recomputed["note"].str.len() > 0).all()
