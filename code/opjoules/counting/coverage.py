"""What operation counters see: small cases with a closed form, run live or by other tools.

``torch_macs`` asks PyTorch's own counter, half of whose FLOPs are multiply-accumulates.
``coverage`` sets it beside ``count_operations`` and beside what NeuroBench and SpikingJelly
return for the same cases (``data/energy_tools.csv``; a test runs both tools again and compares).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import snntorch
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from opjoules import sources

from .operations import count_operations

TOKENS, WIDTH, HIDDEN, STEPS, BATCH = 6, 8, 5, 3, 2
TOOLS = ("NeuroBench", "SpikingJelly", "SpikingJelly FLOPs / 2")


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
    """One thing that a network does: how often per sample, in what unit, by closed form."""

    name: str
    model: nn.Module
    batch: Tensor
    unit: str
    expected: float


def cases(seed: int = 0) -> list[Case]:
    """Small networks, each with one operation whose count is known per sample."""
    torch.manual_seed(seed)
    vector, tokens = torch.randn(BATCH, WIDTH), torch.randn(BATCH, TOKENS, WIDTH)
    spikes = (torch.rand(BATCH, WIDTH) < 0.5).float()
    products = 2 * TOKENS**2 * WIDTH
    scale = WIDTH**-0.5

    def matmul(_, x):
        return (scale * x @ x.mT).softmax(-1) @ x

    def einsum(_, x):
        weights = torch.einsum("bnd,bmd->bnm", x, scale * x).softmax(-1)
        return torch.einsum("bnm,bmd->bnd", weights, x)

    def fused(_, x):
        return functional.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None])

    image = torch.randn(BATCH, 3, 7, 7)
    return [
        Case(
            "linear layer", nn.Sequential(nn.Linear(WIDTH, HIDDEN)), vector, "MAC", WIDTH * HIDDEN
        ),
        Case("convolution", nn.Sequential(nn.Conv2d(3, 4, 3)), image, "MAC", 4 * 25 * 27),
        Case(
            "linear layer, spikes in",
            nn.Sequential(nn.Linear(WIDTH, HIDDEN)),
            spikes,
            "AC",
            float(spikes.sum()) * HIDDEN / BATCH,
        ),
        Case(
            "parameter, functional call",
            Forward(lambda m, x: functional.linear(x, m.matrix)),
            vector,
            "MAC",
            WIDTH * HIDDEN,
        ),
        Case(
            "weight in a buffer",
            Forward(lambda m, x: functional.linear(x, m.weight)),
            vector,
            "MAC",
            WIDTH * HIDDEN,
        ),
        Case("attention with @", Forward(matmul), tokens, "MAC", products),
        Case("attention with einsum", Forward(einsum), tokens, "MAC", products),
        Case("scaled_dot_product_attention", Forward(fused), tokens, "MAC", products),
        Case("nn.MultiheadAttention", Mixing(), tokens, "MAC", 4 * TOKENS * WIDTH**2 + products),
        Case("hidden state of zeros", Recurrent(), vector, "MAC", 2 * WIDTH**2),
        Case(
            "nn.LSTM",
            nn.LSTM(WIDTH, HIDDEN, batch_first=True),
            tokens,
            "MAC",
            TOKENS * 4 * HIDDEN * (WIDTH + HIDDEN),
        ),
        Case("spiking neurons", Neurons(), vector, "update", STEPS * WIDTH),
        Case(
            "memory traffic",
            nn.Sequential(nn.Linear(WIDTH, HIDDEN, bias=False)),
            vector[:1],
            "word",
            WIDTH * HIDDEN + WIDTH + HIDDEN,
        ),
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


def book_count(case: Case) -> float:
    """What ``count_operations`` gives for a case, in the unit of the case."""
    table = count_operations(case.model, case.batch)
    columns = {
        "MAC": ["macs"],
        "AC": ["acs"],
        "update": ["neuron_updates"],
        "word": ["weight_reads", "activation_reads", "activation_writes"],
    }
    return float(table[columns[case.unit]].sum().sum())


def coverage() -> pd.DataFrame:
    """A row per case: its closed form and what each counter returns for it, per sample.

    ``book`` and ``PyTorch`` are counted as this is called, the others come from
    ``data/energy_tools.csv``. SpikingJelly has a counter for each unit, from which it computes
    energies, and one of FLOPs that also holds element-wise arithmetic, hence exceeds the closed
    form. NaN: a quantity that the tool does not have.
    """
    measured = sources.table("energy_tools.csv").pivot(
        index="case", columns="tool", values="counted"
    )
    rows = []
    for case in cases():
        own = torch_macs(case.model, case.batch) if case.unit in ("MAC", "AC") else None
        others = {tool: measured.loc[case.name, tool] for tool in TOOLS}
        rows.append(
            {
                "case": case.name,
                "unit": case.unit,
                "closed form": case.expected,
                "book": book_count(case),
                "PyTorch": own,
            }
            | others
        )
    return pd.DataFrame(rows)
