"""Narrow operands: the rule by hand."""

from __future__ import annotations

import pytest

from opjoules.hardware.catalogue import operation_energy, profile
from opjoules.hardware.low_precision import multiplier, narrow


def test_the_rule():
    eight = operation_energy("multiply", "int8")
    assert multiplier(8, 8) == eight
    assert multiplier(4, 2) == pytest.approx(eight / 8)
    assert narrow(4, 2).mac.central == pytest.approx(eight / 8 + operation_energy("add", "int8"))
    assert narrow(4, 2).mac.high == profile("45nm_int8").mac.high
    assert (narrow(4, 2).weight_bits, narrow(4, 2).activation_bits) == (4, 2)


def test_eight_bits_are_the_published_profile():
    base, whole = profile("45nm_int8"), narrow(8, 8)
    assert whole.mac == base.mac or whole.mac.central == base.mac.central
    assert whole.neuron_update == base.neuron_update
    assert narrow(8, 8, leak=False).neuron_update.central == operation_energy("add", "int8")


@pytest.mark.parametrize(("weight", "activation"), [(0, 8), (8, 0), (9, 8), (8, 9)])
def test_widths_outside_are_refused(weight, activation):
    with pytest.raises(ValueError, match="bits"):
        narrow(weight, activation)
