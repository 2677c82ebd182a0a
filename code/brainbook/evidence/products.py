"""Float32 products by oneDNN, at half the time on processors that MKL serves badly.

PyTorch multiplies matrices with Intel's MKL, which keeps the widest registers (AVX-512) for
Intel's own processors. oneDNN, which PyTorch brings as well, uses them wherever they are. The two
differ by rounding. Where a processor has no such registers MKL is the quicker one. There, where
there is no oneDNN, and for anything but plain float32 without gradients, PyTorch's own way is
taken.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
QUICKER = AVAILABLE and "AVX512" in torch.backends.cpu.get_cpu_capability()


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + bias, (..., outputs), for x (..., inputs) and weight (outputs, inputs)."""
    tensors = [x, weight] if bias is None else [x, weight, bias]
    plain = all(one.dtype == torch.float32 and one.device.type == "cpu" for one in tensors)
    learning = torch.is_grad_enabled() and any(one.requires_grad for one in tensors)
    if not QUICKER or not plain or learning:
        return functional.linear(x, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def product(x: Tensor, y: Tensor) -> Tensor:
    """x y: by :func:`linear` for two matrices, by ``x @ y`` where there are batches of them."""
    return linear(x, y.mT) if x.ndim == y.ndim == 2 else x @ y


class QuickLayers(TorchFunctionMode):
    """While inside, the linear layers of any model run through :func:`linear`."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """PyTorch's hook; it is off while it runs, so that :func:`linear` may fall back."""
        chosen = linear if func is functional.linear else func
        return chosen(*args, **(kwargs or {}))
