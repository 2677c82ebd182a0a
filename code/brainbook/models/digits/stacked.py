"""Several networks of one shape run as one: their weights stacked, an operation for all at once.

Small networks spend their time on calling operations, not on computing them. Inside
:class:`StackedLayers` a linear layer takes stacked weights (networks, outputs, inputs). Products,
and the products of the backward pass, are those of each network alone: to the last bit in one
thread, as pages run, and to rounding in several.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode


def stacked(models: Sequence[nn.Module]) -> dict[str, nn.Parameter]:
    """Parameters of all by name, (networks, ...)."""
    each = [dict(model.named_parameters()) for model in models]
    return {
        name: nn.Parameter(torch.stack([one[name].detach() for one in each])) for name in each[0]
    }


@torch.no_grad()
def unstack(values: dict[str, nn.Parameter], models: Sequence[nn.Module]) -> None:
    """Give each network its own part of the stacked ``values``."""
    for number, model in enumerate(models):
        for name, parameter in model.named_parameters():
            parameter.copy_(values[name][number])


class _StackedLinear(torch.autograd.Function):
    """x W^T + b for each network: x (networks, batch, inputs), b (networks, outputs)."""

    @staticmethod
    def forward(context, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        context.save_for_backward(x, weight)
        return torch.baddbmm(bias.unsqueeze(1), x, weight.mT)

    @staticmethod
    def backward(context, slope: Tensor):
        """Gradients of x, if it has one, of W and of b; as autograd has them for one network."""
        x, weight = context.saved_tensors
        of_x = slope @ weight if context.needs_input_grad[0] else None
        return of_x, slope.mT @ x, slope.sum(1)


class StackedLayers(TorchFunctionMode):
    """While inside, linear layers take stacked weights."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """PyTorch's hook."""
        chosen = _StackedLinear.apply if func is functional.linear else func
        return chosen(*args, **(kwargs or {}))
