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

import torch
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode
from torch.utils._python_dispatch import _get_current_dispatch_mode
from torch.utils._pytree import tree_leaves

from . import arithmetic
from .torch_modes import Functions, Operations


@dataclass
class Frame:
    """A module whose ``forward`` is running."""

    name: str
    module: nn.Module
    neuron: bool
    products: int = 0
    blind: bool = False


@contextmanager
def watching(model: nn.Module, ledger, neurons: tuple[type[nn.Module], ...]) -> Iterator[Watcher]:
    """Write what ``model`` does inside the block into ``ledger``; leave no hook behind."""
    watcher = Watcher(model, ledger, neurons)
    with ExitStack() as stack:
        for name, module in model.named_modules():
            for handle in watcher.attach(name, module):
                stack.callback(handle.remove)
        fast = torch.backends.mha.get_fastpath_enabled()
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        torch.backends.mha.set_fastpath_enabled(False)
        for mode in watcher.modes:
            stack.enter_context(mode)
        yield watcher


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
        self.read: set[str] = set()
        self.modes = (Operations(self), Functions(self))

    @property
    def unread(self) -> list[str]:
        """Matrices and kernels of the model that no counted operation has read."""
        return [
            name
            for name, tensor in self.parameters.values()
            if isinstance(tensor, nn.Parameter) and tensor.ndim > 1 and name not in self.read
        ]

    def attach(self, name: str, module: nn.Module):
        """Hooks that push and pop ``module``; a spiking neuron also books its updates.

        Nothing inside a neuron without weights is booked, so nothing inside it is watched.
        """
        neuron = isinstance(module, self.neurons)
        blind = neuron and all(parameter.ndim < 2 for parameter in module.parameters())

        def enter(module, inputs):
            self.stack.append(Frame(name, module, neuron))
            if blind:
                self.look_away()

        def leave(module, inputs, output):
            frame = self.stack.pop()
            if frame.blind:
                self.look_back()
            if output is not None and neuron and not self.inside_neuron:
                self.update(name, module, inputs, output)

        yield module.register_forward_pre_hook(enter)
        yield module.register_forward_hook(leave, always_call=True)

    def look_away(self) -> None:
        """Stop watching until ``look_back``, if ours are the innermost modes now."""
        operations, functions = self.modes
        ours = _get_current_dispatch_mode() is operations
        ours = ours and _get_current_function_mode() is functions
        self.stack[-1].blind = ours
        if ours:
            functions.__exit__(None, None, None)
            operations.__exit__(None, None, None)

    def look_back(self) -> None:
        """Watch again."""
        for mode in self.modes:
            mode.__enter__()

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
            name,
            "neuron",
            sizes,
            neuron_updates=updates,
            comparisons=updates,
            activation_reads=updates,
            activation_writes=fired,
            state_reads=states,
            state_writes=states,
            spikes=fired,
            sites=updates,
        )

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Nothing is recorded inside the block."""
        self.paused += 1
        try:
            yield
        finally:
            self.paused -= 1

    def parameter(self, tensor: Tensor) -> tuple[str, Tensor] | None:
        """Name and parameter that ``tensor`` is a view of; the parameter counts as read."""
        owned = self.parameters.get(_storage(tensor))
        if owned:
            self.read.add(owned[0])
        return owned

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
        stride, padding, dilation = (
            tuple(v) * (axes if len(v) == 1 else 1) for v in (stride, padding, dilation)
        )
        shape = arithmetic.Convolution(
            tuple(weight.shape[2:]), stride, padding, dilation, groups, transposed
        )
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


def _storage(tensor: Tensor) -> int:
    """Identity of the memory that a tensor looks at; views share it."""
    return tensor.untyped_storage()._cdata
