"""Errors by layer, threshold, code and bits: parts add up, closed forms, columns as listed."""

import re

import numpy as np
import pytest

from brainbook.pages.limitations.spike_codes import attention, errors, spike_times


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (errors.conversion_errors, "conversion"),
        (errors.threshold_errors, "thresholds"),
        (errors.code_errors, "codes"),
        (attention.attention_errors, "attention"),
        (spike_times.exact_spike_times, "exact"),
        (spike_times.binned_spike_times, "binned"),
        (errors.bit_grid, "grid"),
    ],
)
def test_columns_are_those_of_the_docstring(measured, function, name):
    homes = (measured, measured.times, measured.bits)
    table = next(getattr(home, name) for home in homes if hasattr(home, name))
    listed = function.__doc__.split("-------\n")[-1]
    names = re.findall(r"(?m)^    (\w[\w, ]*) : ", listed)
    assert {one.strip() for row in names for one in row.split(",")} == set(table.columns)


def test_errors_of_the_second_layer_are_its_parts(measured):
    rows = measured.conversion.query("layer == 1")
    assert (rows["uneven"] == 0).all() and (rows["inherited"] < 1e-12).all()
    deep = measured.conversion.query("layer == 2")
    parts = deep[["inherited", "rounding", "uneven"]].sum(axis=1)
    assert (deep["error"] <= parts + 1e-12).all()


def test_a_wrong_threshold_is_miscounted(readers, monkeypatch):
    assert errors.first_layer_mismatches(readers[:1], (4,)) == 0
    closed = errors.spike_count
    monkeypatch.setattr(errors, "spike_count", lambda z, theta, t: closed(z, theta, t, start=0.0))
    assert errors.first_layer_mismatches(readers[:1], (4,)) > 0


def test_clipping_ends_at_the_largest_activation(measured):
    clip = measured.thresholds.groupby("percentile")["clipping"].mean()
    assert clip.is_monotonic_decreasing and clip[70] > 10 * clip[100]


def test_spikes_of_each_code(measured):
    sent = measured.codes.set_index(["seed", "code", "steps"])["spikes"].unstack("code")
    assert (sent["first spike"] <= 1).all() and (sent["regular"] >= sent["first spike"]).all()
    poisson = measured.codes[measured.codes["code"] == "poisson"]
    assert np.allclose(poisson["current"] / poisson["current_law"], 1, atol=0.2)


def test_many_bits_are_the_perceptron(readers):
    grid = errors.bit_grid(readers[:1], [8], [8])
    assert np.allclose(grid["accuracy"], grid["ann"], atol=0.02)
    assert errors.bit_grid(readers[:1], [2], [1])["accuracy"].max() < grid["ann"].max()
