"""Watching a forward pass: which operation ran, in which layer, on which tensors.

Three watchers work together. Module hooks know the layer and the spiking neurons; a function
mode sees ``scaled_dot_product_attention`` before the backend fuses it, and keeps LSTMs from
being fused; a dispatch mode sees every other tensor operation, after PyTorch has split it into
its primitive ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from . import arithmetic

aten = torch.ops.aten
PRODUCTS = {
    aten.mm: (0, 1), aten.bmm: (0, 1), aten.addmm: (1, 2), aten.baddbmm: (1, 2),
    aten.addbmm: (1, 2), aten.mv: (0, 1), aten.addmv: (1, 2), aten.dot: (0, 1), aten.vdot: (0, 1),
}  # fmt: skip
FUSED_ATTENTION = "scaled_dot_product"
COMPARING = {
    "relu", "relu_", "relu6", "hardtanh", "leaky_relu", "clamp_min", "threshold", "maximum",
    "minimum", "gt", "ge", "lt", "le", "eq", "ne", "max_pool2d_with_indices",
    "max_pool3d_with_indices",
}  # fmt: skip
# Constructors, copies and bookkeeping: no arithmetic. Views are recognised by their schema.
MOVING = {
    "empty", "zeros", "ones", "full", "arange", "empty_like", "zeros_like", "ones_like",
    "full_like", "new_zeros", "new_ones", "new_empty", "new_full", "empty_strided", "scalar_tensor",
    "new_empty_strided", "clone", "copy", "copy_", "_to_copy", "contiguous", "cat", "stack",
    "fill_", "zero_", "index", "index_select", "index_put_", "gather", "scatter", "constant_pad_nd",
    "repeat", "masked_fill", "masked_fill_", "where", "lift_fresh", "lift_fresh_copy",
    "_local_scalar_dense", "detach_", "_unsafe_view", "_reshape_copy", "_reshape_alias", "roll",
    "flip", "tril", "triu", "bitwise_and", "bitwise_or", "bitwise_not", "logical_not",
    "logical_and", "logical_or", "all", "any", "native_dropout", "resize_", "set_",
    "repeat_interleave", "unfold_copy", "device", "is_same_size", "equal",
}  # fmt: skip


@dataclass
class Frame:
    """A module whose ``forward`` is running."""

    name: str
    module: nn.Module
    neuron: bool
    products: int = 0


@contextmanager
def watching(model: nn.Module, ledger, neurons: tuple[type[nn.Module], ...]) -> Iterator[None]:
    """Write what ``model`` does inside the block into ``ledger``; leave no hook behind."""
    watcher = Watcher(model, ledger, neurons)
    with ExitStack() as stack:
        for name, module in model.named_modules():
            for handle in watcher.attach(name, module):
                stack.callback(handle.remove)
        fast = torch.backends.mha.get_fastpath_enabled()
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(Operations(watcher))
        stack.enter_context(Functions(watcher))
        yield


class Watcher:
    """The stack of running modules, and the tables that turn operations into rows."""

    def __init__(self, model: nn.Module, ledger, neurons: tuple[type[nn.Module], ...]) -> None:
        self.ledger = ledger
        self.neurons = neurons
        self.stack = [Frame("", model, False)]
        self.paused = 0
        self.parameters: dict[int, tuple[str, Tensor]] = {}
        for name, parameter in (*model.named_parameters(), *model.named_buffers()):
            self.parameters.setdefault(_storage(parameter), (name, parameter))

    def attach(self, name: str, module: nn.Module):
        """Hooks that push and pop ``module``; a spiking neuron also books its updates."""
        neuron = isinstance(module, self.neurons)

        def enter(module, inputs):
            self.stack.append(Frame(name, module, neuron))

        def leave(module, inputs, output):
            self.stack.pop()
            if neuron and not self.inside_neuron:
                self.update(name, module, inputs, output)

        yield module.register_forward_pre_hook(enter)
        yield module.register_forward_hook(leave)

    @property
    def inside_neuron(self) -> bool:
        return any(frame.neuron for frame in self.stack)

    def update(self, name: str, module: nn.Module, inputs, output) -> None:
        """One call of a spiking neuron: an update and a comparison for each neuron.

        Its state is what snnTorch keeps in buffers that are not saved (membrane, current);
        a neuron class without such buffers has one state per output.
        """
        with self.pause():
            emitted = output if isinstance(output, Tensor) else tree_leaves(output)[0]
            updates = emitted.numel()
            hidden = [
                buffer
                for key, buffer in module.named_buffers(recurse=False)
                if key in module._non_persistent_buffers_set and buffer.numel() == updates
            ]
            states = updates * max(1, len(hidden))
            fired = arithmetic.nonzero(emitted)
            batch = self.ledger.batch_size
        sizes = {"state_size": states // batch, "activation_size": updates // batch}
        self.ledger.add(
            name, "neuron", sizes, neuron_updates=updates, comparisons=updates,
            activation_reads=updates, activation_writes=fired, state_reads=states,
            state_writes=states, spikes=fired, sites=updates,
        )  # fmt: skip

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Nothing is recorded inside the block."""
        self.paused += 1
        try:
            yield
        finally:
            self.paused -= 1

    def parameter(self, tensor: Tensor) -> tuple[str, Tensor] | None:
        """Name and parameter that ``tensor`` is a view of."""
        return self.parameters.get(_storage(tensor))

    def layer_of(self, name: str, parameter: Tensor) -> str:
        """The running module if it owns the parameter, else the parameter's own name."""
        frame = self.stack[-1]
        if any(parameter is own for own in frame.module.parameters(recurse=False)):
            if name.rsplit(".", 1)[-1] == "weight":
                return frame.name or "model"
        return name.removesuffix(".weight").removesuffix("_weight")

    def next_product(self) -> str:
        """Name of the next product of activations in the running module."""
        frame = self.stack[-1]
        frame.products += 1
        return f"{frame.name or 'model'}:product {frame.products}"

    def product(self, left: Tensor, right: Tensor, outputs: int) -> None:
        """Book a matrix product: a linear layer if one operand is a parameter."""
        owned = {side: self.parameter(t) for side, t in (("left", left), ("right", right))}
        weight = "right" if owned["right"] else "left" if owned["left"] else ""
        if self.inside_neuron and not weight:
            return
        left = left if left.ndim > 1 else left[None, :]
        right = right if right.ndim > 1 else right[:, None]
        work = arithmetic.product(left, right, weight)
        if not weight:
            self.ledger.add_work(
                self.next_product(), "product", work, left.numel() + right.numel(), outputs, 0
            )
            return
        name, parameter = owned[weight]
        operand, inputs = (right, left) if weight == "right" else (left, right)
        size = min(operand.numel(), parameter.numel())
        self.ledger.add_work(
            self.layer_of(name, parameter), "linear", work, inputs.numel(), outputs, size
        )

    def convolution(self, arguments: tuple, output: Tensor) -> None:
        """Book ``aten.convolution(input, weight, bias, stride, padding, dilation, …)``."""
        inputs, weight, _, stride, padding, dilation, transposed, _, groups = arguments
        axes = weight.ndim - 2
        wide = [tuple(v) * (axes if len(v) == 1 else 1) for v in (stride, padding, dilation)]
        shape = arithmetic.Convolution(tuple(weight.shape[2:]), *wide, groups, transposed)
        owned = self.parameter(weight)
        if self.inside_neuron and not owned:
            return
        work = arithmetic.convolution(inputs, output, weight, shape)
        layer = self.layer_of(*owned) if owned else self.next_product()
        self.ledger.add_work(
            layer, "convolution", work, inputs.numel(), output.numel(), weight.numel()
        )

    def attention(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        """Book both products of ``softmax(query keyᵀ) value``; heads may share keys.

        The dense convention: masked scores are computed too. The weights between the two
        products are real numbers, so the second product is driven by spikes only if the
        values are spikes.
        """
        repeats = query.shape[-3] // key.shape[-3] if query.ndim > 3 else 1
        if repeats > 1:
            key = key.repeat_interleave(repeats, dim=-3)
            value = value.repeat_interleave(repeats, dim=-3)
        weights = torch.empty(1, device="meta").expand(*query.shape[:-1], key.shape[-2])
        scores = weights.numel()
        for left, right, out in (
            (query, key.transpose(-2, -1), scores),
            (weights, value, weights[..., 0].numel() * value.shape[-1]),
        ):
            work = arithmetic.product(left, right)
            moved = left.numel() + right.numel()
            self.ledger.add_work(self.next_product(), "product", work, moved, out, 0)
        self.ledger.skip("aten._softmax", scores)


class Functions(TorchFunctionMode):
    """Sees attention with its own queries, keys and values; runs LSTMs in primitive steps."""

    def __init__(self, watcher: Watcher) -> None:
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

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        nature = "free" if self.watcher.paused else _nature(func)
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
                watcher.layer_of(owner, parameter), "embedding",
                {"weight_size": parameter.numel()}, weight_reads=elements,
                activation_reads=args[1].numel(), activation_writes=elements,
            )  # fmt: skip
        elif name in COMPARING:
            produced = tree_leaves(output)[0].numel()
            window = 1
            if name.startswith("max_pool"):
                axes = 2 if "2d" in name else 3
                kernel = args[1] if len(args[1]) == axes else list(args[1]) * axes
                window = int(torch.Size(kernel).numel()) - 1
            layer = watcher.stack[-1].name or "model"
            watcher.ledger.add(layer, "comparison", {}, comparisons=produced * window)
        else:
            watcher.ledger.skip(f"aten.{name}", elements)


@cache
def _nature(func: torch._ops.OpOverload) -> str:
    """``product``, ``composite`` (made of primitive ones), ``free`` (no arithmetic) or ``other``."""
    packet = func._overloadpacket
    if packet in PRODUCTS or packet is aten.convolution:
        return "product"
    if func._can_decompose():
        return "composite"
    return "free" if func.is_view or packet.__name__ in MOVING else "other"


def _storage(tensor: Tensor) -> int:
    """Identity of the memory that a tensor looks at; views share it."""
    return tensor.untyped_storage()._cdata
