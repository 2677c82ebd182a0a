"""A small vision transformer that reads the handwritten digits.

The design is that of Dosovitskiy et al. 2021 (arXiv:2010.11929), scaled down: patches become
tokens, a class token collects the answer, and pre-norm blocks alternate attention with a
feed-forward network. The attention is written out, so that every product can be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .training import Recipe, Trained, train

IMAGE_SIDE = 8
CLASSES = 10


@dataclass(frozen=True)
class VitShape:
    """Size of the network. ``patch`` is the side of a square patch in pixels.

    Raises
    ------
    ValueError : ``patch`` does not divide the image's side, or ``heads`` the width.
    """

    patch: int = 2
    width: int = 48
    layers: int = 2
    heads: int = 4
    mlp_ratio: int = 2

    def __post_init__(self) -> None:
        if self.patch < 1 or IMAGE_SIDE % self.patch:
            raise ValueError(f"patch: got {self.patch}; must divide {IMAGE_SIDE}")
        if self.heads < 1 or self.width % self.heads:
            raise ValueError(f"heads: got {self.heads}; must divide the width {self.width}")
        if self.layers < 1:
            raise ValueError(f"layers: got {self.layers}; must be at least 1")

    @property
    def tokens(self) -> int:
        """Patches and the class token."""
        return (IMAGE_SIDE // self.patch) ** 2 + 1

    @property
    def d_head(self) -> int:
        """Width of one head."""
        return self.width // self.heads

    @property
    def products(self) -> int:
        """Multiply-accumulates of one inference, N tokens of width D, L layers, ratio r.

        Patches ``(N − 1)·patch²·D``, L times ``N·D²·(4 + 2r)`` for the projections and the
        feed-forward network and ``2·N²·D`` for the two attention products, head ``10·D``.
        """
        tokens, width = self.tokens, self.width
        block = tokens * width**2 * (4 + 2 * self.mlp_ratio) + 2 * tokens**2 * width
        patches = (tokens - 1) * self.patch**2 * width
        return patches + self.layers * block + CLASSES * width


class Tokens(nn.Module):
    """Image (batch, 8, 8) to tokens (batch, tokens, width): patches, class token, positions."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.patch = shape.patch
        self.project = nn.Linear(shape.patch**2, shape.width)
        self.class_token = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.position = nn.Parameter(0.5 * torch.randn(1, shape.tokens, shape.width))

    def forward(self, images: Tensor) -> Tensor:
        side = IMAGE_SIDE // self.patch
        patches = images.reshape(-1, side, self.patch, side, self.patch).transpose(2, 3)
        tokens = self.project(patches.reshape(len(images), side**2, self.patch**2))
        first = self.class_token.expand(len(images), -1, -1)
        return torch.cat([first, tokens], dim=1) + self.position


class SelfAttention(nn.Module):
    """softmax(QKᵀ/√d_head) V, per head (Vaswani et al. 2017, equation 1)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value, each (batch, heads, tokens, d_head)."""
        batch, count, width = tokens.shape
        packed = self.query_key_value(tokens)
        packed = packed.reshape(batch, count, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4).contiguous()  # one copy, not three
        return query, key, value

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = self.project(tokens)
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        heads = scores.softmax(dim=-1) @ value
        return self.output(heads.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """Two layers with a rectifier between, applied to each token alone."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.contract(torch.relu(self.expand(tokens)))


class Block(nn.Module):
    """Attention, then feed-forward; each normalises its input and adds to the stream."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = SelfAttention(shape.width, shape.heads)
        self.feed_forward_norm = nn.LayerNorm(shape.width)
        self.feed_forward = FeedForward(shape.width, shape.mlp_ratio * shape.width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.attention_norm(tokens))
        return tokens + self.feed_forward(self.feed_forward_norm(tokens))


class VisionTransformer(nn.Module):
    """Logits (batch, 10) from images (batch, 8, 8) in [0, 1], read off the class token."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = Tokens(shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.tokens(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens[:, 0]))

    def queries_keys_values(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What every head compares, each (layers, batch, heads, tokens, d_head)."""
        tokens, collected = self.tokens(images), []
        for block in self.blocks:
            collected.append(block.attention.project(block.attention_norm(tokens)))
            tokens = block(tokens)
        query, key, value = (torch.stack(layers) for layers in zip(*collected, strict=True))
        return query, key, value


def train_vit(
    seed: int | Sequence[int],
    epochs: int = 24,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.1,
    patch: int = 2,
    width: int = 48,
    layers: int = 2,
    heads: int = 4,
    part: str = "test",
) -> Trained[VitShape] | list[Trained[VitShape]]:
    """Train a vision transformer on ``examples(seed, part)``; that part is scored once, at the end.

    Suited to ``store.made_once(train_vit, seed=0)``: the arguments determine the result.

    Parameters
    ----------
    seed : of the split, the weights, and the order of the images; several for a list of networks.
    patch, width, layers, heads : of :class:`VitShape`.
    epochs, learning_rate, weight_decay : of :class:`Recipe`.
    part : ``test``, or ``validation`` to choose settings by.

    Raises
    ------
    ValueError : a setting that ``VitShape``, ``Recipe`` or ``examples`` refuses.
    """
    shape = VitShape(patch=patch, width=width, layers=layers, heads=heads)
    recipe = Recipe(epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay)
    return train(VisionTransformer, shape, recipe, seed, part)
