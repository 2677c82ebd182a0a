"""A counted forward pass against a plain one, and against PyTorch's own FLOP counter.

    python -m benches counting

Every operation is watched from Python, so the price is a fixed time per tensor operation. It
matters for models whose operations are smaller than that, and the table shows one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import snntorch
import torch
from torch import Tensor, nn

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import TEST_TEXTS, text
from opjoules.counting.overhead import overhead

ROUNDS = 9
TARGET = 2.0


class SpikingPerceptron(nn.Module):
    """Three fully connected layers of leaky neurons, ten time steps."""

    def __init__(self, width: int = 512, steps: int = 10) -> None:
        super().__init__()
        sizes = (784, width, width, 10)
        self.steps = steps
        self.maps = nn.ModuleList(nn.Linear(*pair) for pair in zip(sizes, sizes[1:], strict=False))
        self.neurons = nn.ModuleList(snntorch.Leaky(beta=0.9) for _ in self.maps)

    def forward(self, image: Tensor) -> Tensor:
        membranes = [neuron.reset_mem() for neuron in self.neurons]
        total = torch.zeros(len(image), 10)
        for _ in range(self.steps):
            spikes = image
            for i, (linear, neuron) in enumerate(zip(self.maps, self.neurons, strict=True)):
                spikes, membranes[i] = neuron(linear(spikes), membranes[i])
            total = total + spikes
        return total


def convolutions() -> nn.Module:
    """Four convolutions with normalisation, as for small colour images."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 64), (64, 64), (64, 128), (128, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def models() -> dict[str, tuple[nn.Module, Tensor | Mapping]]:
    """Name → model and batch."""
    torch.manual_seed(0)
    language, tokenizer = pretrained.minilm(torch.float32)
    words = text(TEST_TEXTS[0]).split()
    passages = [" ".join(words[start : start + 80]) for start in range(0, 640, 80)]
    tokens = dict(tokenizer(passages, return_tensors="pt", padding=True))
    return {
        "MiniLM, 8 passages": (language, tokens),
        "convolutions, 8 images": (convolutions(), torch.rand(8, 3, 32, 32)),
        "spiking perceptron, 128 images": (SpikingPerceptron(), torch.rand(128, 784)),
        "spiking perceptron, 1 image": (SpikingPerceptron(), torch.rand(1, 784)),
    }


def rows() -> Iterator[tuple[str, str, str, bool | None]]:
    """What is measured, the number, its target and whether it was met, where there is one."""
    for name, (model, batch) in models().items():
        times = overhead(model, batch, ROUNDS)
        ours, theirs = times["ratio"], times["flop_counter_ratio"]
        small = name.endswith(" 1 image")
        target, met = ("", None) if small else (f"<= {TARGET:g}", bool(ours <= TARGET))
        yield f"counting / plain pass: {name}", f"{ours:.2f}", target, met
        yield f"PyTorch's FLOP counter / plain pass: {name}", f"{theirs:.2f}", "", None


if __name__ == "__main__":
    sys.exit("run it as: python -m benches counting")
