"""Accounting schemes side by side, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from opjoules.architectures.transformers import spiking_transformer, vision_transformer
from opjoules.counting.operations import count_operations
from opjoules.pricing import break_even
from opjoules.pricing.estimate import estimate
from opjoules.pricing.lemaire import estimate_lemaire
from opjoules.pricing.schedules import IN_ACCUMULATORS
from opjoules.pricing.schemes import COLUMNS, LESS, MORE, OPEN, compare_schemes, spike_rates

MAC, AC = 4.6e-12, 0.9e-12  # J, fp32 at 45 nm (Horowitz 2014)
SPIKING = spiking_transformer(1, 64, 4, 64)


def spiking(rate: float, timesteps: int = 5):
    return spiking_transformer(1, 64, 4, 64, timesteps=timesteps, rates=rate)


@pytest.fixture(scope="module")
def dense():
    return vision_transformer(1, 64, 64, counts=True)


@pytest.fixture(scope="module")
def compared(dense):
    return compare_schemes(spiking(0.1), dense).set_index("scheme")


def test_operations_only_is_the_papers_sum(compared, dense):
    macs = SPIKING.set_index("layer")["macs"]
    driven = macs.drop(["stem.0", "head"]).sum()
    closed = MAC * (5 * macs["stem.0"] + macs["head"]) + AC * 0.1 * 5 * driven
    row = compared.loc["operations"]
    assert row["central"] == pytest.approx(closed, rel=1e-12) == row["low"] == row["high"]
    assert row["dense_central"] == pytest.approx(MAC * dense["macs"].sum())
    assert row["ratio"] == pytest.approx(row["central"] / row["dense_central"])


def test_each_scheme_is_its_own_estimator(compared):
    table = spiking(0.1)
    for name, expected in (
        ("book, no memory", estimate(table, "45nm_fp32", memory=False).joules),
        ("book, with memory", estimate(table, "45nm_fp32").joules),
        (f"book, {IN_ACCUMULATORS}", estimate(table, "45nm_fp32", schedule=IN_ACCUMULATORS).joules),
        ("Lemaire et al.", estimate_lemaire(table).joules),
    ):
        assert tuple(compared.loc[name, ["low", "central", "high"]]) == pytest.approx(expected)
    macs, acs = table["macs"].sum(), table["acs"].sum()
    assert compared.loc["effective operations", "central"] == pytest.approx(macs + acs)
    # What a scheme adds makes the same network dearer.
    assert compared.loc["operations", "central"] < compared.loc["book, no memory", "central"]
    assert compared.loc["book, no memory", "high"] < compared.loc["book, with memory", "low"]


def test_every_row_says_what_it_counts(compared):
    text = compared[["includes", "leaves_out", "source", "quantity", "verdict"]]
    assert (text.map(len) > 0).all(axis=None)
    assert list(compared.reset_index().columns) == list(COLUMNS)


def test_rates_of_spikes_by_hand():
    for rate in (0.02, 0.3):
        found = spike_rates(spiking(rate))
        assert found["per_step"] == pytest.approx(rate)
        assert found["per_inference"] == pytest.approx(5 * rate)
        assert found["per_synapse"] == pytest.approx(5 * rate)
    model = nn.Linear(6, 3, bias=False)
    spikes = torch.tensor([[1.0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0]])
    found = spike_rates(count_operations(model, spikes))
    assert found == pytest.approx(dict.fromkeys(found, 3 / 12))
    assert np.isnan(list(spike_rates(vision_transformer(1, 64, 64, counts=True)).values())).all()


@pytest.mark.parametrize("study", range(len(break_even.thresholds())))
def test_break_even_verdicts_turn_at_the_published_threshold(study):
    row = break_even.thresholds().iloc[study]
    rate = row["quantity"].endswith("time step")
    per_step = 1 if rate else 5
    for factor, verdict in ((0.9, LESS), (1.1, MORE)):
        limit = row["low"] if verdict == LESS else row["high"]
        value = min(1.0, factor * limit / per_step)
        table = compare_schemes(spiking(value), timesteps=5)
        found = table[table["scheme"].str.startswith("break-even")].iloc[study]
        assert found["central"] == pytest.approx(value * per_step)
        assert found["verdict"] == verdict


def test_a_study_decides_nothing_outside_its_time_steps():
    table = compare_schemes(spiking(0.001, 2)).set_index("scheme")
    yan = table[table.index.str.contains("Yan")]
    assert len(yan) == 2 and (yan["verdict"] == "not decided: outside the study's time steps").all()
    assert (yan["includes"].str.contains("2 bits here")).all()
    covered = compare_schemes(spiking(0.001, 5)).set_index("scheme").loc[yan.index]
    assert (covered["verdict"] == LESS).all()


def test_verdicts_need_the_same_answer_at_both_ends_of_the_costs(dense):
    same = compare_schemes(dense, dense).set_index("scheme")
    energies = same[~same.index.str.startswith("break-even")]
    # One machine on both sides: a wide interval of costs cancels.
    assert (energies[["ratio", "ratio_low", "ratio_high"]] == 1).all(axis=None)
    assert (energies["verdict"] == OPEN).all()
    assert energies.loc["Lemaire et al.", "low"] < energies.loc["Lemaire et al.", "high"]
    assert (
        same.loc[same.index.str.startswith("break-even"), "verdict"] == "no spike-driven layer"
    ).all()
    for rate in (0.001, 1.0):
        found = compare_schemes(spiking(rate), dense).set_index("scheme").drop(energies.index[1:2])
        found = found[~found.index.str.startswith("break-even")]
        assert (found["ratio_low"] <= found["ratio"]).all()
        assert (found["ratio"] <= found["ratio_high"]).all()
        for row in found.itertuples():
            below, above = row.ratio_high < 1, row.ratio_low > 1
            assert row.verdict == (LESS if below else MORE if above else OPEN)
    alone = compare_schemes(spiking(0.1))
    assert (alone["verdict"][:6] == "no dense counterpart given").all()
    assert alone["dense_central"][:6].isna().all() and alone["ratio"][:6].isna().all()


def test_lemaire_is_compared_reading_by_reading(dense):
    row = compare_schemes(spiking(0.1), dense).set_index("scheme").loc["Lemaire et al."]
    mine, other = estimate_lemaire(spiking(0.1)).readings, estimate_lemaire(dense).readings
    ratios = sorted(a / b for a, b in zip(mine, other, strict=True))
    assert [row["ratio_low"], row["ratio_high"]] == pytest.approx(ratios)
    assert ratios[0] < ratios[1]


def test_errors_name_the_parameter(dense):
    with pytest.raises(ValueError, match="timesteps: got 0"):
        compare_schemes(dense, timesteps=0)
    with pytest.raises(ValueError, match="hardware: loihi has no multiply-accumulate"):
        compare_schemes(dense, hardware="loihi")
