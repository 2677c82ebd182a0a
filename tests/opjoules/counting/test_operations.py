"""Counting against closed forms, PyTorch's own FLOP counter and spikes known by hand."""

from __future__ import annotations

import pytest
import snntorch
import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

from brainbook.evidence import pretrained
from opjoules.counting import arithmetic
from opjoules.counting.operations import count_operations


def flops(model: nn.Module, *inputs, **named) -> int:
    """PyTorch's count of the same pass, two per multiply-accumulate."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as count:
            model.eval()(*inputs, **named)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return count.get_total_flops()


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


class Known(nn.Module):
    """An identity layer, an integrate-and-fire neuron without leak, a readout of four."""

    def __init__(self) -> None:
        super().__init__()
        self.wire = nn.Linear(3, 3, bias=False)
        self.wire.weight.data = torch.eye(3)
        self.neurons = snntorch.Leaky(beta=1.0, threshold=1.0, reset_mechanism="subtract")
        self.readout = nn.Linear(3, 4)

    def forward(self, current, steps: int = 4):
        membrane = self.neurons.reset_mem()
        for _ in range(steps):
            spikes, membrane = self.neurons(self.wire(current), membrane)
            result = self.readout(spikes)
        return result


def row(table, layer):
    return table.set_index("layer").loc[layer]


def test_spikes_known_by_hand():
    # A constant current of 0.6 on threshold 1: membrane 0.6, 1.2 (spike), 0.8, 1.4 (spike).
    # 1.1: 1.1 (spike), 1.2 (spike), 1.3 (spike), 1.4 (spike). 0.1 never.
    table = count_operations(Known(), torch.tensor([[0.6, 1.1, 0.1]]))
    assert row(table, "readout")["acs"] == (2 + 4 + 0) * 4
    assert row(table, "readout")["spikes"] == 6
    assert row(table, "readout")["sites"] == 3 * 4
    assert row(table, "readout")["macs"] == 0
    assert row(table, "wire")["macs"] == 3 * 3 * 4
    assert row(table, "neurons")["neuron_updates"] == 3 * 4
    assert row(table, "neurons")["comparisons"] == 3 * 4
    assert row(table, "neurons")["state_reads"] == row(table, "neurons")["state_writes"] == 3 * 4
    assert row(table, "neurons")["activation_writes"] == 6
    assert row(table, "readout")["calls"] == 4


def test_counts_are_per_inference():
    one = torch.tensor([[0.6, 1.1, 0.1]])
    single, batch = count_operations(Known(), one), count_operations(Known(), one.repeat(7, 1))
    assert batch.attrs["batch_size"] == 7
    assert single.equals(batch)


def test_batch_axis_of_time_first_spikes():
    class TimeFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, spikes):
            return sum(self.layer(step) for step in spikes)

    spikes = torch.zeros(5, 3, 4)
    spikes[:, 0] = 1
    table = count_operations(TimeFirst(), spikes, batch_dim=1)
    assert table["acs"].sum() == pytest.approx(5 * 4 * 2 / 3)


@pytest.mark.parametrize(
    "transposed,groups,stride,padding,dilation",
    [
        (False, 1, 1, 0, 1), (False, 1, 2, 1, 1), (False, 2, 1, 2, 2), (False, 4, 3, 1, 1),
        (True, 1, 2, 1, 1), (True, 2, 3, 0, 1), (True, 1, 1, 2, 2),
    ],
)  # fmt: skip
def test_convolution_of_spikes_counted_by_a_convolution_of_ones(
    transposed, groups, stride, padding, dilation
):
    generator = torch.Generator().manual_seed(stride + 10 * padding)
    options = dict(stride=stride, padding=padding, dilation=dilation, groups=groups, bias=False)
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    layer = kind(4, 8, (3, 2), **options)
    spikes = (torch.rand(3, 4, 9, 8, generator=generator) < 0.3).float()
    table = count_operations(layer, spikes)
    layer.weight.data.fill_(1)
    with torch.no_grad():
        exact = layer(spikes).double().sum().item() / 3
    assert table["acs"].item() == pytest.approx(exact, abs=1e-9)
    assert table["macs"].item() == 0
    assert table["dense"].item() == flops(layer, spikes) / 2 / 3


@pytest.mark.parametrize("axes", [1, 3])
def test_convolutions_of_one_and_three_axes(axes):
    kind = {1: nn.Conv1d, 3: nn.Conv3d}[axes]
    layer = kind(2, 3, 3, padding=1)
    inputs = torch.randn(2, 2, *(5,) * axes)
    table = count_operations(layer, inputs)
    assert table["macs"].item() == 5**axes * 3**axes * 2 * 3 == flops(layer, inputs) / 2 / 2


def test_linear_closed_form_and_traffic():
    table = count_operations(nn.Linear(6, 4), torch.randn(5, 3, 6))
    found = table.iloc[0]
    assert found["macs"] == 3 * 6 * 4 and found["acs"] == 0
    assert found["weight_reads"] == 6 * 4
    assert found["activation_reads"] == 3 * 6 and found["activation_writes"] == 3 * 4
    assert found["weight_size"] == 24


def test_spike_driven_layer_reads_only_what_its_spikes_need():
    spikes = torch.zeros(2, 10)
    spikes[0, 3] = spikes[1, 4] = 1
    found = count_operations(nn.Linear(10, 6), spikes).iloc[0]
    assert found["acs"] == found["weight_reads"] == 6
    assert found["activation_reads"] == 1


def products(function, *shapes):
    inputs = tuple(torch.randn(2, *shape) for shape in shapes)
    return count_operations(Call(function), inputs)


Q, K, V = (5, 8), (7, 8), (7, 6)
PRODUCT = 5 * 7 * 8


@pytest.mark.parametrize(
    "function",
    [
        lambda q, k: q @ k.transpose(-2, -1),
        lambda q, k: torch.matmul(q, k.mT),
        lambda q, k: torch.bmm(q, k.transpose(1, 2)),
        lambda q, k: torch.einsum("bnd,bmd->bnm", q, k),
        lambda q, k: torch.baddbmm(torch.zeros(2, 5, 7), q, k.mT),
        torch.inference_mode()(lambda q, k: q @ k.transpose(-2, -1)),
    ],
)
def test_products_are_seen_however_written(function):
    table = products(function, Q, K)
    assert list(table["kind"]) == ["product"]
    assert table["macs"].item() == PRODUCT
    assert table["weight_reads"].item() == 0


@pytest.mark.parametrize("backend", [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION])
def test_scaled_dot_product_attention_whatever_the_backend(backend):
    def attend(q, k, v):
        with sdpa_kernel(backend):
            return functional.scaled_dot_product_attention(q, k, v)

    table = products(attend, (3, *Q), (3, *K), (3, 7, 8))
    assert list(table["macs"]) == [3 * PRODUCT, 3 * PRODUCT]
    assert "aten._softmax" in table.attrs["uncounted"]


def test_attention_with_shared_heads_counts_every_query_head():
    def attend(q, k, v):
        return functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)

    table = products(attend, (6, 5, 8), (2, 7, 8), (2, 7, 8))
    assert list(table["macs"]) == [6 * PRODUCT, 6 * PRODUCT]


def test_spikes_drive_attention_products():
    queries, keys = torch.zeros(1, 4, 3), torch.ones(1, 5, 3)
    queries[0, 0, 0] = queries[0, 2, 1] = 1
    table = count_operations(Call(lambda q, k: q @ k.mT), (queries, keys))
    assert table["acs"].item() == 2 * 5 and table["macs"].item() == 0
    values = torch.eye(5)[None]
    attended = count_operations(
        Call(functional.scaled_dot_product_attention), (queries, torch.randn(1, 5, 3), values)
    )
    assert list(attended["acs"]) == [2 * 5, 5 * 4] and attended["macs"].sum() == 0


@pytest.mark.parametrize("fast", [True, False])
def test_encoder_layer_hides_nothing_in_its_fast_path(fast):
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True).eval()
    inputs = torch.randn(3, 7, 16)
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(fast)
    try:
        table = count_operations(layer, inputs)
        assert torch.backends.mha.get_fastpath_enabled() is fast
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    closed = 7 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 7 * 7 * 16
    assert table["macs"].sum() == closed == flops(layer, inputs) / 2 / 3


def test_attention_module_without_weights_and_with_them():
    layer = nn.MultiheadAttention(16, 4, batch_first=True).eval()
    x = torch.randn(2, 6, 16)
    closed = 6 * 4 * 16 * 16 + 2 * 6 * 6 * 16
    for wanted in (True, False):
        table = count_operations(layer, {"query": x, "key": x, "value": x, "need_weights": wanted})
        assert table["macs"].sum() == closed


def test_minilm_closed_form_and_flop_counter():
    model, tokenizer = pretrained.minilm()
    sentences = ["The cell fires when its membrane crosses the threshold."] * 2
    batch = dict(tokenizer(sentences, return_tensors="pt"))
    table = count_operations(model, batch)
    n, d, depth = batch["input_ids"].shape[1], model.config.hidden_size, 6
    assert model.config.intermediate_size == 4 * d and model.config.num_hidden_layers == depth
    # 24 n d² + 4 n² d FLOPs a layer, two per MAC; the pooler reads one token.
    assert table["macs"].sum() == depth * (12 * n * d**2 + 2 * n**2 * d) + d**2
    assert table["macs"].sum() == flops(model, **batch) / 2 / 2
    assert (table["kind"] == "product").sum() == 2 * depth
    assert {"aten._softmax", "aten.gelu", "aten.native_layer_norm"} <= set(table.attrs["uncounted"])


def test_both_attention_implementations_of_a_hugging_face_model_agree():
    config = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48)
    counts = []
    for implementation in ("eager", "sdpa"):
        torch.manual_seed(0)
        model = BertModel(BertConfig(**config, attn_implementation=implementation))
        tokens = torch.arange(10).reshape(2, 5)
        counts.append(count_operations(model, {"input_ids": tokens}))
    assert counts[0]["macs"].sum() == counts[1]["macs"].sum() > 0
    assert (counts[1]["kind"] == "product").sum() == 4


def test_meta_device_counts_without_computing():
    layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    real = count_operations(layer, torch.randn(2, 9, 64))
    meta = count_operations(layer.to("meta"), torch.empty(2, 9, 64, device="meta"))
    assert meta["macs"].sum() == real["macs"].sum() > 0


def test_shared_weights_make_one_row_with_two_calls():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(11, 4)

        def forward(self, tokens):
            return functional.linear(self.table(tokens), self.table.weight)

    table = count_operations(Tied(), torch.arange(6)[None])
    assert list(table["kind"]) == ["embedding", "linear"]
    assert row(table[table["kind"] == "embedding"], "table")["weight_reads"] == 6 * 4
    assert row(table[table["kind"] == "linear"], "table")["macs"] == 6 * 4 * 11


def test_zeros_at_the_start_of_a_recurrent_layer_count_as_its_other_steps():
    found = count_operations(nn.GRU(4, 5, batch_first=True), torch.randn(2, 7, 4))
    assert row(found, "weight_hh_l0")["macs"] == 7 * 3 * 5 * 5
    silent = count_operations(nn.Linear(4, 5), torch.zeros(2, 4)).iloc[0]
    assert silent["acs"] == 0 and silent["macs"] == 0 and silent["sites"] == 4


def test_recurrent_spikes_and_several_states():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.neurons = snntorch.RSynaptic(0.9, 0.8, linear_features=6, init_hidden=True)

        def forward(self, x):
            return [self.neurons(x) for _ in range(3)][-1]

    model, x = Recurrent(), torch.full((2, 6), 0.7)
    table = count_operations(model, x)
    assert row(table, "neurons")["neuron_updates"] == 3 * 6
    assert row(table, "neurons")["state_reads"] == 3 * 6 * 3
    recurrent = row(table, "neurons.recurrent")
    assert recurrent["acs"] == recurrent["spikes"] * 6 > 0
    assert table.equals(count_operations(model, x)), "hidden states must start from rest"


def test_neurons_of_another_library():
    class Threshold(nn.Module):
        def forward(self, current):
            return (current.exp() > 1.5).float()

    model = nn.Sequential(nn.Linear(4, 8), Threshold(), nn.Linear(8, 2))
    x = torch.randn(3, 4)
    assert "aten.exp" in count_operations(model, x).attrs["uncounted"]
    named = count_operations(model, x, neurons=(Threshold,))
    assert named.attrs["uncounted"] == {}
    assert row(named, "1")["neuron_updates"] == 8


def test_comparisons_of_pooling_and_relu():
    model = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    table = count_operations(model, torch.randn(2, 3, 4, 4))
    assert list(table["comparisons"]) == [3 * 16, 3 * 4 * 3]


@pytest.mark.parametrize("kind,gates", [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_layers(kind, gates):
    table = count_operations(kind(3, 5, num_layers=2, batch_first=True), torch.randn(2, 7, 3))
    assert table["macs"].sum() == 7 * gates * 5 * (3 + 5 + 5 + 5)


def test_what_is_not_counted_is_named():
    table = count_operations(Call(lambda x: x.cumsum(0).exp()), torch.randn(2, 5))
    assert table.attrs["uncounted"] == {"aten.cumsum": 5, "aten.exp": 5}
    assert table.empty


def test_model_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.BatchNorm1d(3))
    model.train()
    model[1].eval()
    running = model[2].running_mean.clone()
    count_operations(model, torch.randn(4, 3))
    assert model.training and not model[1].training and model[2].training
    assert torch.equal(model[2].running_mean, running)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_hooks_are_removed_when_the_model_fails():
    model = nn.Sequential(nn.Linear(3, 3), Call(lambda x: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        count_operations(model, torch.randn(4, 3))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    "batch,axis,message",
    [
        (torch.empty(0, 3), 0, "empty tensor of shape"),
        ({"x": 1}, 0, "without a tensor"),
        (torch.randn(2, 3), 2, "batch_dim: got 2"),
    ],
)
def test_bad_batches(batch, axis, message):
    with pytest.raises(ValueError, match=message):
        count_operations(nn.Linear(3, 3), batch, batch_dim=axis)


def test_compiled_models_are_refused():
    with pytest.raises(ValueError, match="compiled"):
        count_operations(torch.compile(nn.Linear(3, 3)), torch.randn(2, 3))
    with pytest.raises(ValueError, match="compiled"):
        scripted = torch.jit.trace(nn.Linear(3, 3), torch.randn(2, 3))
        count_operations(scripted, torch.randn(2, 3))


@pytest.mark.parametrize(
    ("values", "binary"),
    [
        ([0.0, 1.0, 0.0], True),
        ([], True),
        ([-0.0, 1.0], True),
        ([1.0, -1.0], False),
        ([0.5, 1.0], False),
        ([0.0, float("inf")], False),
        ([0.0, float("-inf")], False),
        ([float("nan"), 1.0], False),
        ([1.0, 1.0 + 2**-23], False),
        ([0.0, 1e-38], False),
    ],
)
def test_spikes_are_zeros_and_ones(values, binary):
    for dtype in (torch.float32, torch.float64):
        assert arithmetic.is_binary(torch.tensor(values, dtype=dtype)) is binary
    long = torch.tensor([0.0] * (2 * arithmetic.PROBE) + values)
    assert arithmetic.is_binary(long) is binary


def test_whole_numbers_and_truths_can_be_spikes():
    assert arithmetic.is_binary(torch.tensor([True, False]))
    assert arithmetic.is_binary(torch.tensor([0, 1, 1]))
    assert not arithmetic.is_binary(torch.tensor([0, 2]))
    assert not arithmetic.is_binary(torch.tensor([0, 16], dtype=torch.uint8))
