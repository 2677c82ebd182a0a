"""Published energies recomputed by hand, row by row."""

from __future__ import annotations

import pytest

from opjoules.published import transformers


def test_a_training_run_is_chips_times_days_times_power_times_overhead():
    run = transformers.training_runs().set_index("model").loc["GPT-3"]
    by_hand = 10_000 * 14.8 * 24 * 330 * 1.10 / 1e6
    assert run["recomputed_mwh"] == pytest.approx(by_hand)
    assert run["deviation_percent"] == pytest.approx(100 * (by_hand / 1287 - 1))
    slack = 0.05 / 14.8 + 0.5 / 330 + 0.005 / 1.10 + 0.5 / 1287
    assert run["allowed_percent"] == pytest.approx(100 * slack)


def test_hours_that_are_given_are_taken():
    table = transformers.training_runs().set_index("model")
    assert table.loc["BLOOM", "recomputed_mwh"] == pytest.approx(1_082_990 * 400 / 1e6, abs=1e-9)
    assert table.loc["LLaMA-65B", "recomputed_mwh"] == pytest.approx(1_022_362 * 400 * 1.1 / 1e6)
    rated = table[table["evidence"] == "rated"]
    assert rated["floor_45nm_mwh"].isna().all(), "no operations printed, no floor"


def test_two_rows_are_off_by_more_than_rounding():
    table = transformers.training_runs().set_index("model")
    off = table[table["deviation_percent"].abs() > table["allowed_percent"] + 1e-9]
    assert set(off.index) == {"BLOOM-175B (as if)", "LLaMA-65B"}


def test_floors_by_hand():
    new, old = transformers.arithmetic_floor(1e12, "fp16")
    assert old == pytest.approx(1.1 + 0.4) and new == pytest.approx(0.34 + 0.38)
    new, old = transformers.arithmetic_floor(1e12, "int8")
    assert old == pytest.approx(0.2 + 0.03) and new == pytest.approx(0.07 + 0.007)
    new, old = transformers.weights_fetched(1e12, 16, batch=2)
    assert old == pytest.approx(1950 * 16 / 64 / 2) and new == pytest.approx(350 * 16 / 64 / 2)


def test_the_estimate_of_a_query_by_hand():
    query = transformers.epoch_query()
    assert query["seconds"] == pytest.approx(2 * 1e11 * 500 / (9.89e14 * 0.1))
    assert query["watts"] == pytest.approx(1071)
    assert query["joules"] / 3600 == pytest.approx(0.301, abs=5e-4)


def test_joules_per_query_and_per_token():
    table = transformers.inference_energies().set_index(["system", "per"])
    assert table.loc[("Gemini, full count", "query"), "value"] == pytest.approx(0.24 * 3600)
    assert table.loc[("text generation", "query"), "value"] == pytest.approx(47 * 3.6)
    assert table.loc[("text generation", "token"), "value"] == pytest.approx(4.7 * 3.6)
    assert table.loc[("3B model on NorthPole", "token"), "value"] == pytest.approx(672 / 28356)
    known = table.dropna(subset=["low"])
    assert (known["low"] <= known["value"]).all() and (known["value"] <= known["high"]).all()
    assert table["value"].notna().all() and set(table.index.get_level_values(1)) == {
        "query",
        "token",
    }


def test_above_floor_divides_print_by_floor():
    table = transformers.above_floor().set_index("system")
    llama = table.loc["LLaMA-65B"]
    assert llama["ratio_45nm"] == pytest.approx(3.5 / (65e9 * 1.5e-12))
    gpt3 = table.loc["GPT-3"]
    assert gpt3["ratio_45nm"] == pytest.approx(1287 * 3.6e9 / (1.57e23 * 1.5e-12))
    assert (table["ratio_7nm"] > table["ratio_45nm"]).all()
    assert table[table["kind"] == "training"]["fetch_7nm"].isna().all()


@pytest.mark.parametrize(
    "call,word",
    [
        (lambda: transformers.arithmetic_floor(-1, "fp16"), "macs"),
        (lambda: transformers.arithmetic_floor(1, "fp64"), "width"),
        (lambda: transformers.weights_fetched(1, 8, batch=0), "batch"),
    ],
)
def test_nonsense_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
