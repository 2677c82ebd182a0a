"""Both sides stand for the same thing, computed in two ways."""

import pytest

from brainbook.pages.limitations.energy import identities


def test_sides_by_hand():
    side = identities.measure_identities()
    assert side["lifetime_by_hand"] == pytest.approx(20 * 20 * 31557600 / 1e9)
    assert side["landauer_by_hand"] == pytest.approx(1.380649e-23 * 310 * 0.693147180 * 1e21)
    assert side["golden"] ** 2 - 3 * side["golden"] + 1 == pytest.approx(0, abs=1e-12)
    assert side["refused"] == side["mistakes"]


def test_a_wrong_solver_leaves_a_gap(monkeypatch):
    solve = identities.optimal_rate
    monkeypatch.setattr(identities, "optimal_rate", lambda ratio: solve(ratio) * 1.001)
    side = identities.measure_identities()
    assert min(side["optimum_gap"], side["value_gap"]) > 1e-7
