"""Both sides stand for the same thing, computed in two ways."""

import pytest

from brainbook.pages.limitations.energy import identities


def test_sides_by_hand():
    side = identities.measure_identities()
    assert side["refused"] == side["mistakes"] > 0
    assert side["query_wh"] == pytest.approx(side["query_printed"], abs=5e-4)


def test_rounding_by_hand():
    printed = identities.measure_printed()
    potentials = printed["share of action potentials, %"]
    assert potentials.found == pytest.approx(100 * 4 * 3.84e8 / 3.29e9)
    assert potentials.share == pytest.approx(abs(potentials.found - 47) / 0.5)
    ceiling = printed["ceiling, spikes per second"]
    assert ceiling.rounding == pytest.approx(0.05 + ceiling.found / 12)


def test_a_wrong_solver_leaves_a_gap(monkeypatch):
    solve = identities.optimal_rate
    monkeypatch.setattr(identities, "optimal_rate", lambda ratio: solve(ratio) * 1.001)
    assert identities.measure_identities()["optimum_gap"] > 1e-7
