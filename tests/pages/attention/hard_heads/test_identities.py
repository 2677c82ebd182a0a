"""The two checks of the prediction: they hold, and where they must not they do not."""

import numpy as np
import pytest

from brainbook.pages.attention.hard_heads.identities import (
    first_order,
    measure_checks,
    moved_keys,
)


def test_a_vector_added_to_all_keys_changes_nothing():
    assert moved_keys(0) < 1e-10


def test_first_order_holds_for_small_errors_and_fails_for_large_ones():
    ratios = [first_order(seed) for seed in range(5)]
    assert np.mean(ratios) == pytest.approx(1, abs=4 * np.std(ratios, ddof=1) / 5**0.5)
    assert abs(first_order(0, share=4.0) - 1) > 0.2


def test_every_seed_tries_the_law_and_the_first_the_identity():
    checks = measure_checks((2, 3))
    assert checks.moved_keys == moved_keys(2)
    assert checks.first_order == (first_order(2), first_order(3))
