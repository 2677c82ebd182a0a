"""The identities hold, and what is no identity is seen."""

import pytest
import torch

from brainbook.pages.attention.inside_minilm import identities


def test_the_path_is_the_librarys_own():
    assert identities.path_gap(["Compute the shape index.", "No."]) < 1e-10


def test_settled_rates_are_those_of_the_factor():
    assert identities.settled_gap(1) < 1e-10


def test_a_path_through_other_heads_is_seen(monkeypatch):
    blind = (lambda query, key, value: torch.zeros_like(value),) * 6
    monkeypatch.setattr(identities, "INTACT_HEADS", blind)
    assert identities.path_gap(["No."]) == pytest.approx(1, abs=10) and (
        identities.path_gap(["No."]) > 0.1
    )
