"""Counting against closed forms, PyTorch's own FLOP counter and spikes known by hand."""

from __future__ import annotations

import pytest
import snntorch
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

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
        (False, 1, 1, 0, 1),
        (False, 1, 2, 1, 1),
        (False, 2, 1, 2, 2),
        (False, 4, 3, 1, 1),
        (True, 1, 2, 1, 1),
        (True, 2, 3, 0, 1),
        (True, 1, 1, 2, 2),
    ],
)
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


def test_a_language_model_is_its_closed_form_however_attention_is_written():
    d, depth, n = 24, 2, 5
    config = dict(hidden_size=d, num_hidden_layers=depth, num_attention_heads=3)
    config |= {"intermediate_size": 4 * d}
    batch = {"input_ids": torch.arange(2 * n).reshape(2, n)}
    for implementation in ("eager", "sdpa"):
        torch.manual_seed(0)
        model = BertModel(BertConfig(**config, attn_implementation=implementation))
        table = count_operations(model, batch)
        # 24 n d² + 4 n² d FLOPs a layer, two per MAC; the pooler reads one token.
        assert table["macs"].sum() == depth * (12 * n * d**2 + 2 * n**2 * d) + d**2
        assert table["macs"].sum() == flops(model, **batch) / 2 / 2
        assert (table["kind"] == "product").sum() == 2 * depth
        named = {"aten._softmax", "aten.gelu", "aten.native_layer_norm"}
        assert named <= set(table.attrs["uncounted"])


def test_meta_device_counts_without_computing():
    layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    real = count_operations(layer, torch.randn(2, 9, 64))
    meta = count_operations(layer.to("meta"), torch.empty(2, 9, 64, device="meta"))
    assert meta["macs"].sum() == real["macs"].sum() > 0


def test_zeros_at_the_start_of_a_recurrent_layer_count_as_its_other_steps():
    found = count_operations(nn.GRU(4, 5, batch_first=True), torch.randn(2, 7, 4))
    assert row(found, "weight_hh_l0")["macs"] == 7 * 3 * 5 * 5
    silent = count_operations(nn.Linear(4, 5), torch.zeros(2, 4)).iloc[0]
    assert silent["acs"] == 0 and silent["macs"] == 0 and silent["sites"] == 4


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
