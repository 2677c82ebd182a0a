"""Identities to rounding."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.external_memory.identities import kernel_gap, measure_gaps


@pytest.mark.parametrize("seed", [0, 1])
def test_identities_hold(seed):
    gaps = measure_gaps(seed)
    assert set(gaps) == {"kernel", "sums", "search"} and max(gaps.values()) < 1e-12


def test_the_kernel_is_attention_at_any_temperature():
    assert max(kernel_gap(0, temperature) for temperature in (0.5, 50.0)) < 1e-10
