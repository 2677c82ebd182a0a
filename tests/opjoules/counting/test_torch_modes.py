"""Products, attention and recurrent layers are seen however they are written."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import _get_current_function_mode
from torch.utils._python_dispatch import _get_current_dispatch_mode

from opjoules.counting.operations import Ledger, count_operations
from opjoules.counting.torch_modes import Functions, Operations
from opjoules.counting.watcher import watching


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


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


def test_comparisons_of_pooling_and_relu():
    model = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    table = count_operations(model, torch.randn(2, 3, 4, 4))
    assert list(table["comparisons"]) == [3 * 16, 3 * 4 * 3]


def test_what_is_not_counted_is_named():
    table = count_operations(Call(lambda x: x.cumsum(0).exp()), torch.randn(2, 5))
    assert table.attrs["uncounted"] == {"aten.cumsum": 5, "aten.exp": 5}
    assert table.empty


@pytest.mark.parametrize("kind,gates", [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_layers(kind, gates):
    table = count_operations(kind(3, 5, num_layers=2, batch_first=True), torch.randn(2, 7, 3))
    assert table["macs"].sum() == 7 * gates * 5 * (3 + 5 + 5 + 5)


def test_both_modes_are_on_inside_and_off_after():
    with watching(nn.Linear(2, 2), Ledger(1), ()):
        assert isinstance(_get_current_dispatch_mode(), Operations)
        assert isinstance(_get_current_function_mode(), Functions)
    assert _get_current_dispatch_mode() is None and _get_current_function_mode() is None
