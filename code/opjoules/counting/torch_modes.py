"""The two modes through which PyTorch shows what runs: its functions, and their primitive parts."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .aten import COMPARING, FUSED_ATTENTION, PRODUCTS, aten, nature_of


class Functions(TorchFunctionMode):
    """Sees attention with its own queries, keys and values; runs LSTMs in primitive steps."""

    def __init__(self, watcher) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "lstm":
            enabled, torch.backends.mkldnn.enabled = torch.backends.mkldnn.enabled, False
            try:
                return func(*args, **kwargs)
            finally:
                torch.backends.mkldnn.enabled = enabled
        if func is not scaled_dot_product_attention or self.watcher.paused:
            return func(*args, **kwargs)
        names = ("query", "key", "value")
        inputs = dict(zip(names, args, strict=False)) | kwargs
        with self.watcher.pause():
            if not self.watcher.inside_neuron:
                self.watcher.attention(*(inputs[name] for name in names))
            return func(*args, **kwargs)


class Operations(TorchDispatchMode):
    """Sees every primitive operation and books it, or names it as uncounted."""

    def __init__(self, watcher) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        nature = "free" if self.watcher.paused else nature_of(func)
        if nature == "composite":
            with self:
                return func.decompose(*args, **kwargs)
        output = func(*args, **kwargs)
        if nature == "product" or nature == "other" and not self.watcher.inside_neuron:
            with self.watcher.pause():
                self.book(func, func._overloadpacket, args, output)
        return output

    def book(self, func, packet, args: tuple, output) -> None:
        """Turn one primitive operation into a row."""
        watcher, name = self.watcher, packet.__name__
        elements = sum(t.numel() for t in tree_leaves(output) if isinstance(t, Tensor))
        if packet in PRODUCTS:
            watcher.product(*(args[i] for i in PRODUCTS[packet]), outputs=elements)
        elif packet is aten.convolution:
            watcher.convolution(args, output)
        elif FUSED_ATTENTION in name and len(args) >= 3:
            watcher.attention(*args[:3])
        elif packet is aten.embedding:
            owner, parameter = watcher.parameter(args[0]) or ("embedding", args[0])
            watcher.ledger.add(
                watcher.layer_of(owner, parameter),
                "embedding",
                {"weight_size": parameter.numel()},
                weight_reads=elements,
                activation_reads=args[1].numel(),
                activation_writes=elements,
            )
        elif name in COMPARING:
            produced = tree_leaves(output)[0].numel()  # a pool also returns indices
            layer = watcher.stack[-1].name or "model"
            watcher.ledger.add(layer, "comparison", {}, comparisons=produced * _each(name, args))
        else:
            watcher.ledger.skip(f"aten.{name}", elements)


def _each(name: str, args: tuple) -> int:
    """Comparisons behind one output: a pool compares each element of its window but the first."""
    if not name.startswith("max_pool"):
        return 1
    axes = 2 if "2d" in name else 3
    kernel = args[1] if len(args[1]) == axes else list(args[1]) * axes
    return prod(kernel) - 1
