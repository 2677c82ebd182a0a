"""Networks are trained briefly, counted and priced."""

import pytest
import torch

from brainbook.evidence.datasets import digits
from brainbook.models.digits.classifiers import trained
from brainbook.pages.limitations.spiking import measure
from brainbook.pages.limitations.spiking.measure import LARGEST, priced
from brainbook.pages.limitations.spiking.rivals import SCHEDULED
from opjoules.pricing.schedules import IN_ACCUMULATORS, SCHEDULES, STEP_BY_STEP
from opjoules.pricing.targets import TARGETS

SEEDS, STEPS = (0, 1), 2


@pytest.fixture(scope="module", autouse=True)
def store_of_its_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.fixture(scope="module")
def networks(store_of_its_own):
    return measure.measure_networks(SEEDS, STEPS, sizes=((8,), LARGEST), epochs=1)


@pytest.fixture(scope="module")
def steps(store_of_its_own):
    return measure.measure_time_steps(SEEDS, 1, epochs=1)


def test_every_network_is_priced_on_every_target(networks):
    rows = networks.groupby(["family", "network", "scenario", "schedule"])["seed"].agg(list)
    assert {tuple(seeds) for seeds in rows} == {SEEDS}
    schedules = networks.groupby("scenario")["schedule"].agg(set)
    assert all(schedules[name] == set(SCHEDULES) for name in SCHEDULED)
    assert all(len(schedules[name]) == 1 for name in set(TARGETS) - set(SCHEDULED))
    assert set(networks["scenario"]) == set(TARGETS)
    assert (networks["low"] <= networks["central"]).all()
    assert (networks["central"] <= networks["high"]).all() and (networks["low"] > 0).all()


def test_energy_of_the_perceptron_is_its_closed_form(networks):
    small = networks.query("scenario == 'fp32' and network == '64-8-10'").set_index("family")
    products, rectifiers = 64 * 8 + 8 * 10, 8
    nanojoules = (products * 4.6 + rectifiers * 0.9) / 1e3
    assert small["central"]["perceptron"].to_numpy() == pytest.approx(nanojoules)


def test_rate_coding_multiplies_nothing(networks):
    by_family = networks.groupby("family")[["macs", "acs"]].sum()
    assert by_family.loc["rate-coded", "macs"] == 0 < by_family.loc["rate-coded", "acs"]
    assert by_family.loc["perceptron", "acs"] == by_family.loc["transformer", "acs"] == 0
    assert (by_family.loc["spiking"] > 0).all()


def test_accuracy_belongs_to_the_precision_of_the_target():
    classifier = trained("perceptron", 0, hidden=(8,), epochs=3)
    table = priced(classifier, torch.as_tensor(digits(0).test_images)).set_index("scenario")
    assert table["accuracy"]["fp32"] == classifier.test_accuracy
    assert table["accuracy"]["int8"] == measure.rounded_accuracy(classifier)


def test_constant_currents_cost_the_first_layer_once(steps):
    spiking = steps.query("family == 'spiking' and scenario == 'fp32'")
    assert set(spiking["macs"]) == {64 * 128}
    assert spiking.groupby("timesteps")["neuron_updates"].first().to_dict() == {1: 256, 2: 512}
    assert set(steps.loc[steps["family"] == "perceptron", "timesteps"]) == {0}


def test_tuning_is_a_mean_over_seeds():
    table = measure.measure_tuning(SEEDS, {"perceptron": (0.01, 0.1)}, epochs=1)
    options = {"part": "validation", "learning_rate": 0.1, "epochs": 1}
    scores = [trained("perceptron", seed, **options).test_accuracy for seed in SEEDS]
    assert list(table["learning rate"]) == [0.01, 0.1]
    assert table["validation accuracy"].iloc[1] == pytest.approx(sum(scores) / len(scores))


def test_schemes_compare_our_pair_and_the_published_one():
    schemes = measure.measure_schemes((0,), STEPS, epochs=1)
    own, published = (schemes[schemes["seed"].notna() == flag] for flag in (True, False))
    assert (
        list(own["scheme"]) == list(published["scheme"]) == list(measure.listed(schemes)["scheme"])
    )
    ratio = published.set_index("scheme")["ratio"]
    assert ratio["operations"] < ratio["book, membranes in accumulators"]
    assert ratio["book, membranes in accumulators"] < 1 < ratio["book, with memory"]


def test_a_schedule_makes_spikes_cheaper_and_perceptrons_not(networks):
    moving = networks[networks["scenario"].isin(SCHEDULED)]
    keys = ["family", "network", "scenario", "seed"]
    energy = moving.set_index([*keys, "schedule"])["central"].unstack("schedule")
    kept, steps = energy[IN_ACCUMULATORS], energy[STEP_BY_STEP]
    dense = energy.index.get_level_values("family") == "perceptron"
    assert (kept[dense] == steps[dense]).all() and (kept[~dense] < steps[~dense]).all()


def test_means_carry_intervals_over_seeds(measured):
    means = measure.means(measured.steps.assign(scenario="all"))
    rows = measured.steps[measured.steps["family"] == "perceptron"]
    assert means.loc["all", "perceptron"]["central"].iloc[0] == pytest.approx(
        rows["central"].mean()
    )
    assert means.loc["all", "perceptron"]["half_width"].iloc[0] == pytest.approx(0)
    assert means.loc["all", "spiking"]["half_width"].iloc[0] > 0


def test_break_even_in_one_frame_and_in_bands(measured):
    frame, bands = measured.balance.frame, measured.balance.bands
    assert set(frame["part"]) == {"curve", "threshold", "layer"}
    assert not frame.query("part == 'layer'")[["rate_1", "rate_2"]].isna().any(axis=None)
    per_image = measured.balance.thresholds["timesteps_low"].isna()
    limits = measured.balance.thresholds[per_image].iloc[0]
    band = bands[bands["threshold"] == limits.name]
    assert (band["low"] * band["timesteps"]).to_numpy() == pytest.approx(limits["low"])


def test_constants_name_their_sources():
    constants = measure.measure_constants()
    assert set(constants["profile"]) == set(measure.PROFILES)
    assert (constants["source"].str.len() > 0).all()
