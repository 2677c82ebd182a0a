"""Perceptron, eight-bit products, and the catalogue of classifiers."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from brainbook.evidence.datasets import digits
from brainbook.models.digits import classifiers as digit_classifiers
from brainbook.models.digits import perceptron, quantisation
from brainbook.models.digits.training import seeded


def test_the_perceptron_is_its_equations():
    model = seeded(lambda: perceptron.Perceptron(perceptron.PerceptronShape((7, 5))), 0).double()
    batch = torch.as_tensor(digits(0).test_images[:6]).double()
    signal = batch.reshape(6, 64)
    for layer in model.layers[:-1]:
        signal = (signal @ layer.weight.T + layer.bias).clamp(min=0)
    expected = signal @ model.layers[-1].weight.T + model.layers[-1].bias
    torch.testing.assert_close(model(batch), expected, atol=1e-12, rtol=0)
    assert model.shape.products == 64 * 7 + 7 * 5 + 5 * 10


def test_a_perceptron_learns_and_comes_back():
    made = perceptron.train_perceptron(seed=1, hidden=(16,), epochs=15)
    assert made.test_accuracy > 0.85
    split, model = digits(1), made.model()
    hits = model(torch.as_tensor(split.test_images)).argmax(1).numpy() == split.test_labels
    assert made.test_accuracy == pytest.approx(hits.mean())


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_rounding_errs_by_half_a_step_at_most(bits):
    values = torch.randn(1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    step = float(values.abs().max()) / (2 ** (bits - 1) - 1)
    rounded = quantisation.rounded(values, bits)
    assert float((rounded - values).abs().max()) <= step / 2 + 1e-12
    assert len(rounded.unique()) <= 2**bits - 1
    assert torch.allclose((rounded / step).round() * step, rounded)


def test_every_row_has_its_own_scale():
    rows = torch.tensor([[0.1, -0.05, 0.0], [8.0, 3.0, -5.0], [0.0, 0.0, 0.0]])
    whole = torch.stack([quantisation.rounded(row, 3) for row in rows])
    torch.testing.assert_close(quantisation.rounded(rows, 3, dim=1), whole)


def test_spikes_survive_rounding():
    spikes = torch.tensor([0.0, 1.0, 1.0, 0.0])
    torch.testing.assert_close(quantisation.rounded(spikes), spikes)
    assert torch.equal(quantisation.rounded(torch.zeros(3)), torch.zeros(3))


@pytest.mark.parametrize(
    "product",
    [
        torch.matmul,
        lambda a, b: a @ b,
        torch.bmm,
        lambda a, b: torch.nn.functional.linear(a, b[0].T),
    ],
)
def test_products_read_rounded_operands(product):
    source = torch.Generator().manual_seed(1)
    left, right = torch.randn(1, 3, 4, generator=source), torch.randn(1, 4, 5, generator=source)
    expected = product(quantisation.rounded(left, 3), quantisation.rounded(right, 3))
    with quantisation.RoundedProducts(3):
        inside = product(left, right)
    torch.testing.assert_close(inside, expected)
    assert not torch.allclose(inside, product(left, right), atol=1e-3)


def test_attention_reads_rounded_operands():
    query, key, value = torch.randn(3, 1, 2, 5, 4, generator=torch.Generator().manual_seed(2))
    expected = scaled_dot_product_attention(
        *(quantisation.rounded(t, 3) for t in (query, key, value))
    )
    with quantisation.RoundedProducts(3):
        torch.testing.assert_close(scaled_dot_product_attention(query, key, value), expected)


def test_one_bit_is_refused():
    with pytest.raises(ValueError, match="bits: got 1"):
        quantisation.RoundedProducts(1)


def test_trained_networks_are_kept_and_rounding_costs_accuracy(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINBOOK_STORE", str(tmp_path))
    settings = {"hidden": (16,), "epochs": 15}
    made = digit_classifiers.trained("perceptron", 0, **settings)
    again = digit_classifiers.trained("perceptron", 0, **settings)
    assert again is not made and again.test_accuracy == made.test_accuracy
    assert len(list(tmp_path.rglob("*.joblib"))) == 1
    assert abs(digit_classifiers.rounded_accuracy(made, 8) - made.test_accuracy) < 0.02
    assert digit_classifiers.rounded_accuracy(made, 2) < made.test_accuracy - 0.05


def test_the_grid_surrounds_the_defaults():
    import inspect

    for family, rates in digit_classifiers.GRID.items():
        trainer = digit_classifiers.TRAINERS[family]
        default = inspect.signature(trainer).parameters["learning_rate"].default
        assert default == sorted(rates)[1], family


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="family: got 'forest'"):
        digit_classifiers.trained("forest", 0)


def test_an_empty_layer_is_refused():
    with pytest.raises(ValueError, match="hidden"):
        perceptron.PerceptronShape((4, 0))
