"""Quick products against PyTorch's own, and where they step aside."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from brainbook.evidence import products


def case(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(*s, generator=generator, dtype=dtype) for s in ((2, 5, 7), (3, 7), (3,))
    )


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("quicker", {False, products.AVAILABLE})
def test_the_product_is_pytorchs(monkeypatch, quicker, biased):
    monkeypatch.setattr(products, "QUICKER", quicker)
    x, weight, bias = case()
    bias = bias if biased else None
    expected = functional.linear(
        x.double(), weight.double(), None if bias is None else bias.double()
    )
    found = products.linear(x.mT.contiguous().mT, weight, bias)  # the layout does not matter
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)


def test_layers_of_a_model_take_the_quick_way_inside_only(monkeypatch):
    calls, plain = [], products.linear
    monkeypatch.setattr(products, "linear", lambda *given: calls.append(1) or plain(*given))
    model, x = nn.Sequential(nn.Linear(7, 4), nn.GELU(), nn.Linear(4, 2)), case()[0]
    with torch.no_grad():
        outside = model(x)
        assert not calls
        with products.QuickLayers():
            inside = model(x)
    assert len(calls) == 2
    torch.testing.assert_close(inside, outside, rtol=0, atol=1e-5)


@pytest.mark.parametrize("quicker", {False, products.AVAILABLE})
def test_gradients_and_float64_go_pytorchs_way(monkeypatch, quicker):
    monkeypatch.setattr(products, "QUICKER", quicker)
    x, weight, bias = case()
    weight.requires_grad_()
    products.linear(x, weight, bias).sum().backward()
    torch.testing.assert_close(weight.grad, x.sum((0, 1)).expand(3, 7))
    exact = case(torch.float64)
    assert torch.equal(products.linear(*exact), functional.linear(*exact))
