"""PyTorch's primitive operations by what they mean for a count."""

from __future__ import annotations

import pytest
import torch

from opjoules.counting.aten import COMPARING, MOVING, aten, nature_of


@pytest.mark.parametrize(
    ("operation", "nature"),
    [
        (aten.mm.default, "product"),
        (aten.convolution.default, "product"),
        (aten.matmul.default, "composite"),
        (aten.transpose.int, "free"),
        (aten.clone.default, "free"),
        (aten.exp.default, "other"),
        (aten.relu.default, "other"),
    ],
)
def test_operations_are_sorted(operation, nature):
    assert nature_of(operation) == nature


def test_every_name_is_an_operation_of_this_pytorch():
    known = {name.split("::")[1].split(".")[0] for name in torch._C._dispatch_get_all_op_names()}
    assert COMPARING <= known
    assert MOVING - known == {"device"}  # of prim, which is not listed
    assert not COMPARING & MOVING
