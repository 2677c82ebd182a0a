"""Codes for one value: laws, numbers of spikes, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from brainbook.models.spiking import codes as spike_codes


@pytest.mark.parametrize("code", spike_codes.CODES)
def test_measured_error_is_the_law(code):
    generator = np.random.default_rng(0)
    values = generator.random(200_000)
    steps = 6
    number = spike_codes.sent(values, code, steps, generator)
    error = np.sqrt(np.mean((number / spike_codes.levels(code, steps) - values) ** 2))
    assert error == pytest.approx(spike_codes.expected_error(values, code, steps), rel=0.01)


def test_spikes_by_code():
    number = np.array([0, 1, 5, 7])
    assert spike_codes.spikes(number, "regular").tolist() == [0, 1, 5, 7]
    assert spike_codes.spikes(number, "first spike").tolist() == [0, 1, 1, 1]
    assert spike_codes.spikes(number, "binary").tolist() == [0, 1, 2, 3]


def test_current_error_by_hand():
    weight, pixels = np.array([[2.0, -1.0]]), np.array([[0.5, 0.2]])
    expected = (4 * 0.25 + 1 * 0.16) / 8
    assert spike_codes.current_error(weight, pixels, 8) == pytest.approx(expected)


def test_refusals_name_the_parameter():
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="code"):
        spike_codes.levels("smoke", 3)
    with pytest.raises(ValueError, match="steps"):
        spike_codes.levels("binary", 0)
    with pytest.raises(ValueError, match="values"):
        spike_codes.sent(np.array([1.2]), "regular", 3, generator)
