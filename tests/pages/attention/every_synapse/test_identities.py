"""Identities, and that they notice when they are wrong."""

import pytest

from brainbook.models.features.landmarks import Landmarks
from brainbook.pages.attention.every_synapse import identities
from brainbook.pages.attention.every_synapse.identities import measure_identities


@pytest.mark.parametrize("seed", range(3))
def test_identities_hold(seed):
    found = measure_identities(seed)
    assert set(found) == {"weights", "cells"} and max(found.values()) < 1e-10


def test_a_network_that_is_not_yet_at_rest_is_noticed(monkeypatch):
    monkeypatch.setattr(identities, "STEPS", 20)
    found = measure_identities(0)
    assert found["cells"] > 1e-3 and found["weights"] < 1e-10


def test_a_rate_below_zero_is_noticed(monkeypatch):
    plain = identities.on_off

    def lowered(*given):
        return tuple(rates - 0.5 for rates in plain(*given))  # their difference is as it was

    monkeypatch.setattr(identities, "on_off", lowered)
    assert measure_identities(0)["cells"] == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["write", "rates"])
def test_other_weights_for_writing_or_for_reading_are_noticed(name, monkeypatch):
    plain = getattr(Landmarks, name)
    monkeypatch.setattr(Landmarks, name, lambda units, x: plain(units, 1.1 * x))
    assert measure_identities(0)["weights"] > 1e-3
