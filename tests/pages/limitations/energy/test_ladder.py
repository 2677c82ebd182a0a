"""The ladder of steps above Landauer's bound."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.energy.ladder import measure_ladder
from opjoules.brain.physical_limits import landauer


def test_every_step_lies_above_the_bound():
    table = measure_ladder(310.0)
    assert (table["bounds"] > 1e5).all() and table["step"].is_unique
    assert (table["low"] <= table["central"]).all() and (table["central"] <= table["high"]).all()
    addition = table.set_index("step").loc["8-bit addition, 45 nm"]
    assert addition["bounds"] == pytest.approx(0.03e-12 / landauer(310.0))
    assert table["source"].str.len().min() > 0


def test_a_colder_machine_has_a_lower_bound():
    warm, cold = measure_ladder(310.0), measure_ladder(31.0)
    assert cold["bounds"].to_numpy() == pytest.approx(10 * warm["bounds"].to_numpy())
