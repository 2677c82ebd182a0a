"""Identities, and laws that notice when they are wrong."""

import pytest

from brainbook.models.features.variance import pair_variance
from brainbook.pages.attention.one_astrocyte import identities
from brainbook.pages.attention.one_astrocyte.identities import (
    measure_draw_laws,
    measure_identities,
    measure_mixture_law,
)


@pytest.mark.parametrize("seed", range(3))
def test_identities_hold(seed):
    assert max(measure_identities(seed).values()) < 1e-10


def test_what_a_mixture_leaves_follows_its_closed_form_and_no_other(monkeypatch):
    seeds = range(5)
    assert measure_mixture_law(seeds, keys=50_000).mean() == pytest.approx(1, abs=0.15)
    plain = identities.unexplained
    monkeypatch.setattr(identities, "unexplained", lambda *given: 2 * plain(*given))
    assert measure_mixture_law(seeds, keys=50_000).mean() == pytest.approx(0.5, abs=0.08)


def test_draws_follow_their_variance_laws_and_no_other(monkeypatch):
    seeds = range(3)
    assert measure_draw_laws(seeds).mean() == pytest.approx(1, abs=0.03)
    for coupled in ("orthogonal_variance", "simplex_variance"):
        monkeypatch.setattr(identities, coupled, pair_variance)  # the law of independent draws
    assert measure_draw_laws(seeds).mean() < 0.97
