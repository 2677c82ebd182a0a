"""PyTorch's primitive operations, sorted by what they mean for a count."""

from __future__ import annotations

from functools import cache

import torch

aten = torch.ops.aten
PRODUCTS = {
    aten.mm: (0, 1),
    aten.bmm: (0, 1),
    aten.addmm: (1, 2),
    aten.baddbmm: (1, 2),
    aten.addbmm: (1, 2),
    aten.mv: (0, 1),
    aten.addmv: (1, 2),
    aten.dot: (0, 1),
    aten.vdot: (0, 1),
}
FUSED_ATTENTION = "scaled_dot_product"
COMPARING = frozenset(
    """
    relu relu_ relu6 hardtanh leaky_relu clamp_min threshold maximum minimum gt ge lt le eq
    ne max_pool2d_with_indices max_pool3d_with_indices
    """.split()
)
# Constructors, copies and bookkeeping: no arithmetic. Views are recognised by their schema.
MOVING = frozenset(
    """
    empty zeros ones full arange empty_like zeros_like ones_like full_like new_zeros
    new_ones new_empty new_full empty_strided scalar_tensor new_empty_strided clone copy
    copy_ _to_copy contiguous cat stack fill_ zero_ index index_select index_put_ gather
    scatter constant_pad_nd repeat masked_fill masked_fill_ where lift_fresh lift_fresh_copy
    _local_scalar_dense detach_ _unsafe_view _reshape_copy _reshape_alias roll flip tril
    triu bitwise_and bitwise_or bitwise_not logical_not logical_and logical_or all any
    native_dropout resize_ set_ repeat_interleave unfold_copy device is_same_size equal
    """.split()
)


@cache
def nature_of(func: torch._ops.OpOverload) -> str:
    """``product``, ``composite`` (of primitive ones), ``free`` (no arithmetic) or ``other``."""
    packet = func._overloadpacket
    if packet in PRODUCTS or packet is aten.convolution:
        return "product"
    if func._can_decompose():
        return "composite"
    return "free" if func.is_view or packet.__name__ in MOVING else "other"
