"""Narrow operands: the rule by hand, and a mixed price against two whole ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import operation_energy, profile
from opjoules.hardware.low_precision import multiplier, narrow, price_mixed
from opjoules.pricing.estimate import estimate


@pytest.fixture
def counts():
    torch.manual_seed(0)
    return count_operations(nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)),
                            torch.rand(3, 6))  # fmt: skip


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


def test_mixed_price_takes_rows_from_both(counts):
    first, rest = narrow(8, 8), narrow(8, 2)
    mixed = price_mixed(counts, first, rest, True, None)
    tables = [estimate(counts, machine, True).layers["central"] for machine in (first, rest)]
    name = counts["layer"].iloc[0]
    expected = tables[0][name] + tables[1].drop(name).sum()
    assert mixed.central == pytest.approx(expected)
    assert price_mixed(counts, first, first, True, None) == estimate(counts, first, True).joules
