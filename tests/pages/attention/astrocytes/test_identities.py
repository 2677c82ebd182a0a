"""Identities of the circuit, and the variance law of one pair."""

import pytest

from brainbook.pages.attention.astrocytes import identities
from brainbook.pages.attention.astrocytes.identities import measure_identities, pair_ratio


@pytest.mark.parametrize("seed", range(3))
def test_identities_hold(seed):
    assert max(measure_identities(seed).values()) < 1e-10


def test_pair_law_holds_and_notices_a_wrong_law(monkeypatch):
    assert pair_ratio(0) == pytest.approx(1, abs=0.1)
    monkeypatch.setattr(identities, "pair_variance", lambda q, k: (q - k).square().sum(-1).expm1())
    assert pair_ratio(0) != pytest.approx(1, abs=0.1)
