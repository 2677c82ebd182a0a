"""The break-even meets its closed forms, whatever the layer."""

import pytest

from brainbook.pages.limitations.spiking.identities import measure_identities


@pytest.mark.parametrize(("timesteps", "neurons"), [(8, 128), (16, 128), (12, 1024)])
def test_the_break_even_meets_its_closed_forms(timesteps, neurons):
    sides = measure_identities(timesteps, neurons)
    assert sides["arithmetic"] == pytest.approx(sides["arithmetic_closed"], abs=1e-10)
    assert sides["memory"] == pytest.approx(sides["memory_closed"], abs=0.002)
    assert sides["once"] == pytest.approx(sides["once_closed"], abs=0.05)


def test_products_by_hand():
    assert measure_identities()["perceptron"] == 64 * 128 + 128 * 128 + 128 * 10
