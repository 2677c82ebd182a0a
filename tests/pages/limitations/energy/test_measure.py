"""Networks are trained briefly; tables are shown as they are."""

import numpy as np
import pytest
import torch

from brainbook.evidence.datasets import digits
from brainbook.models.digits.classifiers import trained
from brainbook.pages.limitations.energy import measure

SEEDS, PRICE = (0, 1), 4e-4


@pytest.fixture(scope="module", autouse=True)
def store_of_its_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def test_networks_are_held_against_every_machine():
    quiet = measure.measure_quiet((0,), PRICE, epochs=1)
    table = quiet.networks
    cases = table.groupby(["price", "layer"])["machine"].agg(set)
    assert set(cases.index) == {(p * PRICE, layer) for p in (0, 1, 4) for layer in (1, 2)}
    assert {frozenset(machines) for machines in cases} == {frozenset(measure.MACHINES)}
    network = trained("spiking", 0, hidden=(128, 128), spike_price=PRICE, epochs=1)
    first = quiet.own[(quiet.own["layer"] == 1)]
    assert first["rate"].unique() == pytest.approx(network.rates[0], abs=1e-6)
    assert set(quiet.frame["part"]) == {"cell", "network"}


def test_cheaper_spikes_may_be_more_frequent(measured):
    table = measured.quiet.on_loihi.groupby("layer")["optimum"].first()
    assert table[2] > table[1]
    networks = measured.quiet.networks
    assert networks["share"].between(0, 1).all()
    assert networks["ratio"].between(networks["ratio_low"], networks["ratio_high"]).all()


def test_active_units_before_and_after():
    table = measure.measure_active(SEEDS, (4, 16), epochs=1)
    rows = table.groupby("network", sort=False)["seed"].agg(list)
    assert rows["perceptron, 16 units"] == [0, 1] and rows["vision transformer"] == [0, 0, 1, 1]
    network = trained("perceptron", 1, hidden=(16,), epochs=1)
    images = torch.as_tensor(digits(1).test_images).flatten(1)
    by_hand = (network.model().layers[0](images) > 0).double().mean()
    row = table.query("network == 'perceptron, 16 units' and seed == 1")
    assert row["trained"].item() == pytest.approx(float(by_hand))
    assert row["trained"].item() != row["untrained"].item()


def test_shares_are_shown_in_per_cent_with_their_interval(measured):
    shown = measure.listed_active(measured.active).set_index("network")
    assert shown.loc["perceptron, 8 units", "trained"] == pytest.approx(61)
    assert shown["half width"].to_numpy() == pytest.approx(4.302653 / np.sqrt(3))


def test_the_data_of_a_budget_hold_both_tables(measured):
    frame = measured.budgets.frame
    assert set(frame["part"]) == {"shares", "rates"}
    assert frame["percent"].sum() == pytest.approx(200)


def test_tables_are_shown_in_joules(measured):
    shown = measure.listed_inference(measured.answers)
    assert list(shown["joules"]) == list(measured.answers["value"])
    assert "recomputed_mwh" in measure.listed_training(measured.runs)
