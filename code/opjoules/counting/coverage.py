"""What operation counters see: small cases with a closed form, for any counter to be held against.

``count`` asks ``count_operations``, ``torch_macs`` PyTorch's own counter, half of whose FLOPs are
multiply-accumulates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import snntorch
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from .operations import count_operations

TOKENS, WIDTH, HIDDEN, STEPS, BATCH = 6, 8, 5, 3, 2
WEIGHTS = WIDTH * HIDDEN
COUNTED = {
    "MAC": ["macs"],
    "AC": ["acs"],
    "update": ["neuron_updates"],
    "word": ["weight_reads", "activation_reads", "activation_writes"],
}


class Forward(nn.Module):
    """A module that only calls a function; ``weight`` is a buffer, ``matrix`` a parameter."""

    def __init__(self, function: Callable[[Forward, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.register_buffer("weight", torch.randn(HIDDEN, WIDTH))
        self.matrix = nn.Parameter(torch.randn(HIDDEN, WIDTH))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.function(self, inputs)


class Recurrent(nn.Module):
    """A layer that reads its hidden state, which is zero at the first of two steps."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layer(self.layer(torch.zeros_like(inputs)) + inputs)


class Neurons(nn.Module):
    """Leaky neurons alone, driven by a current for some steps."""

    def __init__(self) -> None:
        super().__init__()
        self.neurons = snntorch.Leaky(beta=0.9, threshold=0.5)

    def forward(self, current: Tensor) -> Tensor:
        membrane, out = self.neurons.reset_mem(), torch.zeros_like(current)
        for _ in range(STEPS):
            out, membrane = self.neurons(current, membrane)
        return out


class Mixing(nn.Module):
    """``nn.MultiheadAttention`` of a sequence with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, 2, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


@dataclass(frozen=True)
class Case:
    """One thing that a network does: how often per sample, in what ``unit``, by closed form.

    Attributes
    ----------
    name : the thing.
    model, batch : a network that does it, and its input, (BATCH, …).
    unit : MAC, AC, update or word.
    expected : closed form, per sample.
    """

    name: str
    model: nn.Module
    batch: Tensor
    unit: str
    expected: float


def cases(seed: int = 0) -> list[Case]:
    """Small networks, each with one operation whose count is known per sample."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vector = torch.randn(BATCH, WIDTH)
        tokens = torch.randn(BATCH, TOKENS, WIDTH)
        spikes = (torch.rand(BATCH, WIDTH) < 0.5).float()
        image = torch.randn(BATCH, 3, 7, 7)
        return [
            *_layers(vector, spikes, image),
            *_attention(tokens),
            *_recurrent(vector, tokens),
            Case("spiking neurons", Neurons(), vector, "update", STEPS * WIDTH),
            Case("memory traffic", _linear(False), vector[:1], "word", WEIGHTS + WIDTH + HIDDEN),
        ]


def _linear(bias: bool = True) -> nn.Module:
    return nn.Sequential(nn.Linear(WIDTH, HIDDEN, bias=bias))


def _layers(vector: Tensor, spikes: Tensor, image: Tensor) -> list[Case]:
    """Linear maps and a convolution; vectors (batch, WIDTH), images (batch, 3, 7, 7)."""
    parameter = Forward(lambda module, x: functional.linear(x, module.matrix))
    buffer = Forward(lambda module, x: functional.linear(x, module.weight))
    reached = float(spikes.sum()) * HIDDEN / BATCH
    return [
        Case("linear layer", _linear(), vector, "MAC", WEIGHTS),
        Case("convolution", nn.Sequential(nn.Conv2d(3, 4, 3)), image, "MAC", 4 * 25 * 27),
        Case("linear layer, spikes in", _linear(), spikes, "AC", reached),
        Case("parameter, functional call", parameter, vector, "MAC", WEIGHTS),
        Case("weight in a buffer", buffer, vector, "MAC", WEIGHTS),
    ]


def _attention(tokens: Tensor) -> list[Case]:
    """Attention as people write it; tokens (batch, TOKENS, WIDTH)."""
    scale, products = WIDTH**-0.5, 2 * TOKENS**2 * WIDTH

    def matmul(_, x):
        return (scale * x @ x.mT).softmax(-1) @ x

    def einsum(_, x):
        weights = torch.einsum("bnd,bmd->bnm", x, scale * x).softmax(-1)
        return torch.einsum("bnm,bmd->bnd", weights, x)

    def fused(_, x):
        return functional.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None])

    projections = 4 * TOKENS * WIDTH**2
    return [
        Case("attention with @", Forward(matmul), tokens, "MAC", products),
        Case("attention with einsum", Forward(einsum), tokens, "MAC", products),
        Case("scaled_dot_product_attention", Forward(fused), tokens, "MAC", products),
        Case("nn.MultiheadAttention", Mixing(), tokens, "MAC", projections + products),
    ]


def _recurrent(vector: Tensor, tokens: Tensor) -> list[Case]:
    """Layers that read their own output."""
    gates = TOKENS * 4 * HIDDEN * (WIDTH + HIDDEN)
    lstm = nn.LSTM(WIDTH, HIDDEN, batch_first=True)
    return [
        Case("hidden state of zeros", Recurrent(), vector, "MAC", 2 * WIDTH**2),
        Case("nn.LSTM", lstm, tokens, "MAC", gates),
    ]


def torch_macs(model: nn.Module, batch: Tensor) -> float:
    """MACs per sample that PyTorch's ``FlopCounterMode`` sees: half of its FLOPs.

    The model runs in evaluation mode without gradients and is left in the mode it had.
    """
    training = model.training
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad(), counter:
            model.eval()(batch)
    finally:
        model.train(training)
    return counter.get_total_flops() / 2 / len(batch)


def count(case: Case) -> float:
    """What ``count_operations`` gives for a case, in the unit of the case."""
    table = count_operations(case.model, case.batch)
    return float(table[COUNTED[case.unit]].sum().sum())
