"""One spike a neuron: equal to rectifiers and to levels; rates with two layers are not."""

import pytest
import torch

from brainbook.pages.limitations.spike_codes.spike_times import rate_difference


def test_times_are_activations_and_bins_are_levels(measured):
    assert measured.times.exact["difference"].max() < 1e-10
    assert measured.times.binned["difference"].max() < 1e-10
    exact = measured.times.exact
    assert (exact["accuracy"] == exact["ann"]).all() and (exact["windows"] > 1).all()


def test_more_bins_err_less_and_spike_more(measured):
    by_bins = measured.times.binned.groupby("bins")[["error", "spikes"]].mean()
    assert by_bins["error"].is_monotonic_decreasing and by_bins["spikes"].is_monotonic_increasing


def test_rates_are_levels_with_one_layer_only(readers, shallow):
    assert rate_difference(shallow[0], shallow[0].thresholds(99), 7) < 1e-10
    assert rate_difference(readers[0], readers[0].thresholds(99), 7) > 1e-3


def test_accuracy_of_a_reader(readers):
    reader = readers[0]
    hits = reader.perceptron(reader.images).argmax(1) == torch.as_tensor(reader.split.test_labels)
    assert reader.accuracy() == pytest.approx(float(hits.double().mean()))
