"""Architectures: closed forms against modules that run, and against published sizes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from opjoules.architectures import transformers as networks
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
    closed = networks.spiking_transformer(depth, width, heads, image)
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
    assert counted["macs"].sum() == networks.vision_transformer(2, 96, 64)["macs"].sum()


def test_vision_transformer_closed_form():
    depth, width, tokens = 12, 768, 197
    table = networks.vision_transformer(depth, width)
    blocks = table[table["layer"].str.startswith("block")]["macs"].sum()
    assert blocks == depth * (12 * tokens * width**2 + 2 * tokens**2 * width)


@pytest.mark.parametrize("depth,millions", [(18, 11.69), (34, 21.79), (50, 25.56)])
def test_residual_networks_have_their_published_parameters(depth, millions):
    table = networks.residual_network(depth)
    positions = table["macs"] / table["weights"]
    assert (positions == positions.round()).all()
    parameters = (table["weights"].sum() + table["bias"].sum()) / 1e6
    # Batch normalisation adds two numbers a map, 0.1 to 0.3 % of these networks.
    assert millions * (1 - 4e-3) < parameters < millions


def test_order_of_the_attention_product():
    cheap, full = (
        networks.spiking_transformer(1, 512, 8, order=order).query("kind == 'product'")
        for order in networks.ORDERS
    )
    assert list(cheap["macs"]) == [196 * 512 * 64] * 2
    assert list(full["macs"]) == [196 * 196 * 512] * 2


def rates(network, value):
    return {layer: value for layer in network["layer"] if layer not in ("stem.0", "head")}


def test_counts_from_rates():
    network = networks.spiking_transformer(1, 64, 4, 32)
    table = networks.from_rates(network, rates(network, 0.25), timesteps=6, bias=False)
    dense = network.set_index("layer")["macs"]
    found = table.set_index("layer")
    assert found.loc["stem.0", "macs"] == 6 * dense["stem.0"]
    assert found.loc["head", "macs"] == dense["head"]
    driven = dense.drop(["stem.0", "head"])
    assert table["acs"].sum() == pytest.approx(0.25 * 6 * driven.sum())
    assert "neuron updates" in table.attrs["uncounted"]


def test_errors_name_the_parameter():
    network = networks.spiking_transformer(1, 64, 4, 32)
    good = rates(network, 0.1)
    with pytest.raises(ValueError, match="rates: got .*1.5.*from 0 to 1"):
        networks.from_rates(network, good | {"stem.1": 1.5}, 4)
    with pytest.raises(ValueError, match="missing layers .*'stem.1'"):
        networks.from_rates(network, {k: v for k, v in good.items() if k != "stem.1"}, 4)
    with pytest.raises(ValueError, match="unknown layers .*'tail'"):
        networks.from_rates(network, good | {"tail": 0.1}, 4)
    with pytest.raises(ValueError, match="timesteps: got 0"):
        networks.from_rates(network, good, 0)
    with pytest.raises(ValueError, match="width: got 100"):
        networks.spiking_transformer(1, 100, 8)
    with pytest.raises(ValueError, match="image: got 100"):
        networks.spiking_transformer(1, 64, 8, 100)
    with pytest.raises(ValueError, match="order: got 'none'"):
        networks.spiking_transformer(1, 64, 8, order="none")
    with pytest.raises(ValueError, match="depth: got 19"):
        networks.residual_network(19)
    with pytest.raises(ValueError, match="image: got 230"):
        networks.vision_transformer(2, 96, 230)


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
    closed = networks.qkformer(width, image=64)
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
    table = networks.swin_transformer()
    parameters = table["weights"].sum() + table.loc[table["bias"] > 0, "channels_out"].sum()
    assert 87.77 * (1 - 4e-3) < parameters / 1e6 < 87.77
    first = table[table["layer"].str.startswith("stage.0.")]["macs"].sum()
    tokens, width = 56**2, 128
    assert first == 2 * (12 * tokens * width**2 + 2 * 49 * tokens * width)
    wide = networks.swin_transformer(384, 12)
    assert (wide["weights"] == table["weights"]).all() and (wide["macs"] > table["macs"]).any()


@pytest.fixture(scope="module")
def minilm_counts():
    from brainbook.evidence import pretrained

    model, tokenizer = pretrained.minilm(torch.float32)
    batch = tokenizer(["machines and brains both pay for memory"], return_tensors="pt")
    return count_operations(model, dict(batch)), model.config, batch["input_ids"].shape[1]


def test_text_transformer_counts_as_minilm_does(minilm_counts):
    counted, config, tokens = minilm_counts
    closed = networks.text_transformer(
        config.num_hidden_layers, config.hidden_size, config.num_attention_heads, tokens,
        vocabulary=config.vocab_size, pooler=True, counts=True,
    )  # fmt: skip
    columns = [
        "macs", "weight_reads", "activation_reads", "activation_writes", "dense", "calls",
        "weight_size", "activation_size",
    ]  # fmt: skip
    assert len(counted) == len(closed) == 3 + 6 * 8 + 1
    # Layer by layer, the query, key and value of a block before its products.
    order = counted.sort_values(["kind", *columns]).reset_index(drop=True)
    ours = closed.sort_values(["kind", *columns]).reset_index(drop=True)
    assert list(order["kind"]) == list(ours["kind"])
    assert (order[columns] == ours[columns]).all(axis=None)


def test_dense_counts_match_a_convolution_that_runs():
    model = nn.Sequential(nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False))
    with torch.device("meta"):
        counted = count_operations(model, torch.empty(1, 3, 64, 64)).iloc[0]
    closed = networks.residual_network(18, 64, counts=True).iloc[0]
    for column in ("macs", "weight_reads", "activation_reads", "activation_writes", "dense"):
        assert closed[column] == counted[column] > 0, column


def test_one_call_gives_counts_ready_to_price():
    from opjoules.pricing.estimate import estimate

    for table in (
        networks.spiking_transformer(1, 64, 4, 32, timesteps=4, rates=0.25),
        networks.qkformer(64, 4, 32, timesteps=4, rates=0.25),
        networks.residual_network(18, 32, timesteps=4, rates=0.25),
    ):
        assert table.attrs["uncounted"] == {}
        spiking = table["acs"] > 0
        assert (table.loc[spiking, "spikes"] == 0.25 * table.loc[spiking, "sites"]).all()
        assert table["neuron_updates"].sum() > 0
        bare = estimate(table, "45nm_fp32", memory=False).joules.central
        assert estimate(table, "45nm_fp32").joules.central > bare > 0
    for table in (
        networks.vision_transformer(1, 64, 32, counts=True),
        networks.swin_transformer(224, counts=True),
        networks.text_transformer(1, 64, 2, 16, counts=True),
    ):
        assert (table["acs"] == 0).all() and (table["macs"] == table["dense"]).all()
        assert estimate(table, "45nm_int8").joules.central > 0


def test_traffic_of_spikes_follows_the_counting_rules():
    layer = networks.spiking_transformer(1, 64, 4, 32, timesteps=8, rates=0.5).set_index("layer")
    query, tokens = layer.loc["block.0.query"], 4
    assert query["spikes"] == 0.5 * 8 * tokens * 64 == query["activation_reads"]
    # Four tokens at rate one half use each weight twice a step, but fetch it once.
    assert query["weight_reads"] == 8 * 64**2
    sparse = networks.spiking_transformer(1, 64, 4, 32, timesteps=8, rates=0.05)
    row = sparse.set_index("layer").loc["block.0.query"]
    assert row["weight_reads"] == pytest.approx(row["acs"])
    updates = layer.loc["block.0.query:neurons", "neuron_updates"]
    assert updates == 8 * tokens * 64
    assert "block.0.product 1:neurons" not in layer.index


def test_new_architectures_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="width: got 100"):
        networks.qkformer(100)
    with pytest.raises(ValueError, match="image: got 100"):
        networks.qkformer(64, image=100)
    with pytest.raises(ValueError, match="image: got 225"):
        networks.swin_transformer(225)
    with pytest.raises(ValueError, match="tokens: got 600"):
        networks.text_transformer(1, 64, 2, 600)
    with pytest.raises(ValueError, match="heads"):
        networks.text_transformer(1, 64, 3, 16)
    with pytest.raises(ValueError, match="rates: got .*-0.1"):
        networks.spiking_transformer(1, 64, 4, 32, timesteps=2, rates=-0.1)
