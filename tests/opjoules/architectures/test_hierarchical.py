"""QKFormer and Swin: closed forms against modules that run, and against print."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.architectures.hierarchical import qkformer, swin_transformer
from opjoules.counting.operations import count_operations


class Qk(nn.Module):
    """QKFormer's published layers as modules; query-key masks need no product."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.stem = nn.Conv2d(3, width // 8, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stages = nn.ModuleList()
        for stage, blocks in enumerate((1, 2, 7)):
            before, wide = width // 2 ** (3 - stage), width // 2 ** (2 - stage)
            parts = nn.ModuleDict(
                {
                    "first": nn.Conv2d(before, wide, 3, padding=1, bias=False),
                    "second": nn.Conv2d(wide, wide, 3, padding=1, bias=False),
                    "shortcut": nn.Conv2d(before, wide, 1, stride=2, bias=False),
                }
            )
            names = ["query", "key"] + ["value"] * (stage == 2)
            parts["blocks"] = nn.ModuleList(
                nn.ModuleDict(
                    {n: nn.Conv1d(wide, wide, 1, bias=False) for n in names}
                    | {"out": nn.Conv1d(wide, wide, 1)}
                    | {"up": nn.Conv1d(wide, 4 * wide, 1), "down": nn.Conv1d(4 * wide, wide, 1)}
                )
                for _ in range(blocks)
            )
            self.stages.append(parts)
        self.head = nn.Linear(width, 1000)

    def forward(self, image):
        image = self.pool(self.stem(image))
        for stage in self.stages:
            image = stage["second"](self.pool(stage["first"](image))) + stage["shortcut"](image)
            shape, tokens = image.shape, image.flatten(2)
            for block in stage["blocks"]:
                query, key = block["query"](tokens), block["key"](tokens)
                mixed = query.sum(1, keepdim=True) * key
                if "value" in block:
                    split = [
                        x.unflatten(1, (self.heads, -1))
                        for x in (query, key, block["value"](tokens))
                    ]
                    mixed = (split[2] @ split[1].mT @ split[0]).flatten(1, 2)
                tokens = block["down"](block["up"](block["out"](mixed)))
            image = tokens.reshape(shape)
        return self.head(image.flatten(2).mean(2))


@pytest.mark.parametrize("width,millions", [(384, 16.47), (512, 29.08), (768, 64.96)])
def test_qkformer_counts_as_its_modules_do_and_has_its_published_parameters(width, millions):
    with torch.device("meta"):
        model, batch = Qk(width, width // 64), torch.empty(1, 3, 64, 64)
    counted = count_operations(model, batch)
    closed = qkformer(width, image=64)
    for kind in ("linear", "convolution", "product"):
        # A token-wise convolution is a linear map in our table.
        kinds = ["linear", "convolution"] if kind != "product" else [kind]
        ours = closed.loc[closed["kind"].isin(kinds), "macs"].sum()
        assert counted.loc[counted["kind"].isin(kinds), "macs"].sum() == ours > 0
    parameters = sum(p.numel() for p in model.parameters()) / 1e6
    weights = closed["weights"].sum() + closed.loc[closed["bias"] > 0, "channels_out"].sum()
    assert weights / 1e6 == pytest.approx(parameters, abs=1e-9)
    assert millions * (1 - 4e-3) < parameters < millions  # without batch normalisation


def test_swin_has_its_published_parameters_and_closed_form():
    table = swin_transformer()
    parameters = table["weights"].sum() + table.loc[table["bias"] > 0, "channels_out"].sum()
    assert 87.77 * (1 - 4e-3) < parameters / 1e6 < 87.77
    first = table[table["layer"].str.startswith("stage.0.")]["macs"].sum()
    tokens, width = 56**2, 128
    assert first == 2 * (12 * tokens * width**2 + 2 * 49 * tokens * width)
    wide = swin_transformer(384, 12)
    assert (wide["weights"] == table["weights"]).all() and (wide["macs"] > table["macs"]).any()


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="width: got 100"):
        qkformer(100)
    with pytest.raises(ValueError, match="image: got 100"):
        qkformer(64, image=100)
    with pytest.raises(ValueError, match="image: got 225"):
        swin_transformer(225)
