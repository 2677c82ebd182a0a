"""Published tables, recomputed from definitions."""

from __future__ import annotations

import pytest

from opjoules.architectures.hierarchical import qkformer
from opjoules.architectures.transformers import vision_transformer
from opjoules.published import rules, spiking

ROWS = spiking.published_rows().set_index("network")


@pytest.fixture(scope="module")
def recomputed():
    return spiking.recompute().set_index("network")


def test_first_convolution_by_hand():
    assert rules.first_convolution(512) == 224 * 224 * 3 * 3 * 3 * 64


def test_spikformer_charges_width_512_to_every_width_at_every_step():
    table = spiking.first_convolution_charge().set_index("network")
    spikformer = table[table["family"] == "Spikformer"]
    # What is left of every row after its accumulates is one number, whatever the width …
    assert (spikformer["residual_mj"] - spikformer["width_512_mj"]).abs().max() < 5.01e-3
    assert set(spikformer["width"]) == {384, 512, 768}
    # … and the first convolution of the row's own width does not fit.
    for name in ("Spikformer 8-384", "Spikformer 8-768"):
        row = spikformer.loc[name]
        assert abs(row["residual_mj"] - row["own_width_mj"]) > 50 * row["rounding_mj"]


def test_spikingformer_charges_its_own_width():
    table = spiking.first_convolution_charge()
    rows = table[table["family"] == "Spikingformer"]
    assert ((rows["residual_mj"] - rows["own_width_mj"]).abs() < rows["rounding_mj"]).all()


def test_published_log_from_definition_and_rates():
    layers = rules.spikingformer_layers()
    log = ROWS.loc["Spikingformer 8-512 (log)"]
    assert layers["macs"].sum() / 1e9 == pytest.approx(log["macs_g"], rel=1e-9)
    assert layers["acs"].sum() / 1e9 == pytest.approx(log["acs_g"], rel=1e-8)
    listed = layers.dropna(subset="published")
    assert len(listed) == 4 + 8 * 6
    assert (listed["acs"] / listed["published"] - 1).abs().max() < 1e-6


def test_rows_that_print_rounding_does_not_explain(recomputed):
    rounding = recomputed["rounding_mj"]
    # By hand: 4.035 mJ and 3.88 · 10⁹ accumulates; 80.50 mJ, so 17.5 · 10⁹ multiplications.
    assert rounding["SEW-ResNet-34"] == pytest.approx(0.0005 + 0.9 * 0.005)
    assert rounding["DeiT-B"] == pytest.approx(0.005 + 4.6 * 0.05)
    assert rounding["ResNet-18"] == pytest.approx(0.0005 + 4.6 * 0.005)
    assert (recomputed["met"] == (recomputed["recomputed_mj"] - recomputed["published_mj"]).abs()
            .le(rounding)).all()  # fmt: skip
    assert not recomputed.loc["Spiking ResNet-50, 350 steps", "met"]


def test_every_row_within_one_percent_where_its_method_is_followed(recomputed):
    assert recomputed["deviation"].abs().max() < 0.01
    exact = recomputed[recomputed["basis"].str.startswith("published operations;")]
    assert len(exact) == 5 + 3 + 7
    assert exact["deviation"].abs().max() < 1.1e-3
    assert recomputed.loc["Spikingformer 8-512 (log)", "deviation"] == pytest.approx(0, abs=1e-8)


def test_every_printed_row_is_recomputed_or_listed_as_missing_or_as_a_second_print(recomputed):
    again = spiking.conflicts()
    listed = spiking.missing()
    assert len(recomputed) + len(again) + len(listed) == len(ROWS)
    assert not set(recomputed.index) & set(listed["network"])
    assert (listed["missing"].str.len() > 0).all()
    printed = ROWS.loc[listed["network"]]
    # Nothing is guessed: rows are only listed where neither operations nor rates were printed.
    assert printed["acs_g"].isna().all() and printed["macs_g"].isna().all()


def test_corrections(recomputed):
    for name, row in recomputed.iterrows():
        family = ROWS.loc[name, "family"]
        if family in ("Spikformer", "Spikingformer"):
            width, steps = int(ROWS.loc[name, "width"]), ROWS.loc[name, "timesteps"]
            stem = rules.charge(0, rules.first_convolution(width) / 1e9)
            assert row["per_step_mj"] - row["corrected_mj"] == pytest.approx((steps - 1) * stem)
        elif family in ("tool", "ViT", "Swin", "BERT", "ResNet", "SEW-ResNet"):
            assert row["corrected_mj"] == row["recomputed_mj"]
    assert recomputed.loc["Spikformer 8-384", "per_step_mj"] < 7.734
    assert recomputed.loc["Spikformer 8-768", "per_step_mj"] > 21.477
    assert recomputed.loc["Spikformer 8-512", "per_step_mj"] == pytest.approx(11.577, rel=1e-3)


def test_transformer_count_lies_between_none_and_full_attention():
    table = rules.transformer_counts().set_index("counted")["macs_g"]
    target = ROWS.loc["Transformer 8-512", "macs_g"]
    assert table["without attention products"] < target < table.iloc[-1]
    products = 8 * 2 * 196**2 * 512 / 1e9
    assert table.iloc[-1] - table.iloc[0] == pytest.approx(products)


def test_dense_transformers_from_their_definitions(recomputed):
    macs = vision_transformer(12, 768)["macs"].sum()
    assert recomputed.loc["DeiT-B", "recomputed_mj"] == pytest.approx(macs * 4.6e-9)
    # 577 tokens at 384 pixels, 128 in a text: the closed form of a block, and what surrounds it.
    tokens, width, pixels = 577, 768, 576
    block = 12 * tokens * width**2 + 2 * tokens**2 * width
    vit = 12 * block + pixels * width * 768 + width * 1000
    for name in ("ViT-B/16, 384 pixels", "DeiT-B, 384 pixels"):
        assert recomputed.loc[name, "recomputed_mj"] == pytest.approx(vit * 4.6e-9)
    text = 12 * (12 * 128 * width**2 + 2 * 128**2 * width)
    assert recomputed.loc["BERT-base", "recomputed_mj"] == pytest.approx(text * 4.6e-9)


def test_a_large_transformer_was_printed_with_the_energy_of_the_base_one(recomputed):
    row = recomputed.loc["ViT-L/16"]
    large = vision_transformer(24, 1024)["macs"].sum() * 4.6e-9
    assert row["corrected_mj"] == pytest.approx(large)
    assert row["recomputed_mj"] == recomputed.loc["DeiT-B", "recomputed_mj"]
    assert large > 3 * row["published_mj"]


def test_same_network_charged_twice():
    table = spiking.conflicts().set_index("second")
    assert (table.loc["recharged", "ratio"] > 1.4).all() and len(table.loc["recharged"]) == 3
    assert (table.loc["under review", "ratio"] < 0.1).all()
    assert len(table.loc["under review"]) == 12
    slip = table.loc["QKFormer table"]
    assert slip["second_mj"] == ROWS.loc["SEW-ResNet-50", "energy_mj"] != slip["energy_mj"]
    name = "S-Transformer 8-768, 288 pixels"
    assert list(ROWS.loc[[name, f"{name} (Max-Former table)"], "input_size"]) == [288, 224]


def test_the_table_under_review_charged_one_price():
    table = spiking.review_price()
    price, rounding = table["price_fj"], table["rounding_fj"]
    assert len(table) == 12
    # Intervals left by rounding share a point: one price explains every row …
    low, high = (price - rounding).max(), (price + rounding).min()
    assert low < high
    # … and it is far from the 0.9 pJ charged later.
    assert high < 900 / 11


def test_printed_qkformer_energies_need_more_spikes_than_their_paper_reports():
    table = spiking.missing().set_index("network")
    rates = table["implied_rate"].dropna()
    assert len(rates) == 6 and rates.between(0, 1).all()
    network = qkformer(768).set_index("layer")["macs"] / 1e9
    rate, driven = rates["HST-10-768"], network.drop(["stem.0", "head"]).sum()
    energy = 4.6 * (4 * network["stem.0"] + network["head"]) + 0.9 * rate * 4 * driven
    assert energy == pytest.approx(ROWS.loc["HST-10-768", "energy_mj"])
    assert rate > table.loc["HST-10-768", "printed_rate"] > 0.3


def test_sources_stand_in_every_row(recomputed):
    assert (recomputed["source"].str.len() > 0).all() and (recomputed["where"].str.len() > 0).all()
    assert (recomputed["note"].str.len() > 0).all()


def test_the_schedule_moves_the_published_pair_between_its_two_ends():
    table = spiking.spikingformer_schedules(["45nm_fp32"]).set_index("schedule")
    schemes = spiking.spikingformer_schemes().set_index("scheme")
    for schedule, scheme in (
        ("", "book, no memory"),
        ("step by step", "book, with memory"),
        ("membranes in accumulators", "book, membranes in accumulators"),
    ):
        ends = ["ratio", "ratio_low", "ratio_high"]
        assert table.loc[schedule, ends].tolist() == pytest.approx(schemes.loc[scheme, ends])
    assert table["central"].drop("").is_monotonic_decreasing
    assert (table["ratio_low"] <= table["ratio"]).all()
    assert (table["ratio"] <= table["ratio_high"]).all()
