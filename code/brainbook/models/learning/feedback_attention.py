"""A small transformer whose errors may come down through random weights.

Feedback alignment replaces, in every linear map, the transpose that carries errors to the map
below. The attention itself multiplies activity with activity; its derivative needs no weights and
stays exact. So does that of the normalisation. Many repetitions with different seeds run side by
side: parameters are (replicas, out, in + 1), tokens (replicas, batch, tokens, width).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, layer_norm, softmax

from .rules import with_one

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Shape:
    """Size of the network: numbers per token and tokens that enter, width, blocks, heads, classes.

    Raises
    ------
    ValueError : ``heads`` does not divide ``width``, or a size below 1.
    """

    inputs: int
    tokens: int
    classes: int = 10
    width: int = 32
    layers: int = 2
    heads: int = 4
    ratio: int = 2

    def __post_init__(self) -> None:
        for name in ("inputs", "tokens", "classes", "width", "layers", "heads", "ratio"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: got {getattr(self, name)}; must be at least 1")
        if self.width % self.heads:
            raise ValueError(f"heads: got {self.heads}; must divide the width {self.width}")

    @property
    def maps(self) -> dict[str, tuple[int, int]]:
        """Linear maps by name, each (out, in)."""
        width, hidden = self.width, self.ratio * self.width
        found = {"embed": (width, self.inputs)}
        for block in range(self.layers):
            square = {name: (width, width) for name in ("query", "key", "value", "output")}
            parts = square | {"expand": (hidden, width), "contract": (width, hidden)}
            found |= {f"{name}{block}": sizes for name, sizes in parts.items()}
        return found | {"head": (self.classes, width)}


def draw(seeds: Sequence[int], shape: Shape, dtype: torch.dtype = torch.float32):
    """Weights and, of the same sizes and scale, random feedback: one replica per seed."""
    return _stack([_draw_one(seed, shape, dtype) for seed in seeds])


def _draw_one(seed: int, shape: Shape, dtype: torch.dtype) -> tuple[Weights, Weights]:
    generator = torch.Generator().manual_seed(seed)

    def matrices() -> Weights:
        found = {}
        for name, (rows, columns) in shape.maps.items():
            drawn = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
            bias = torch.zeros(rows, 1, dtype=torch.float64)
            found[name] = torch.cat([drawn * columns**-0.5, bias], dim=1).to(dtype)
        return found

    place = torch.randn(shape.tokens, shape.width, generator=generator, dtype=torch.float64)
    return matrices() | {"position": 0.5 * place.to(dtype)}, matrices()


def _stack(drawn: Sequence[tuple[Weights, Weights]]) -> tuple[Weights, Weights]:
    parts = zip(*drawn, strict=True)
    weights, feedback = ({k: torch.stack([d[k] for d in p]) for k in p[0]} for p in parts)
    return weights, feedback


class Affine(torch.autograd.Function):
    """y = W (x, 1); the error goes down through ``wires`` in place of W."""

    @staticmethod
    def forward(context, below: Tensor, weights: Tensor, wires: Tensor) -> Tensor:
        """below (replicas, rows, in) to (replicas, rows, out)."""
        with_bias = with_one(below)
        context.save_for_backward(with_bias, wires)
        return with_bias @ weights.transpose(-1, -2)

    @staticmethod
    def backward(context, error: Tensor):
        """Error downwards, and the change of the weights from error and activity."""
        with_bias, wires = context.saved_tensors
        downwards, learns, _ = context.needs_input_grad
        below = error @ wires[..., :-1] if downwards else None
        return below, error.transpose(-1, -2) @ with_bias if learns else None, None


def logits(
    weights: Mapping[str, Tensor], wires: Mapping[str, Tensor], tokens: Tensor, shape: Shape
):
    """Class scores (replicas, batch, classes), read off the first token."""
    replicas, batch, count, _ = tokens.shape

    def affine(name: str, below: Tensor) -> Tensor:
        flat = below.reshape(replicas, -1, below.shape[-1])
        return Affine.apply(flat, weights[name], wires[name]).unflatten(1, below.shape[1:-1])

    def split(one: Tensor) -> Tensor:
        return one.unflatten(-1, (shape.heads, -1)).transpose(2, 3)

    stream = affine("embed", tokens) + weights["position"].unsqueeze(1)
    for block in range(shape.layers):
        seen = layer_norm(stream, (shape.width,))
        query, key, value = (split(affine(f"{n}{block}", seen)) for n in ("query", "key", "value"))
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        heads = (softmax(scores, dim=-1) @ value).transpose(2, 3).flatten(-2)
        stream = stream + affine(f"output{block}", heads)
        seen = layer_norm(stream, (shape.width,))
        hidden = torch.relu(affine(f"expand{block}", seen))
        stream = stream + affine(f"contract{block}", hidden)
    return affine("head", layer_norm(stream[:, :, 0], (shape.width,)))


def gradients(
    weights: Weights,
    wires: Mapping[str, Tensor],
    tokens: Tensor,
    labels: Tensor,
    shape: Shape,
    frozen: Callable[[str], bool] = lambda _: False,
) -> Weights:
    """Change that the rule asks for: the mean over the batch, for every parameter by name.

    weights, wires : as in :func:`logits`, and so are ``tokens`` and ``shape``.
    labels : (replicas, batch).
    frozen : names of the parameters that are left out.
    """
    fixed = {name: value.detach() for name, value in weights.items()}
    tracked = {n: value.requires_grad_() for n, value in fixed.items() if not frozen(n)}
    scores = logits(fixed | tracked, wires, tokens, shape)
    loss = cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="sum") / labels.shape[1]
    return dict(zip(tracked, torch.autograd.grad(loss, list(tracked.values())), strict=True))
