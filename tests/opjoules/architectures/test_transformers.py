"""Transformers and residual networks: closed forms against modules that run, and against print."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.architectures.transformers import (
    ORDERS,
    residual_network,
    spiking_transformer,
    vision_transformer,
)
from opjoules.counting.operations import count_operations


class SpikingTransformer(nn.Module):
    """The published layers as modules, without neurons: only shapes matter on the meta device."""

    def __init__(self, depth: int, width: int, heads: int) -> None:
        super().__init__()
        maps = [3, width // 8, width // 4, width // 2, width, width]
        self.stem = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(maps, maps[1:], strict=False)
        )
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.heads = heads
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            parts = {n: nn.Linear(width, width, bias=False) for n in ("query", "key", "value")}
            parts["projection"] = nn.Linear(width, width)
            parts["up"], parts["down"] = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            self.blocks.append(nn.ModuleDict(parts))
        self.head = nn.Linear(width, 1000)

    def forward(self, image):
        for i, convolution in enumerate(self.stem):
            image = convolution(image if i == 0 else self.pool(image))
        tokens = image.flatten(2).mT
        for block in self.blocks:
            query, key, value = (
                block[name](tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                for name in ("query", "key", "value")
            )
            mixed = query @ (key.mT @ value)
            tokens = block["projection"](mixed.transpose(1, 2).flatten(2))
            tokens = block["down"](block["up"](tokens))
        return self.head(tokens.mean(1))


@pytest.mark.parametrize("depth,width,heads,image", [(2, 64, 4, 64), (1, 384, 8, 224)])
def test_spiking_transformer_counts_as_its_modules_do(depth, width, heads, image):
    with torch.device("meta"):
        model, batch = SpikingTransformer(depth, width, heads), torch.empty(1, 3, image, image)
    counted = count_operations(model, batch)
    closed = spiking_transformer(depth, width, heads, image)
    assert counted["macs"].sum() == closed["macs"].sum()
    assert counted.groupby("kind")["macs"].sum()["product"] == (
        closed.loc[closed["kind"] == "product", "macs"].sum()
    )
    stem = [row for row in counted.itertuples() if row.layer.startswith("stem")]
    assert [row.macs for row in stem] == list(closed["macs"][:5])


def test_vision_transformer_counts_as_modules_do():
    class Vision(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 96, 16, stride=16)
            layer = nn.TransformerEncoderLayer(96, 3, 384, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(96, 1000)

        def forward(self, image):
            tokens = self.patches(image).flatten(2).mT
            tokens = torch.cat([tokens[:, :1], tokens], dim=1)
            return self.head(self.encoder(tokens)[:, 0])

    with torch.device("meta"):
        counted = count_operations(Vision(), torch.empty(1, 3, 64, 64))
    assert counted["macs"].sum() == vision_transformer(2, 96, 64)["macs"].sum()


def test_vision_transformer_closed_form():
    depth, width, tokens = 12, 768, 197
    table = vision_transformer(depth, width)
    blocks = table[table["layer"].str.startswith("block")]["macs"].sum()
    assert blocks == depth * (12 * tokens * width**2 + 2 * tokens**2 * width)


@pytest.mark.parametrize("depth,millions", [(18, 11.69), (34, 21.79), (50, 25.56)])
def test_residual_networks_have_their_published_parameters(depth, millions):
    table = residual_network(depth)
    positions = table["macs"] / table["weights"]
    assert (positions == positions.round()).all()
    parameters = (table["weights"].sum() + table["bias"].sum()) / 1e6
    # Batch normalisation adds two numbers a map, 0.1 to 0.3 % of these
    assert millions * (1 - 4e-3) < parameters < millions


def test_order_of_the_attention_product():
    cheap, full = (
        spiking_transformer(1, 512, 8, order=order).query("kind == 'product'") for order in ORDERS
    )
    assert list(cheap["macs"]) == [196 * 512 * 64] * 2
    assert list(full["macs"]) == [196 * 196 * 512] * 2


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="width: got 100"):
        spiking_transformer(1, 100, 8)
    with pytest.raises(ValueError, match="image: got 100"):
        spiking_transformer(1, 64, 8, 100)
    with pytest.raises(ValueError, match="order: got 'none'"):
        spiking_transformer(1, 64, 8, order="none")
    with pytest.raises(ValueError, match="depth: got 19"):
        residual_network(19)
    with pytest.raises(ValueError, match="image: got 230"):
        vision_transformer(2, 96, 230)
